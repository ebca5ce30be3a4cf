//! Answers to the page's scripts, in the form of the query API: `data`, or `errors` with a message.

use axum::{
    Json,
    http::{HeaderName, StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

/// Answers are out of date soon, and never to be stored by a proxy.
pub(crate) const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

#[derive(Serialize)]
struct Answer<T> {
    data: T,
}

/// The answer with this data.
pub(super) fn data(data: impl Serialize) -> Response {
    (NO_STORE, Json(Answer { data })).into_response()
}

/// The JSON of an answer with this data.
pub(crate) fn json(data: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(&Answer { data }).unwrap_or_default()
}

/// The answer with this error.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    let error = json!({ "code": status.as_u16(), "msg": message });
    let json = Json(json!({ "data": null, "errors": [error] }));
    (status, NO_STORE, json).into_response()
}
