//! Transports: how a message gets to Jaeger.

#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "thrift")]
mod thrift_http;
#[cfg(feature = "thrift")]
mod thrift_udp;

use std::{fmt, time::Duration};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{BuildError, counts::DropReason, encoding::Encoding};
use crate::Destination;
#[cfg(feature = "thrift")]
use crate::redaction;

/// Limit of one attempt to send a message; `OTEL_BSP_EXPORT_TIMEOUT` may be less.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client of one destination.
#[derive(Debug)]
pub(super) enum Transport {
    #[cfg(feature = "grpc")]
    Grpc(grpc::Client),
    #[cfg(feature = "thrift")]
    ThriftHttp(thrift_http::Client),
    #[cfg(feature = "thrift")]
    ThriftUdp(Box<thrift_udp::Client>),
}

impl Transport {
    /// Returns a client of `destination`, and the destination's name for the log. Nothing is
    /// connected yet.
    #[cfg_attr(not(feature = "thrift"), allow(unused_variables))] // the last two are for UDP
    pub(super) fn new(
        destination: &Destination,
        encoding: &Encoding,
        closing: &CancellationToken,
    ) -> Result<(Self, String), BuildError> {
        Ok(match *destination {
            #[cfg(feature = "grpc")]
            Destination::Grpc { ref collector } => {
                let client = grpc::Client::new(collector)?;
                let name = format!("the collector at {collector} (gRPC)");
                (Self::Grpc(client), name)
            }
            #[cfg(feature = "thrift")]
            Destination::ThriftCollector { ref url } => {
                let client = thrift_http::Client::new(url)?;
                let url = redaction::without_credentials(client.url());
                let name = format!("the collector at {url} (Thrift)");
                (Self::ThriftHttp(client), name)
            }
            #[cfg(feature = "thrift")]
            Destination::ThriftAgent { ref host, port } => {
                let probe = encoding.message(0, &[]);
                let client = thrift_udp::Client::new(host, port, probe, closing.clone());
                let name = format!("the agent at {host}:{port} (UDP)");
                (Self::ThriftUdp(Box::new(client)), name)
            }
        })
    }

    /// Sends a message, and waits until it is accepted or refused.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), SendError> {
        match *self {
            #[cfg(feature = "grpc")]
            Self::Grpc(ref client) => client.send(message).await,
            #[cfg(feature = "thrift")]
            Self::ThriftHttp(ref client) => client.send(message).await,
            #[cfg(feature = "thrift")]
            Self::ThriftUdp(ref client) => client.send(&message).await,
        }
    }
}

/// A message was not delivered.
#[derive(Clone, Debug)]
pub(super) struct SendError {
    pub(super) message: String,
    /// The drop reason to record if no retry follows.
    pub(super) drop_reason: DropReason,
    /// A retry may succeed.
    pub(super) transient: bool,
    /// Nothing was sent, since the destination was unreachable a moment ago.
    pub(super) skipped: bool,
}

impl SendError {
    pub(super) fn transient(drop_reason: DropReason, message: impl fmt::Display) -> Self {
        Self {
            message: message.to_string(),
            drop_reason,
            transient: true,
            skipped: false,
        }
    }

    fn permanent(drop_reason: DropReason, message: impl fmt::Display) -> Self {
        Self {
            transient: false,
            ..Self::transient(drop_reason, message)
        }
    }

    #[cfg(feature = "thrift")]
    fn skipped(self) -> Self {
        Self {
            skipped: true,
            ..self
        }
    }
}
