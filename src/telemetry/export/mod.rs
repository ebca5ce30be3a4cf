//! The way of a finished span to Jaeger.
//!
//! A batch from the SDK is turned into Jaeger's terms (`mapping`), cut into messages that the
//! path can carry (`message`), and sent by one of the three paths (`thrift`, `grpc`) until it
//! is taken or its time is up.

mod grpc;
mod mapping;
mod message;
mod outage;
mod thrift;

use std::{
    fmt,
    time::{Duration, Instant},
};

use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use tokio::{runtime::Handle, time::sleep};
use tokio_util::{context::TokioContext, sync::CancellationToken};

use self::outage::Outage;
use super::Destination;

/// How long one attempt to send a message may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before a message is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Bounds of what an exporter sends.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longer texts are cut to so many characters.
    pub attribute_value_length: usize,
    /// A batch is tried for so long, and then dropped.
    pub time: Duration,
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
    /// Whether the same message may be taken later.
    transient: bool,
}

impl SendError {
    fn transient(reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            transient: true,
        }
    }

    fn permanent(reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
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

/// An exporter for the SDK's batch span processor, which calls it on a thread of its own.
#[derive(Debug)]
pub struct Exporter {
    path: Path,
    limits: Limits,
    process_size: usize,
    outage: Outage,
    closing: CancellationToken,
    runtime: Handle,
}

impl Exporter {
    /// An exporter to `destination`, which need not be there yet. Call it within a Tokio runtime,
    /// whose timers and sockets it uses. Once `closing` is cancelled, nothing is tried again.
    ///
    /// # Errors
    /// [`BuildError`] when no client can be made for the destination.
    pub fn new(
        destination: &Destination,
        limits: Limits,
        closing: CancellationToken,
    ) -> Result<Self, BuildError> {
        let (path, name) = match destination {
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
        Ok(Self {
            path,
            limits,
            process_size: 0,
            outage: Outage::new(name),
            closing,
            runtime: Handle::current(),
        })
    }

    async fn deliver(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let until = Instant::now() + self.limits.time;
        let spans = batch
            .into_iter()
            .map(|span| mapping::to_jaeger(span, self.limits.attribute_value_length))
            .collect();
        let limit = self.path.max_message().saturating_sub(self.process_size);
        let messages = message::split(spans, limit);
        if messages.too_large > 0 {
            tracing::warn!(
                "{} spans dropped: each is larger than the {limit} bytes of a message",
                messages.too_large
            );
        }
        for spans in &messages.fitting {
            self.deliver_message(spans, until).await?;
        }
        Ok(())
    }

    async fn deliver_message(&self, spans: &[SpanData], until: Instant) -> OTelSdkResult {
        loop {
            let error = match self.path.send(spans).await {
                Ok(Sent::Taken) => {
                    self.outage.over();
                    return Ok(());
                }
                Ok(Sent::Unanswered { refused }) => {
                    if let Some(reason) = refused {
                        self.outage.failed(&reason, 0);
                    }
                    return Ok(());
                }
                Err(error) => error,
            };
            let last = !error.transient || Instant::now() >= until || self.closing.is_cancelled();
            self.outage
                .failed(&error.reason, if last { spans.len() } else { 0 });
            if last {
                // Said by `outage`; the SDK would log a line for every batch.
                return Ok(());
            }
            tokio::select! {
                () = sleep(RETRY_DELAY) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        TokioContext::new(self.deliver(batch), self.runtime.clone()).await
    }

    /// Says what was lost; the SDK ignores what an exporter returns here.
    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        match self.outage.lost() {
            0 => {}
            lost => tracing::warn!("{lost} spans could not be delivered in all"),
        }
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.process_size = message::process_size(resource);
        self.path.set_resource(resource);
    }
}
