//! The path `thrift-collector`: HTTP requests to the collector.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{StatusCode, header::CONTENT_TYPE};

use super::{ATTEMPT_TIMEOUT, BuildError, Loss, SendError};
use crate::with_causes;

/// How long a connection is kept: longer than a pause between two batches; short enough to follow a
/// name that moves.
const IDLE_LIFE: Duration = Duration::from_secs(30);

/// A Jaeger collector's port for Thrift binary over HTTP.
#[derive(Debug)]
pub(super) struct Collector {
    url: String,
    client: reqwest::Client,
}

impl Collector {
    pub(super) fn new(url: &str) -> Result<Self, BuildError> {
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/api/traces").unwrap_or(base);
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Spans go to the collector and to nobody else; gRPC asks no proxy either.
            .no_proxy()
            .pool_idle_timeout(IDLE_LIFE)
            .build()?;
        Ok(Self {
            url: format!("{base}/api/traces"),
            client,
        })
    }

    /// Where spans are posted to.
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
        refused(answer.status())
    }
}

fn not_sent(error: &reqwest::Error) -> SendError {
    let loss = if error.is_timeout() {
        Loss::Timeout
    } else {
        Loss::Unreachable
    };
    SendError::transient(loss, with_causes(error))
}

/// A busy collector answers 429 or 5xx, one that cannot read the message 4xx.
fn refused(status: StatusCode) -> Result<(), SendError> {
    let reason = format!("the collector answered with status {status}");
    if status.is_success() {
        Ok(())
    } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        Err(SendError::transient(Loss::Refused, reason))
    } else {
        Err(SendError::permanent(Loss::Refused, reason))
    }
}
