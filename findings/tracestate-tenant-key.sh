#!/usr/bin/env bash
# Packages: Rust crates opentelemetry 0.33.1 and opentelemetry_sdk 0.33.1.
#
# Behaviour: TraceState refuses a multi-tenant key (tenant@system) whose system id has 14
# characters; 13 are accepted. TraceContextPropagator then drops the whole tracestate, the entries
# of other vendors too, and logs nothing. The traceparent beside it is still read.
#
# One would guess otherwise: W3C Trace Context Level 1 (3.3.1.3.1) allows 14 characters,
# system-id = lcalpha 0*13( ... ): one, and up to 13 more. Level 2 limits only the whole key, to 256
# characters. And one would expect that a refused entry costs that entry, not its neighbours.
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
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace"] }
TOML
cat > "$tmp/src/main.rs" <<'RUST'
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::{collections::HashMap, str::FromStr};

fn main() {
    for system in ["thirteen-char", "fourteen-chars"] {
        let tracestate = format!("other=1,tenant@{system}=2");
        println!("{tracestate} (system id of {} characters)", system.len());
        println!("  from_str: {:?}", TraceState::from_str(&tracestate).map(|state| state.header()));
        let headers = HashMap::from([
            ("traceparent".to_string(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_string()),
            ("tracestate".to_string(), tracestate),
        ]);
        let context = TraceContextPropagator::new().extract(&headers);
        let span = context.span();
        let caller = span.span_context();
        println!("  extracted: trace {}, tracestate {:?}", caller.trace_id(), caller.trace_state().header());
    }
}
RUST
out=$(cd "$tmp" && CARGO_TARGET_DIR="$tmp/target" cargo run -q -j1)
echo "$out"
diff - <(echo "$out") <<'SEEN'
other=1,tenant@thirteen-char=2 (system id of 13 characters)
  from_str: Ok("other=1,tenant@thirteen-char=2")
  extracted: trace 0af7651916cd43dd8448eb211c80319c, tracestate "other=1,tenant@thirteen-char=2"
other=1,tenant@fourteen-chars=2 (system id of 14 characters)
  from_str: Err(Key("tenant@fourteen-chars"))
  extracted: trace 0af7651916cd43dd8448eb211c80319c, tracestate ""
SEEN
