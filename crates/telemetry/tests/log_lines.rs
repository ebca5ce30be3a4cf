//! The lines in the log for requests, as the process writes them.
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, future::pending, process::Command, time::Duration};

use axum_jaeger_telemetry::{Destination, Settings, server::TraceLayer};
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use tower::{Layer, ServiceExt, service_fn};

type Body = Empty<&'static [u8]>;

/// Set in the process that writes.
const WRITES: &str = "TEST_WRITES_LINES";

#[test]
fn each_request_has_a_line_that_says_what_became_of_it() {
    if std::env::var_os(WRITES).is_some() {
        return write();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "each_request_has_a_line_that_says_what_became_of_it",
        ])
        .env(WRITES, "1")
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let lines = output.lines().filter_map(|line| {
        let (head, line) = line.split_once("] - ")?;
        assert!(
            head.contains(" INFO [axum_jaeger_telemetry::server] ["),
            "{head}"
        );
        assert!(!head.contains("trace_id=0 "), "{head}");
        let (line, duration) = line.split_once("duration_ms=")?;
        assert!(duration.parse::<f64>().is_ok(), "{duration}");
        Some(line.trim_end())
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "within a span that is not traced",
            "GET /ok http.response.status_code=200",
            "POST /test.Service/Method rpc.response.status_code=NOT_FOUND",
            "POST /test.Service/Method rpc.response.status_code=UNKNOWN",
            "GET /never: the client went away error.type=cancelled",
        ]
    );
}

#[tokio::main]
async fn write() {
    let collector = "127.0.0.1:1".to_owned();
    let mut settings = Settings::new("test", Destination::Grpc { collector });
    settings.log_filter = "axum_jaeger_telemetry::server=debug".to_owned();
    let telemetry = axum_jaeger_telemetry::init(&settings).unwrap();
    tracing::info_span!("traced").in_scope(|| {
        let of_the_log = tracing::debug_span!(target: "axum_jaeger_telemetry::server", "logged");
        let _entered = of_the_log.enter();
        tracing::info!(
            target: "axum_jaeger_telemetry::server",
            duration_ms = 0.0,
            "within a span that is not traced"
        );
    });
    let service = TraceLayer::new().layer(service_fn(answer));
    for (path, is_call) in [
        ("/ok", false),
        ("/test.Service/Method", true),
        // Without the status of a call.
        ("/test.Service/Method?none", true),
    ] {
        let response = service.clone().oneshot(request(path, is_call)).await;
        response.unwrap().into_body().collect().await.unwrap();
    }
    let mut answer = Box::pin(service.oneshot(request("/never", false)));
    assert!(futures_util::poll!(&mut answer).is_pending());
    drop(answer);
    telemetry.shutdown(Duration::ZERO).await;
}

fn request(path: &str, is_call: bool) -> Request<Body> {
    let request = Request::builder().uri(path);
    let request = if is_call {
        let request = request.method("POST").version(Version::HTTP_2);
        request.header("content-type", "application/grpc+proto")
    } else {
        request
    };
    request.body(Empty::new()).unwrap()
}

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let response = Response::builder();
    let response = match (request.uri().path(), request.uri().query()) {
        ("/never", _) => pending().await,
        ("/ok", _) | (_, Some(_)) => response,
        _ => response.header("grpc-status", "5"),
    };
    Ok(response.body(Empty::new()).unwrap())
}
