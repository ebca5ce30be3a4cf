//! A batching span processor, in place of the SDK's own.
//!
//! The SDK's is a thread: on a machine whose cores are all busy it got too little of their time and
//! lost the spans that its queue could not hold. Here the export runs in tasks of the Tokio
//! runtime, which take turns with the requests that make the spans: the more requests a core
//! answers, the more often the export has its turn.

use std::{sync::Arc, time::Duration};

use opentelemetry::{Context, SpanId, trace::Span as _};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{Span, SpanData, SpanProcessor},
};
use tokio::{runtime::Handle, task::AbortHandle};
use tokio_util::sync::CancellationToken;

use super::{
    BuildError, Monitor, delivery_log::DeliveryLog, encoding::Encoding, exporter::Exporter,
    metrics::ExportMetrics, queue::Queue, transport::Transport,
};
use crate::{Batching, Destination, propagation::PLACEHOLDER_PARENT};

/// Limit of a flush; the SDK sets none.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Encodes finished spans, batches them and has them exported.
///
/// [`init`](crate::init) makes one. On its own it serves a program that has an `SdkTracerProvider`
/// of its own.
///
/// # Examples
/// ```
/// use axum_jaeger_telemetry::{
///     Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, Destination, export::Processor,
/// };
/// use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let resource = Resource::builder().with_service_name("shop").build();
/// let collector = "localhost:14250".to_owned();
/// let processor = Processor::start(
///     &Destination::Grpc { collector },
///     Batching::DEFAULT,
///     DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
///     &resource,
/// )?;
/// let monitor = processor.monitor();
/// let provider = SdkTracerProvider::builder()
///     .with_resource(resource)
///     .with_span_processor(processor)
///     .build();
///
/// // The shutdown blocks its thread until all spans are sent.
/// tokio::task::spawn_blocking(move || provider.shutdown()).await??;
/// println!("{}", monitor.span_counts());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Processor {
    encoding: Arc<Encoding>,
    monitor: Monitor,
    /// Ends the pauses before retries.
    closing: CancellationToken,
    task: AbortHandle,
}

impl Processor {
    /// Starts the export to `destination`, which need not be reachable yet. String values of
    /// attributes are cut to `attribute_value_length_limit` characters; `resource` describes the
    /// process.
    ///
    /// The export runs on the current Tokio runtime, which needs its timers and I/O enabled.
    ///
    /// # Errors
    /// [`BuildError`] outside a Tokio runtime, if `destination` is not a valid address, or if
    /// `resource` is too large for a message.
    pub fn start(
        destination: &Destination,
        batching: Batching,
        attribute_value_length_limit: usize,
        resource: &Resource,
    ) -> Result<Self, BuildError> {
        let runtime = Handle::try_current().map_err(|error| BuildError::NoRuntime {
            source: error.into(),
        })?;
        let mode = destination.mode();
        let encoding = Arc::new(Encoding::new(mode, resource, attribute_value_length_limit)?);
        let closing = CancellationToken::new();
        let (transport, name) = Transport::new(destination, &encoding, &closing)?;
        let monitor = Monitor {
            queue: Arc::new(Queue::new(batching, encoding.max_payload())),
            metrics: ExportMetrics::new(mode),
        };
        let exporter = Exporter {
            transport,
            encoding: Arc::clone(&encoding),
            timeout: batching.export_timeout,
            queue: Arc::clone(&monitor.queue),
            metrics: monitor.metrics.clone(),
            log: DeliveryLog::new(name),
            closing: closing.clone(),
        };
        let task = runtime.spawn(Arc::new(exporter).run()).abort_handle();
        Ok(Self {
            encoding,
            monitor,
            closing,
            task,
        })
    }

    /// A view of the counts of this processor's spans, also after the processor is gone.
    pub fn monitor(&self) -> Monitor {
        self.monitor.clone()
    }

    /// The time to wait for the export: none once its runtime is gone.
    fn wait(&self, limit: Duration) -> Duration {
        if self.task.is_finished() {
            Duration::ZERO
        } else {
            limit
        }
    }
}

impl SpanProcessor for Processor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        if span.span_context().is_sampled() {
            self.monitor.queue.started();
        }
    }

    fn on_end(&self, mut span: SpanData) {
        if span.parent_span_id == PLACEHOLDER_PARENT {
            span.parent_span_id = SpanId::INVALID;
        }
        if span.span_context.is_sampled() {
            self.monitor.queue.push(&self.encoding.span(&span));
        }
    }

    /// Sends all waiting spans. Blocks the thread.
    fn force_flush(&self) -> OTelSdkResult {
        if self.monitor.queue.flush(self.wait(FLUSH_TIMEOUT)) {
            Ok(())
        } else {
            Err(OTelSdkError::Timeout(FLUSH_TIMEOUT))
        }
    }

    /// Sends all waiting spans, without retries from now on. Blocks the thread.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if self.closing.is_cancelled() {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.closing.cancel();
        if self.monitor.queue.close(self.wait(timeout)) {
            Ok(())
        } else {
            Err(OTelSdkError::Timeout(timeout))
        }
    }
}

/// Ends the export, also of a processor that no provider has shut down.
impl Drop for Processor {
    fn drop(&mut self) {
        let _ = self.shutdown_with_timeout(Duration::ZERO);
    }
}

#[cfg(all(test, feature = "grpc"))]
mod tests {
    use super::*;

    fn start() -> Result<Processor, BuildError> {
        let collector = "localhost:0".to_owned();
        let destination = Destination::Grpc { collector };
        Processor::start(
            &destination,
            Batching::DEFAULT,
            0,
            &Resource::builder_empty().build(),
        )
    }

    #[test]
    fn outside_a_tokio_runtime_the_start_is_an_error() {
        let error = start().unwrap_err();
        assert!(matches!(error, BuildError::NoRuntime { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_second_shutdown_is_an_error() {
        let processor = start().unwrap();
        assert!(processor.shutdown().is_ok());
        assert!(matches!(
            processor.shutdown(),
            Err(OTelSdkError::AlreadyShutdown)
        ));
        assert_eq!(processor.monitor().span_counts().started(), 0);
    }

    #[tokio::test]
    async fn the_export_of_a_processor_that_is_dropped_ends() {
        let processor = start().unwrap();
        let task = processor.task.clone();
        drop(processor);
        while !task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_an_error() {
        let grpc = |address: &str| Destination::Grpc {
            collector: address.to_owned(),
        };
        let mut bad = ["", "host", "http://host:14250", "host:14250/path"]
            .map(grpc)
            .to_vec();
        #[cfg(feature = "thrift")]
        bad.extend(["", "host:14268", "https://host"].map(|url| {
            let url = url.to_owned();
            Destination::ThriftCollector { url }
        }));
        let resource = Resource::builder_empty().build();
        for destination in bad {
            let error = Processor::start(&destination, Batching::DEFAULT, 0, &resource);
            let error = error.unwrap_err();
            assert!(matches!(error, BuildError::Address { .. }), "{error}");
        }
    }

    #[test]
    fn a_shutdown_does_not_wait_for_a_runtime_that_is_gone() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let processor = runtime.block_on(async { start() }).unwrap();
        drop(runtime);
        assert!(processor.task.is_finished());
        assert_eq!(processor.wait(FLUSH_TIMEOUT), Duration::ZERO);
    }
}
