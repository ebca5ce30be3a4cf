#!/usr/bin/env bash
# Package: Rust crate tracing-opentelemetry 0.34.0 (with opentelemetry_sdk 0.33.1).
#
# Behaviour: an unsigned integer in a field of a span becomes a text in the attribute ("200"). A signed
# one, a float and a bool keep their type. So `status = 200_u16` and `status = 200_i32` of two services
# are a string and a number under one key.
#
# One would guess otherwise: `tracing` records u64 by a method of its own, and a u16 or u32 always fits
# OpenTelemetry's signed 64-bit integer. With #[tracing::instrument] the arguments of a function do the
# same. A comparison by number then misses these spans.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/src"
cat > "$tmp/Cargo.toml" <<'TOML'
[package]
name = "finding"
edition = "2021"

[dependencies]
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace", "testing"] }
tracing = { version = "=0.1.44", default-features = false, features = ["std"] }
tracing-opentelemetry = { version = "=0.34.0", default-features = false }
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry", "std"] }
TOML
cat > "$tmp/src/main.rs" <<'RUST'
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt;

fn main() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("finding"))
        .with_location(false).with_threads(false).with_tracked_inactivity(false)
        .with_level(false).with_target(false);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("span", a_u16 = 200_u16, a_u64 = 200_u64, a_usize = 200_usize,
            a_i32 = 200_i32, a_i64 = 200_i64, a_f64 = 0.5, a_bool = true);
    });
    let spans = exporter.get_finished_spans().unwrap();
    for attribute in &spans[0].attributes {
        println!("{} = {:?}", attribute.key, attribute.value);
    }
}
RUST
out=$(cargo run --quiet --manifest-path "$tmp/Cargo.toml")
echo "$out"
diff - <(echo "$out") <<'SEEN'
a_u16 = String(Owned("200"))
a_u64 = String(Owned("200"))
a_usize = String(Owned("200"))
a_i32 = I64(200)
a_i64 = I64(200)
a_f64 = F64(0.5)
a_bool = Bool(true)
SEEN
