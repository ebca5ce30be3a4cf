//! A `PostSpansRequest` of api_v2. What was taken is asked for afterwards, and held against what the generated decoder reads.
#![no_main]

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum_jaeger::api_v2::PostSpansRequest;
use axum_jaeger::jaeger::model::{Receiver, Span};
use axum_jaeger_fuzz::{Jaeger, RUNTIME, decoded};
use prost::Message;

libfuzzer_sys::fuzz_target!(|message: &[u8]| {
    // gRPC's frame: not compressed, the length, the message.
    let length = (message.len() as u32).to_be_bytes();
    let frame = [&[0], &length[..], message].concat();
    let request = Request::post("/jaeger.api_v2.CollectorService/PostSpans")
        .header("content-type", "application/grpc")
        .body(Body::from(frame));

    let jaeger = Jaeger::default();
    let response = jaeger.call(RUNTIME.block_on(jaeger.parts.grpc()), request.unwrap());
    assert_eq!(response.status(), StatusCode::OK);
    let generated = PostSpansRequest::decode(message).ok();
    // An answer with spans taken has its status in the trailers, which are not kept here.
    match response
        .headers()
        .get("grpc-status")
        .map(|code| code.as_bytes())
    {
        None => {}
        // INVALID_ARGUMENT is ours, INTERNAL is tonic's for what is broken outside of the batch.
        Some(b"3" | b"13") => return,
        other => panic!("{other:?}"),
    }
    let Some(generated) = generated else { return };
    let batch = generated.batch.unwrap_or_default();
    let spans = decoded(Receiver::Grpc, &batch.encode_to_vec()).unwrap();
    check_same(&batch.spans, &spans);
    jaeger.check_answers(&spans);
});

fn check_same(generated: &[axum_jaeger::api_v2::Span], ours: &[Span]) {
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
