#!/usr/bin/env bash
# Package: Rust crate opentelemetry_sdk 0.33.1, feature jaeger_remote_sampler.
#
# Behaviour: the remote sampler does not understand Jaeger's rate limiting strategy. Jaeger answers
# /sampling with "strategyType":"RATE_LIMITING" (the name in its sampling.proto); the sampler takes
# only "RATELIMITING", refuses the whole answer and stays with its default sampler.
#
# One would guess otherwise: rate limiting is one of the three strategies that the sampler's own
# documentation lists, and the probabilistic one, whose name is a single word, works.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/src"
cat > "$tmp/Cargo.toml" <<'TOML'
[package]
name = "finding"
edition = "2021"

[dependencies]
async-trait = "0.1"
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry-http = { version = "=0.33.1", default-features = false }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["internal-logs", "jaeger_remote_sampler", "rt-tokio"] }
tokio = { version = "1", features = ["net", "rt", "time", "io-util"] }
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["fmt", "std"] }
TOML
cat > "$tmp/src/main.rs" <<'RUST'
use opentelemetry::trace::{SpanKind, TraceId};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::{runtime::Tokio, trace::{Sampler, ShouldSample}};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// An HTTP client just large enough for one GET.
#[derive(Debug)]
struct Client;

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let uri = request.uri();
        let mut stream = TcpStream::connect(uri.authority().ok_or("no authority")?.as_str()).await?;
        let get = format!("GET {uri} HTTP/1.0\r\n\r\n");
        stream.write_all(get.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("no body")?;
        Ok(Response::new(Bytes::from(body.to_owned())))
    }
}

/// Whether the sampler takes a span once it has read `strategy`; its default sampler takes none.
async fn decision(strategy: &str) -> Result<String, Box<dyn std::error::Error>> {
    let jaeger = TcpListener::bind("127.0.0.1:0").await?;
    let sampler = Sampler::jaeger_remote(Tokio, Client, Sampler::AlwaysOff, "service")
        .with_endpoint(format!("http://{}/sampling", jaeger.local_addr()?))
        .with_update_interval(Duration::from_millis(50))
        .build()?;
    // The sampler asks again only after it has dealt with the first answer.
    for _ in 0..2 {
        let (mut stream, _) = jaeger.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await?);
        }
        stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{strategy}").as_bytes()).await?;
    }
    let result = sampler.should_sample(None, TraceId::from(1), "GET /", &SpanKind::Server, &[], &[]);
    Ok(format!("{:?}", result.decision))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().without_time().with_ansi(false).init();
    for strategy in [
        r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#,
        r#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":100}}"#,
        r#"{"strategyType":"RATELIMITING","rateLimitingSampling":{"maxTracesPerSecond":100}}"#,
    ] {
        println!("{strategy}");
        // A runtime of its own, so that the sampler's task ends with it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        println!("  {}", runtime.block_on(decision(strategy))?);
    }
    Ok(())
}
RUST
out=$(cd "$tmp" && CARGO_TARGET_DIR="$tmp/target" cargo run -q -j1 | uniq)
echo "$out"
diff - <(grep -v WARN <<<"$out") <<'SEEN'
{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}
  RecordAndSample
{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":100}}
  Drop
{"strategyType":"RATELIMITING","rateLimitingSampling":{"maxTracesPerSecond":100}}
  RecordAndSample
SEEN
