//! The context of a trace from headers, and into them.

use std::hint::black_box;

use axum_jaeger_telemetry::propagation::{extract, inject};
use criterion::Criterion;
use http::HeaderMap;

use crate::support::Result;

pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let headers = |name: &'static str, value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("host", http::HeaderValue::from_static("localhost:8000"));
        headers.insert("accept", http::HeaderValue::from_static("*/*"));
        headers.insert(name, http::HeaderValue::from_static(value));
        headers
    };
    let w3c = headers(
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    let jaeger = headers(
        "uber-trace-id",
        "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1",
    );
    let none = headers("user-agent", "curl/8.5.0");
    let mut group = criterion.benchmark_group("propagation");
    for (name, headers) in [
        ("traceparent", &w3c),
        ("uber-trace-id", &jaeger),
        ("none", &none),
    ] {
        group.bench_function(format!("extract, {name}"), |bencher| {
            bencher.iter(|| extract(black_box(headers)));
        });
    }
    let context = extract(&w3c).unwrap_or_default();
    group.bench_function("inject", |bencher| {
        bencher.iter(|| {
            let mut headers = HeaderMap::new();
            inject(black_box(&context), &mut headers);
            headers
        });
    });
    group.finish();
    Ok(())
}
