//! Export of finished spans to Jaeger.
//!
//! ```text
//! on_end ─ encoding ─ queue ─ exporter ─ transport ─ Jaeger
//! ```
//!
//! The SDK hands a finished span to the [`Processor`], which encodes it at once. The span waits in
//! a bounded queue until a batch is full or has waited long enough. A batch is sent as one message
//! until it is accepted or its time is up. [`SpanCounts`] count every span on its way.

// A build without a transport has no `Destination`: the compiler knows that the rest is
// unreachable.
#![cfg_attr(
    not(any(feature = "grpc", feature = "thrift")),
    allow(
        dead_code,
        unreachable_code,
        unused_imports,
        unused_mut,
        unused_variables
    )
)]

mod counts;
mod delivery_log;
mod encoding;
mod exporter;
#[cfg_attr(not(feature = "metrics"), path = "no_metrics.rs")]
mod metrics;
mod processor;
mod queue;
mod transport;

use std::{error::Error, sync::Arc, time::Duration};

use self::{metrics::ExportMetrics, queue::Queue};
use crate::redaction::without_credentials;

pub use counts::{DropReason, SpanCounts};
pub use encoding::EnvelopeError;
pub use processor::Processor;

/// Pause between two attempts to send a message.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// An error of another crate.
type Source = Box<dyn Error + Send + Sync>;

/// The export cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The current thread is not in a Tokio runtime.
    #[error("the export of spans needs a Tokio runtime")]
    NoRuntime {
        /// The error of Tokio.
        source: Source,
    },
    /// The part of a message around its spans cannot be written.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The HTTP client cannot be built.
    #[cfg(feature = "thrift")]
    #[error("the HTTP client cannot be built: {source}")]
    HttpClient {
        /// The error of the client.
        source: Source,
    },
    /// The collector's address is invalid.
    #[cfg(any(feature = "grpc", feature = "thrift"))]
    #[error("the collector's address {address:?} is invalid: {source}")]
    Address {
        /// The address from the settings, without a password.
        address: String,
        /// The error of its parser.
        source: Source,
    },
}

#[cfg(any(feature = "grpc", feature = "thrift"))]
impl BuildError {
    fn address(address: &str, source: impl Into<Source>) -> Self {
        Self::Address {
            address: without_credentials(address).into_owned(),
            source: source.into(),
        }
    }
}

/// A view of a [`Processor`]: the counts of its spans, and the metrics of its export.
#[derive(Clone, Debug)]
pub struct Monitor {
    queue: Arc<Queue>,
    metrics: ExportMetrics,
}

impl Monitor {
    /// The counts of all spans now.
    pub fn span_counts(&self) -> SpanCounts {
        self.queue.counts()
    }

    /// Adds the counts of spans and the metrics of the export to `registry`.
    #[cfg(feature = "metrics")]
    pub(crate) fn register(&self, registry: &mut prometheus_client::registry::Registry) {
        metrics::register(self, registry);
    }
}
