//! Answers to the page's scripts, in the form of the query API: `data`, or `errors` with a message.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

#[derive(Serialize)]
struct Answer<T> {
    data: T,
}

pub(super) fn data(data: impl Serialize) -> Response {
    Json(Answer { data }).into_response()
}

pub(super) fn error(status: StatusCode, message: &str) -> Response {
    let error = json!({ "code": status.as_u16(), "msg": message });
    (status, Json(json!({ "data": null, "errors": [error] }))).into_response()
}
