//! What Jaeger answers when it has no storage for archived traces and none for metrics, as its own storage in memory has not.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

use super::{PathText, error};
use crate::jaeger::go;

/// `POST /api/archive/{trace_id}`.
pub(super) async fn archive(id: PathText) -> Response {
    let id = id.map_err(|why| why.body_text());
    match id.and_then(|Path(id)| go::parse_trace_id(&id)) {
        Ok(_) => {
            let message = "archive span storage was not configured";
            error(StatusCode::INTERNAL_SERVER_ERROR, message)
        }
        Err(message) => error(StatusCode::BAD_REQUEST, message),
    }
}

/// `GET /api/metrics/…`. By this status and this text Jaeger's UI knows that there are none and shows how they would be turned on.
pub(super) async fn metrics() -> Response {
    let message = "metrics querying is currently disabled";
    error(StatusCode::NOT_IMPLEMENTED, message)
}
