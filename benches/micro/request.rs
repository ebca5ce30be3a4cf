//! The log line, and a request through the router with its span and line.

use std::{
    fs::File,
    io::{Write, stdout},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, middleware::from_fn, routing::get};
use axum_jaeger_telemetry::{self as telemetry, Destination, Settings, server};
use criterion::Criterion;
use http::Request;
use nix::unistd::{dup, dup2_stdout};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::support::{Result, receiver::Receivers};

pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    let _entered = runtime.enter();
    let receivers = Receivers::start()?;
    let agent = Destination::ThriftAgent {
        host: receivers.agent.ip().to_string(),
        port: receivers.agent.port(),
    };
    let settings = Settings::new("bench", agent);
    let telemetry = telemetry::init(&settings)?;
    let app = || Router::new().route("/items/{item_id}", get(async || "ok"));
    let traced = app().layer(from_fn(server::trace));
    let untraced = app();
    let answer = |app: &Router| {
        let request = Request::get("/items/5?q=x")
            .header("host", "localhost:8000")
            .header("user-agent", "curl/8.5.0")
            .body(Body::empty());
        runtime.block_on(app.clone().oneshot(request.unwrap_or_default()))
    };

    let mut group = criterion.benchmark_group("request");
    group.bench_function("log line", |bencher| {
        let span = tracing::info_span!(target: "axum_jaeger::bench", "span");
        let _entered = span.enter();
        bencher.iter_custom(|times| to_nowhere(times, || tracing::info!(count = 5, "a line")));
    });
    group.bench_function("router alone", |bencher| bencher.iter(|| answer(&untraced)));
    group.bench_function("router, span and line", |bencher| {
        bencher.iter_custom(|times| to_nowhere(times, || answer(&traced)));
    });
    group.finish();
    runtime.block_on(telemetry.shutdown(Duration::from_secs(5)));
    Ok(())
}

/// Runs `step` so often, with standard output going nowhere: it is the log's, and criterion's too.
fn to_nowhere<T>(times: u64, step: impl Fn() -> T) -> Duration {
    let run = || -> Result<Duration> {
        stdout().flush()?;
        let kept = dup(stdout())?;
        dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        let since = Instant::now();
        for _ in 0..times {
            step();
        }
        let time = since.elapsed();
        stdout().flush()?;
        dup2_stdout(kept)?;
        Ok(time)
    };
    run().unwrap_or_else(|error| {
        eprintln!("standard output: {error}");
        std::process::exit(1)
    })
}
