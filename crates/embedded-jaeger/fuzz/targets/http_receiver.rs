//! A post to the receiver of Thrift over HTTP: the first line of the input is the content type, the
//! rest is the body. What was taken is asked for afterwards.
#![no_main]

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use embedded_jaeger::model::Receiver;
use embedded_jaeger_fuzz::{Jaeger, check_protocols_agree, decoded};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let line = input.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = input.split_at(line.unwrap_or(input.len()));
    let body = body.get(1..).unwrap_or_default();
    let request = Request::post("/api/traces").header("content-type", content_type);
    let Ok(request) = request.body(Body::from(body.to_vec())) else {
        return;
    };

    let jaeger = Jaeger::default();
    let response = jaeger.call(jaeger.parts.http(), request);
    let spans = decoded(Receiver::Http, body);
    match response.status() {
        StatusCode::ACCEPTED => {
            let spans = spans.expect("what was taken can be decoded");
            jaeger.check_answers(&spans);
            check_protocols_agree(spans);
        }
        StatusCode::BAD_REQUEST => assert!(!response.body().is_empty()),
        status => panic!("{status}"),
    }
});
