//! A saved trace in OTLP's JSON, posted to be transformed.
#![no_main]

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use embedded_jaeger_fuzz::Jaeger;
use serde_json::Value;

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let request = Request::post("/api/transform").body(Body::from(body.to_vec()));
    let jaeger = Jaeger::default();
    let response = jaeger.call(jaeger.parts.query(), request.unwrap());
    let json: Value = serde_json::from_slice(response.body()).expect("the answer is JSON");
    match response.status() {
        StatusCode::OK => assert!(json["data"].is_array(), "{json}"),
        StatusCode::INTERNAL_SERVER_ERROR => {
            let message = json["errors"][0]["msg"].as_str().unwrap_or_default();
            assert!(message.starts_with("cannot unmarshal OTLP : "), "{json}");
        }
        status => panic!("{status} {json}"),
    }
});
