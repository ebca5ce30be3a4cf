//! The way of a finished span to Jaeger.
//!
//! The SDK hands it to a [`Processor`], where it waits in a bounded queue (`queue`) until a batch is
//! full or its time has come. The batch is turned into Jaeger's terms (`mapping`), cut into messages
//! that the path can carry (`message`), and sent by one of the three paths (`thrift`, and `grpc` in
//! the encoding of `protobuf`) until it is taken or its time is up. What became of each span is in the [`Account`].

mod account;
mod grpc;
mod mapping;
mod message;
mod outage;
mod processor;
mod protobuf;
pub(super) mod queue;
mod thrift;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use opentelemetry_sdk::{Resource, trace::SpanData};
use tokio::{
    task::yield_now,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use self::{
    outage::Outage,
    queue::{Batch, Flight, Queue},
};
use super::{Destination, metrics::spans::Exports};

pub use account::{Account, Loss};
pub use processor::Processor;

/// How long one attempt to send a message may take; `OTEL_BSP_EXPORT_TIMEOUT` may be less.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before a message is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Bounds of what an exporter sends.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Longer texts are cut to so many characters.
    attribute_value_length: usize,
    /// A batch is tried for so long, and then dropped.
    time: Duration,
}

/// The exporter cannot be made from its settings.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
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
#[derive(Debug)]
struct SendError {
    reason: String,
    /// What the spans are lost by, when this was the last attempt.
    loss: Loss,
    /// Whether the same message may be taken later.
    transient: bool,
}

impl SendError {
    fn transient(loss: Loss, reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            loss,
            transient: true,
        }
    }

    fn permanent(loss: Loss, reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            loss,
            transient: false,
        }
    }
}

/// A message that left.
#[derive(Debug)]
enum Sent {
    /// Jaeger has it.
    Taken,
    /// Nobody answers a datagram. One that was sent before may have been refused, with this reason.
    Unanswered { refused: Option<String> },
}

/// The three ways to Jaeger.
#[derive(Debug)]
enum Path {
    Grpc(grpc::Collector),
    ThriftCollector(thrift::Collector),
    ThriftAgent(thrift::Agent),
}

impl Path {
    async fn send(&self, spans: &[SpanData]) -> Result<Sent, SendError> {
        match self {
            Self::Grpc(path) => path.send(spans).await.map(|()| Sent::Taken),
            Self::ThriftCollector(path) => path.send(spans).await.map(|()| Sent::Taken),
            Self::ThriftAgent(path) => path.send(spans).await,
        }
    }

    /// The most bytes that one message may have.
    fn max_message(&self) -> usize {
        match self {
            Self::ThriftAgent(_) => message::MAX_DATAGRAM,
            Self::Grpc(_) | Self::ThriftCollector(_) => message::MAX_COLLECTOR_MESSAGE,
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        match self {
            Self::Grpc(path) => path.set_resource(resource),
            Self::ThriftCollector(path) => path.set_resource(resource),
            Self::ThriftAgent(path) => path.set_resource(resource),
        }
    }
}

/// Delivers batches to one destination.
#[derive(Debug)]
struct Exporter {
    path: Path,
    limits: Limits,
    process_size: usize,
    queue: Arc<Queue>,
    exports: Exports,
    outage: Outage,
    closing: CancellationToken,
}

impl Exporter {
    /// Once `closing` is cancelled, nothing is tried again.
    fn new(
        destination: &Destination,
        limits: Limits,
        resource: &Resource,
        queue: Arc<Queue>,
        exports: Exports,
        closing: CancellationToken,
    ) -> Result<Self, BuildError> {
        let (mut path, name) = match destination {
            Destination::Grpc { collector } => (
                Path::Grpc(grpc::Collector::new(collector)?),
                format!("the collector at {collector} (gRPC)"),
            ),
            Destination::ThriftCollector { url } => {
                let collector = thrift::Collector::new(url)?;
                let name = format!("the collector at {} (Thrift)", collector.url());
                (Path::ThriftCollector(collector), name)
            }
            Destination::ThriftAgent { host, port } => (
                Path::ThriftAgent(thrift::Agent::new(host, *port)),
                format!("the agent at {host}:{port} (UDP)"),
            ),
        };
        path.set_resource(resource);
        Ok(Self {
            path,
            limits,
            process_size: message::process_size(resource),
            queue,
            exports,
            outage: Outage::new(name),
            closing,
        })
    }

    /// How many batches may be on their way at once. A collector's answer takes its time; a
    /// datagram has none, and a second sender would only need a second socket.
    fn concurrency(&self) -> usize {
        match self.path {
            Path::Grpc(_) | Path::ThriftCollector(_) => 16,
            Path::ThriftAgent(_) => 1,
        }
    }

    /// Sends a batch, and tells the account what became of each span.
    async fn deliver(
        &self,
        Batch {
            mut spans,
            mut flight,
        }: Batch,
    ) {
        let until = Instant::now() + self.limits.time;
        for span in &mut spans {
            mapping::to_jaeger(span, self.limits.attribute_value_length);
        }
        let limit = self.path.max_message().saturating_sub(self.process_size);
        let all = spans.len();
        spans.retain(|span| message::fits(span, limit));
        if spans.len() < all {
            flight.told(all - spans.len(), Err(Loss::TooLarge));
        }
        let account = self.queue.account();
        self.outage.too_large(account.lost_by(Loss::TooLarge));
        for spans in message::split(&spans, limit) {
            // The requests on this thread have their turn. A burst of datagrams would leave the agent no
            // time to read them, too.
            yield_now().await;
            self.deliver_message(spans, &mut flight, until).await;
        }
    }

    /// Tries until the message is taken, refused for good, or `until`.
    async fn deliver_message(&self, spans: &[SpanData], flight: &mut Flight, until: Instant) {
        self.exports.message(spans.len());
        loop {
            let begun = Instant::now();
            let sent = timeout(self.limits.time, self.path.send(spans)).await;
            let sent = sent
                .unwrap_or_else(|_| Err(SendError::transient(Loss::Timeout, "no answer in time")));
            self.exports
                .attempt(begun.elapsed(), sent.as_ref().err().map(|error| error.loss));
            let error = match sent {
                Ok(sent) => {
                    flight.told(spans.len(), Ok(()));
                    match sent {
                        Sent::Taken => {
                            let account = self.queue.account();
                            self.outage
                                .over(account.lost(), account.lost_by(Loss::QueueFull));
                        }
                        Sent::Unanswered { refused: None } => {}
                        Sent::Unanswered {
                            refused: Some(reason),
                        } => self.outage.failed(begun, &reason, self.lost()),
                    }
                    return;
                }
                Err(error) => error,
            };
            self.outage.failed(begun, &error.reason, self.lost());
            if !error.transient || Instant::now() >= until || self.closing.is_cancelled() {
                flight.told(spans.len(), Err(error.loss));
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
