//! Asks, and says clearly what the answer was where it is not one that helps.

use reqwest::{RequestBuilder, Response};
use serde::de::DeserializeOwned;

use crate::telemetry::with_causes;

/// The start of a body that is shown where the answer is an error.
const SHOWN: usize = 300;

/// An answer that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer at all.
    #[error("no answer: {}", with_causes(.0))]
    NoAnswer(#[from] reqwest::Error),
    /// An answer that is not a success.
    #[error("status {status}: {body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        body: String,
    },
    /// A body of another form than the API's.
    #[error("an answer of another form: {0}")]
    Form(#[from] serde_json::Error),
}

/// Sends, and takes a success alone.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, FetchError> {
    let response = request.send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    Err(FetchError::Status {
        status: status.as_u16(),
        body: body.chars().take(SHOWN).collect(),
    })
}

/// Gets a JSON document.
pub(super) async fn json_of<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, FetchError> {
    let body = send(request).await?.bytes().await?;
    Ok(serde_json::from_slice(&body)?)
}
