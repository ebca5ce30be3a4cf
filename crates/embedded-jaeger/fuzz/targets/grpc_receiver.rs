//! A `PostSpansRequest` of api_v2, as it is and as if it were gzipped. What was taken is asked for
//! afterwards, and held against what the generated decoder reads.
#![no_main]

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use embedded_jaeger::model::{Receiver, Span};
use embedded_jaeger_fuzz::{Jaeger, RUNTIME, decoded};
use jaeger_api_v2::PostSpansRequest;
use prost::Message;

libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    let jaeger = Jaeger::default();
    // As if it were compressed. RESOURCE_EXHAUSTED is of what would be too large.
    let status = post(&jaeger, 1, message);
    assert!(matches!(status, None | Some(3 | 8 | 13)), "{status:?}");

    let jaeger = Jaeger::default();
    match post(&jaeger, 0, message) {
        None => {}
        // INVALID_ARGUMENT is ours, INTERNAL is tonic's for what is broken outside of the batch.
        Some(3 | 13) => return,
        other => panic!("{other:?}"),
    }
    let generated = PostSpansRequest::decode(message).ok();
    let Some(generated) = generated else { return };
    let batch = generated.batch.unwrap_or_default();
    let spans = decoded(Receiver::Grpc, &batch.encode_to_vec()).unwrap();
    check_same(&batch.spans, &spans);
    jaeger.check_answers(&spans);
});

/// The answer's status. That of an answer with spans taken is in the trailers, which are not kept
/// here.
fn post(jaeger: &Jaeger, compressed: u8, message: &[u8]) -> Option<u8> {
    // gRPC's frame: whether it is compressed, the length, the message.
    let length = (message.len() as u32).to_be_bytes();
    let frame = [&[compressed], &length[..], message].concat();
    let request = Request::post("/jaeger.api_v2.CollectorService/PostSpans")
        .header("content-type", "application/grpc")
        .header("grpc-encoding", "gzip")
        .body(Body::from(frame));
    let router = RUNTIME.block_on(jaeger.parts.grpc());
    let response = jaeger.call(router, request.unwrap());
    assert_eq!(response.status(), StatusCode::OK);
    let status = response.headers().get("grpc-status")?;
    status.to_str().ok()?.parse().ok()
}

fn check_same(generated: &[jaeger_api_v2::Span], ours: &[Span]) {
    assert_eq!(generated.len(), ours.len());
    for (generated, ours) in generated.iter().zip(ours) {
        assert_eq!(generated.operation_name, *ours.operation);
        assert_eq!(generated.flags, ours.flags);
        assert_eq!(generated.references.len(), ours.references.len());
        assert_eq!(generated.tags.len(), ours.tags.len());
        assert_eq!(generated.logs.len(), ours.logs.len());
        assert_eq!(generated.warnings.len(), ours.warnings.len());
    }
}
