//! Thrift over HTTP, as to a Jaeger collector: `POST /api/traces` with a `Batch` in the binary
//! protocol.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    http::{
        Request, StatusCode, Uri,
        header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::time::timeout;
use tower::limit::GlobalConcurrencyLimitLayer;

use super::{MAX_MESSAGE, Reason, SpanSink, decode, foreign};
use crate::server::{MAX_REQUESTS, REQUEST_TIME};

/// The receiver's routes. Statuses, and the beginnings of texts, are those of Jaeger's collector,
/// except for a body that is too large or too slow: the collector has no limit for it.
pub(crate) fn router(sink: Arc<SpanSink>) -> Router {
    let limit = GlobalConcurrencyLimitLayer::new(MAX_REQUESTS);
    Router::new()
        .route("/api/traces", post(traces).layer(limit))
        .method_not_allowed_fallback(other_method)
        .fallback(other_path)
        .with_state(sink)
}

/// The answer to a refused request, and the reason to count.
type Refusal = (StatusCode, Reason, String);

async fn traces(State(sink): State<Arc<SpanSink>>, request: Request<Body>) -> Response {
    let too_slow = |_| {
        let why = "the request took too long to arrive".into();
        Err((StatusCode::REQUEST_TIMEOUT, Reason::Malformed, why))
    };
    let received = timeout(REQUEST_TIME, receive(&sink, request)).await;
    match received.unwrap_or_else(too_slow) {
        Ok(()) => {
            sink.counters.done();
            StatusCode::ACCEPTED.into_response()
        }
        Err(refusal) => refuse(&sink, refusal),
    }
}

async fn other_method(State(sink): State<Arc<SpanSink>>) -> Response {
    let why = "only POST is allowed".into();
    let refusal = (StatusCode::METHOD_NOT_ALLOWED, Reason::Unsupported, why);
    refuse(&sink, refusal)
}

async fn other_path(State(sink): State<Arc<SpanSink>>, uri: Uri) -> Response {
    let why = foreign::path(uri.path());
    refuse(&sink, (StatusCode::NOT_FOUND, Reason::Unsupported, why))
}

fn refuse(sink: &SpanSink, (status, reason, why): Refusal) -> Response {
    sink.refuse(reason, &why);
    sink.counters.done();
    let text = format!("{why}; {}\n", foreign::taken(sink.receiver));
    (status, text).into_response()
}

async fn receive(sink: &SpanSink, request: Request<Body>) -> Result<(), Refusal> {
    let (head, body) = request.into_parts();
    let malformed = |status, error: &dyn std::fmt::Display| {
        let why = format!("Unable to process request body: {error}");
        (status, Reason::Malformed, why)
    };
    let body = to_bytes(body, MAX_MESSAGE)
        .await
        .map_err(|error| malformed(StatusCode::PAYLOAD_TOO_LARGE, &error))?;
    check_type(&head.headers).map_err(|why| (StatusCode::BAD_REQUEST, Reason::Unsupported, why))?;
    let spans =
        decode(sink.receiver, &body).map_err(|error| malformed(StatusCode::BAD_REQUEST, &error))?;
    sink.accept(spans);
    Ok(())
}

/// Accepts one of the two names of the binary protocol, with or without parameters, without
/// compression.
fn check_type(headers: &HeaderMap) -> Result<(), String> {
    let value = |name| headers.get(name).map(|value| value.to_str());
    let Some(Ok(content_type)) = value(CONTENT_TYPE) else {
        return Err("Cannot parse content type: mime: no media type".into());
    };
    let name = content_type.split(';').next().unwrap_or_default().trim();
    match name.to_ascii_lowercase().as_str() {
        "application/x-thrift" | "application/vnd.apache.thrift.binary" => {}
        other => {
            return Err(format!(
                "Unsupported content type: {}",
                foreign::short(other)
            ));
        }
    }
    match value(CONTENT_ENCODING) {
        None | Some(Ok("identity")) => Ok(()),
        // Jaeger parses the compressed bytes as Thrift, and refuses them for that.
        Some(Ok(other)) => Err(format!(
            "Unsupported content encoding: {}",
            foreign::short(other)
        )),
        Some(Err(_)) => Err("Unsupported content encoding".into()),
    }
}
