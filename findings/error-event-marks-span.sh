#!/usr/bin/env bash
# Package: Rust crate tracing-opentelemetry 0.34.0 (with opentelemetry_sdk 0.33.1).
#
# Behaviour: with_error_events_to_status(false) does not keep error events from the span's status.
# An event at ERROR level marks its span as failed with the option on or off. The option decides
# about something else: events of any level, INFO too, that have a field `error` and no message.
#
# One would guess otherwise: by its name the option turns off that an error event sets the status. So
# a server whose handler logs an error and still answers 200 shows a failed request in its traces.
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

fn status(option: bool, log: fn()) -> String {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("finding"))
        .with_error_events_to_status(option);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || tracing::info_span!("request").in_scope(log));
    let spans = exporter.get_finished_spans().expect("the exporter is open");
    format!("{:?}", spans[0].status)
}

fn main() {
    let events: [(&str, fn()); 3] = [
        ("error!(\"no cache\")", || tracing::error!("no cache")),
        ("info!(error = \"no cache\")", || tracing::info!(error = "no cache")),
        ("info!(error = \"no cache\", \"retry\")", || tracing::info!(error = "no cache", "retry")),
    ];
    for (name, log) in events {
        for option in [true, false] {
            println!("{name}, with_error_events_to_status({option}): {}", status(option, log));
        }
    }
}
RUST
out=$(cd "$tmp" && CARGO_TARGET_DIR="$tmp/target" cargo run -q -j1)
echo "$out"
diff - <(echo "$out") <<'SEEN'
error!("no cache"), with_error_events_to_status(true): Error { description: "" }
error!("no cache"), with_error_events_to_status(false): Error { description: "" }
info!(error = "no cache"), with_error_events_to_status(true): Error { description: "\"no cache\"" }
info!(error = "no cache"), with_error_events_to_status(false): Unset
info!(error = "no cache", "retry"), with_error_events_to_status(true): Unset
info!(error = "no cache", "retry"), with_error_events_to_status(false): Unset
SEEN
