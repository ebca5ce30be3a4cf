//! Transport of the mode `thrift-collector`: HTTP requests to a collector.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{StatusCode, header::CONTENT_TYPE};

use super::{ATTEMPT_TIMEOUT, BuildError, DropReason, SendError};
use crate::{
    env::{self, InvalidValue},
    with_causes,
};

/// Lifetime of an idle connection: longer than the pause between two batches, short enough to
/// follow a name whose address changes.
const IDLE_LIFE: Duration = Duration::from_secs(30);

/// A client of a collector's port for Thrift binary over HTTP.
#[derive(Debug)]
pub(in crate::export) struct Client {
    url: String,
    client: reqwest::Client,
}

impl Client {
    /// `url` is the collector's base URL, or the whole one that ends with `/api/traces`.
    pub(super) fn new(url: &str) -> Result<Self, BuildError> {
        if !env::is_http_url(url) {
            let source = InvalidValue::expected("a URL that begins with http://");
            return Err(BuildError::address(url, source));
        }
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/api/traces").unwrap_or(base);
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Spans go to the collector directly, as with gRPC.
            .no_proxy()
            .pool_idle_timeout(IDLE_LIFE)
            .build()
            .map_err(|source| BuildError::HttpClient {
                source: source.into(),
            })?;
        Ok(Self {
            url: format!("{base}/api/traces"),
            client,
        })
    }

    /// The URL that spans are posted to.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) async fn send(&self, message: Bytes) -> Result<(), SendError> {
        let request = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/vnd.apache.thrift.binary")
            .body(message);
        let answer = request.send().await.map_err(|error| not_sent(&error))?;
        outcome(answer.status())
    }
}

fn not_sent(error: &reqwest::Error) -> SendError {
    let drop_reason = if error.is_timeout() {
        DropReason::Timeout
    } else {
        DropReason::Unreachable
    };
    SendError::transient(drop_reason, with_causes(error))
}

/// A collector answers 429 or 5xx if it is busy, and another 4xx if it cannot read the message.
fn outcome(status: StatusCode) -> Result<(), SendError> {
    let reason = format!("the collector answered with status {status}");
    if status.is_success() {
        Ok(())
    } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        Err(SendError::transient(DropReason::Refused, reason))
    } else {
        Err(SendError::permanent(DropReason::Refused, reason))
    }
}
