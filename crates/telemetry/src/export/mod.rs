//! The way of a finished span to Jaeger.
//!
//! The SDK hands it to a [`Processor`], which encodes it at once (`encoding`). It waits in a
//! bounded queue (`queue`) until a batch is full or its time has come. The batch is sent as one
//! message by one of the three paths (`thrift_agent`, `thrift_collector`, `grpc`) until it is taken
//! or its time is up. What became of each span is in the [`Account`].

mod account;
mod encoding;
mod grpc;
mod outage;
mod processor;
pub(super) mod queue;
mod thrift_agent;
mod thrift_collector;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::{
    encoding::Encoding,
    outage::Outage,
    queue::{Batch, Flight, Queue},
};
use super::{Destination, metrics::spans::Exports, redaction::without_credentials};

pub use account::{Account, Loss};
pub use encoding::EnvelopeError;
pub use processor::Processor;

/// How long one attempt to send a message may take; `OTEL_BSP_EXPORT_TIMEOUT` may be less.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before a message is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// How many messages may be on their way at once: a collector's answer takes its time, and so does
/// a refusal of a datagram.
const CONCURRENCY: usize = 16;

/// The exporter cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// What is said of the process cannot be written.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The HTTP client cannot be made.
    #[error("the HTTP client: {0}")]
    HttpClient(#[from] reqwest::Error),
    /// The collector's address is not one.
    #[error("the collector's address {address:?}: {source}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
}

/// A message was not taken.
#[derive(Clone, Debug)]
struct SendError {
    reason: String,
    /// What the spans are lost by, when this was the last attempt.
    loss: Loss,
    /// Whether the same message may be taken later.
    transient: bool,
    /// Whether it was not even tried, since the way was found closed just now.
    untried: bool,
}

impl SendError {
    fn transient(loss: Loss, reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            loss,
            transient: true,
            untried: false,
        }
    }

    fn permanent(loss: Loss, reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            loss,
            transient: false,
            untried: false,
        }
    }

    fn untried(self) -> Self {
        Self {
            untried: true,
            ..self
        }
    }
}

/// The three ways to Jaeger.
#[derive(Debug)]
enum Path {
    Grpc(grpc::Collector),
    ThriftCollector(thrift_collector::Collector),
    ThriftAgent(thrift_agent::Agent),
}

impl Path {
    async fn send(&self, message: Bytes) -> Result<(), SendError> {
        match self {
            Self::Grpc(path) => path.send(message).await,
            Self::ThriftCollector(path) => path.send(message).await,
            Self::ThriftAgent(path) => path.send(&message).await,
        }
    }
}

/// Delivers batches to one destination.
#[derive(Debug)]
struct Exporter {
    path: Path,
    encoding: Arc<Encoding>,
    /// A batch is tried for so long, and then dropped.
    timeout: Duration,
    queue: Arc<Queue>,
    exports: Exports,
    outage: Outage,
    closing: CancellationToken,
}

impl Exporter {
    /// Once `closing` is cancelled, nothing is tried again.
    fn new(
        destination: &Destination,
        encoding: Arc<Encoding>,
        timeout: Duration,
        queue: Arc<Queue>,
        exports: Exports,
        closing: CancellationToken,
    ) -> Result<Self, BuildError> {
        let (path, name) = match destination {
            Destination::Grpc { collector } => (
                Path::Grpc(grpc::Collector::new(collector)?),
                format!("the collector at {collector} (gRPC)"),
            ),
            Destination::ThriftCollector { url } => {
                let collector = thrift_collector::Collector::new(url)?;
                let name = format!(
                    "the collector at {} (Thrift)",
                    without_credentials(collector.url())
                );
                (Path::ThriftCollector(collector), name)
            }
            Destination::ThriftAgent { host, port } => (
                Path::ThriftAgent(thrift_agent::Agent::new(
                    host,
                    *port,
                    encoding.message(0, &[]),
                    closing.clone(),
                )),
                format!("the agent at {host}:{port} (UDP)"),
            ),
        };
        Ok(Self {
            path,
            encoding,
            timeout,
            queue,
            exports,
            outage: Outage::new(name),
            closing,
        })
    }

    /// Sends a batch, and tells the account what became of its spans.
    async fn deliver(&self, Batch { spans, mut flight }: Batch) {
        // The queue cuts batches to what a message has room for: this is one span.
        let too_large = spans.bytes.len() > self.encoding.room();
        if too_large {
            flight.told(Err(Loss::TooLarge));
        }
        let account = self.queue.account();
        self.outage.too_large(account.lost_by(Loss::TooLarge));
        if too_large {
            return;
        }
        self.exports.message(spans.count);
        let message = self.encoding.message(spans.count, &spans.bytes);
        drop(spans);
        self.deliver_message(message.into(), &mut flight).await;
    }

    /// Tries until the message is taken, refused for good, or its time is up.
    async fn deliver_message(&self, message: Bytes, flight: &mut Flight) {
        let until = Instant::now() + self.timeout;
        loop {
            let begun = Instant::now();
            let sent = timeout(self.timeout, self.path.send(message.clone())).await;
            let sent = sent
                .unwrap_or_else(|_| Err(SendError::transient(Loss::Timeout, "no answer in time")));
            if sent.as_ref().err().is_none_or(|error| !error.untried) {
                self.exports
                    .attempt(begun.elapsed(), sent.as_ref().err().map(|error| error.loss));
            }
            let error = match sent {
                Ok(()) => {
                    flight.told(Ok(()));
                    let account = self.queue.account();
                    self.outage
                        .over(account.lost(), account.lost_by(Loss::QueueFull));
                    return;
                }
                Err(error) => error,
            };
            self.outage.failed(begun, &error.reason, self.lost());
            if !error.transient || Instant::now() >= until || self.closing.is_cancelled() {
                flight.told(Err(error.loss));
                return;
            }
            tokio::select! {
                () = sleep(RETRY_DELAY) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Spans that were lost so far, whether here or before they came here.
    fn lost(&self) -> u64 {
        self.queue.account().lost()
    }
}
