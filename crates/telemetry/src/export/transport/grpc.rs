//! Transport of the mode `grpc`: api_v2 PostSpans to a collector.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{ATTEMPT_TIMEOUT, BuildError, DropReason, SendError};
use crate::env::{self, InvalidValue};

/// The method (jaeger-idl, `api_v2/collector.proto`).
const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";

/// `PostSpansRequest`, whose batch is encoded already: a field of bytes is the same on the wire.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansRequest {
    #[prost(bytes = "bytes", tag = "1")]
    batch: Bytes,
}

/// `PostSpansResponse`, which has no fields.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansResponse {}

/// A connection without an answer to a ping within this time is replaced.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A client of a collector's gRPC port.
#[derive(Debug)]
pub(in crate::export) struct Client {
    client: Grpc<Channel>,
}

impl Client {
    /// `address` is `host:port`. Connects when a message is to be sent, and again when the
    /// connection is lost, each time to a newly resolved address.
    pub(super) fn new(address: &str) -> Result<Self, BuildError> {
        if !env::is_host_and_port(address) {
            return Err(BuildError::address(
                address,
                InvalidValue::expected("host:port"),
            ));
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}"))
            .map_err(|error| BuildError::address(address, error))?;
        let channel = endpoint
            .connect_timeout(ATTEMPT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .http2_keep_alive_interval(ATTEMPT_TIMEOUT)
            .connect_lazy();
        Ok(Self {
            client: Grpc::new(channel),
        })
    }

    pub(super) async fn send(&self, batch: Bytes) -> Result<(), SendError> {
        match self.post_spans(PostSpansRequest { batch }).await {
            Ok(PostSpansResponse {}) => Ok(()),
            Err(status) if is_transient(status.code()) => Err(SendError::transient(
                drop_reason(&status),
                describe(&status),
            )),
            Err(status) => Err(SendError::permanent(
                drop_reason(&status),
                describe(&status),
            )),
        }
    }

    async fn post_spans(&self, request: PostSpansRequest) -> Result<PostSpansResponse, Status> {
        let mut client = self.client.clone();
        client
            .ready()
            .await
            .map_err(|error| Status::from_error(error.into()))?;
        let method = PathAndQuery::from_static(POST_SPANS);
        let response = client.unary(Request::new(request), method, ProstCodec::default());
        Ok(response.await?.into_inner())
    }
}

/// A status sent by the collector has no `source()`; a transport error has.
fn drop_reason(status: &Status) -> DropReason {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => DropReason::Timeout,
        _ if status.source().is_some() => DropReason::Unreachable,
        _ => DropReason::Refused,
    }
}

/// Returns true if a retry may succeed. RESOURCE_EXHAUSTED is the full queue of a collector.
fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Aborted
            | Code::Unknown
    )
}

/// The code, the message and the root cause, such as "connection refused". The text of tonic
/// repeats every cause in between.
fn describe(status: &Status) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    let mut cause = status.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    if let Some(cause) = cause {
        text = format!("{text}: {cause}");
    }
    text
}
