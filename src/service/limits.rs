//! The limits of a request: no endpoint reads a body, and none needs longer than half a minute.
//!
//! The layers of tower-http would answer with a status alone or with text; the service answers with
//! JSON.

use std::time::Duration;

use axum::{
    body::HttpBody,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::Error;

/// The largest body, in bytes, that a client may announce. One that is not announced is not read.
const MAX_BODY: u64 = 64 * 1024;

/// The longest time for a request: more than `/chain` needs when both targets are as slow as they
/// may be.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Answers with 413 if the body is too large and with 503 if the request takes too long, and then
/// drops its work.
pub(super) async fn limit(request: Request, next: Next) -> Response {
    if request.body().size_hint().lower() > MAX_BODY {
        return Error::BodyTooLarge { limit: MAX_BODY }.into_response();
    }
    match tokio::time::timeout(MAX_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let seconds = MAX_TIME.as_secs();
            Error::RequestTimeout { seconds }.into_response()
        }
    }
}
