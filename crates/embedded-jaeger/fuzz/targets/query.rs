//! A path of the query API with its parameters, asked of a Jaeger that has real traces.
#![no_main]

use std::sync::LazyLock;

use axum::http::Uri;
use embedded_jaeger::model::Receiver;
use embedded_jaeger_fuzz::{Jaeger, decoded};

static JAEGER: LazyLock<Jaeger> = LazyLock::new(|| {
    let jaeger = Jaeger::default();
    for message in [
        include_bytes!("../seeds/thrift_compact/serve").as_slice(),
        include_bytes!("../seeds/thrift_compact/opentelemetry-python"),
    ] {
        let spans = decoded(Receiver::UdpCompact, message);
        jaeger.parts.store(spans.expect("a real message"));
    }
    jaeger
});

libfuzzer_sys::fuzz_target!(|path: &str| {
    // What is no path the server refuses before the API sees it.
    if path.starts_with('/') && path.parse::<Uri>().is_ok() {
        JAEGER.query(path);
    }
});
