//! What a request may take: no endpoint reads a body, and none needs longer than half a minute.

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

/// More than `/chain` needs when both targets are as slow as they may be.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Answers 413 for a body that is too large and 503 for a request that takes too long, whose work
/// ends there.
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
