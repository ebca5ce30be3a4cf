//! The path `grpc`: api_v2 PostSpans to the collector.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http::uri::PathAndQuery;
use tonic::{
    Code, Request, Status,
    client::Grpc,
    transport::{Channel, Endpoint},
};
use tonic_prost::ProstCodec;

use super::{ATTEMPT_TIMEOUT, BuildError, Loss, SendError};

/// The method (jaeger-idl, `api_v2/collector.proto`).
const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";

/// `PostSpansRequest` with its batch as bytes, which is the same on the wire: it is encoded
/// already.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansRequest {
    #[prost(bytes = "bytes", tag = "1")]
    batch: Bytes,
}

/// It has no fields.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansResponse {}

/// A connection that does not answer a ping within this time is closed and made anew.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// A collector's gRPC port.
#[derive(Debug)]
pub(super) struct Collector {
    client: Grpc<Channel>,
}

impl Collector {
    /// `address` is `host:port`. Connects when there is something to send, and again, with a fresh
    /// look-up of the name, when the connection is lost.
    pub(super) fn new(address: &str) -> Result<Self, BuildError> {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|source| {
            BuildError::Address {
                address: address.to_owned(),
                source,
            }
        })?;
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
            Err(status) if is_transient(status.code()) => {
                Err(SendError::transient(loss(&status), describe(&status)))
            }
            Err(status) => Err(SendError::permanent(loss(&status), describe(&status))),
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

/// What comes from the collector itself has no cause on this side.
fn loss(status: &Status) -> Loss {
    match status.code() {
        Code::DeadlineExceeded | Code::Cancelled => Loss::Timeout,
        _ if status.source().is_some() => Loss::Unreachable,
        _ => Loss::Refused,
    }
}

/// Whether the same message may be taken later. The collector's full queue is RESOURCE_EXHAUSTED.
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

/// The code, the message and the cause at the bottom, such as "connection refused"; tonic's own
/// text repeats all that lies between.
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
