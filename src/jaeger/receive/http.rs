//! Thrift over HTTP, as to a Jaeger collector: `POST /api/traces` with a `Batch` in the binary protocol.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use super::{Inbox, MAX_MESSAGE, Reason, decode};
use crate::jaeger::server::{Limit, limit};

/// The receiver's routes. Statuses and texts are those of Jaeger's collector, but for a body that is too large or too slow, on which it
/// sets no limit.
pub(in crate::jaeger) fn router(inbox: Arc<Inbox>) -> Router {
    let too_slow = || StatusCode::REQUEST_TIMEOUT.into_response();
    Router::new()
        .route("/api/traces", post(traces))
        .layer(axum::middleware::from_fn_with_state(
            Limit::new(too_slow),
            limit,
        ))
        .with_state(inbox)
}

async fn traces(State(inbox): State<Arc<Inbox>>, request: Request<Body>) -> Response {
    let response = match receive(&inbox, request).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err((status, text)) => {
            inbox.refuse(Reason::Malformed, &text);
            (status, text + "\n").into_response()
        }
    };
    inbox.counters.done();
    response
}

async fn receive(inbox: &Inbox, request: Request<Body>) -> Result<(), (StatusCode, String)> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_MESSAGE).await.map_err(|error| {
        let status = StatusCode::PAYLOAD_TOO_LARGE;
        (status, format!("Unable to process request body: {error}"))
    })?;
    let bad_request = |text| (StatusCode::BAD_REQUEST, text);
    check_content_type(&head.headers).map_err(bad_request)?;
    let spans = decode(inbox.receiver, &body)
        .map_err(|error| bad_request(format!("Unable to process request body: {error}")))?;
    inbox.accept(spans);
    Ok(())
}

/// One of the two names of the binary protocol, with or without parameters.
fn check_content_type(headers: &HeaderMap) -> Result<(), String> {
    let value = headers.get(CONTENT_TYPE).map(|value| value.to_str());
    let Some(Ok(value)) = value else {
        return Err("Cannot parse content type: mime: no media type".into());
    };
    let name = value.split(';').next().unwrap_or_default().trim();
    match name.to_ascii_lowercase().as_str() {
        "application/x-thrift" | "application/vnd.apache.thrift.binary" => Ok(()),
        other => Err(format!("Unsupported content type: {other}")),
    }
}
