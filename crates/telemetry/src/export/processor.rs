//! The batching span processor, in the place of the SDK's own.
//!
//! The SDK's is a thread: on a machine whose cores are all busy it got too little of them, and lost
//! what its queue could not hold. Here the export is tasks of the Tokio runtime, which take turns
//! with the requests that make the spans: the more requests a core answers, the more often the
//! export has its turn.

use std::{sync::Arc, time::Duration};

use opentelemetry::{Context, SpanId, trace::Span as _};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{Span, SpanData, SpanProcessor},
};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{BuildError, CONCURRENCY, Exporter, encoding::Encoding, queue::Queue};
use crate::{Batching, Destination, metrics::spans::Exports, propagation::NOBODY};

/// How long a flush may take; the SDK names no deadline.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Encodes finished spans, gathers them and has them exported.
#[derive(Debug)]
pub struct Processor {
    encoding: Arc<Encoding>,
    queue: Arc<Queue>,
    exports: Exports,
    /// Ends the waits between two attempts.
    closing: CancellationToken,
}

impl Processor {
    /// One that exports to `destination`, which need not be there yet. Call it within a Tokio
    /// runtime, whose threads, timers and sockets it uses.
    ///
    /// # Errors
    /// [`BuildError`] when no client can be made for the destination.
    pub fn start(
        destination: &Destination,
        batching: Batching,
        attribute_value_length_limit: usize,
        resource: &Resource,
    ) -> Result<Self, BuildError> {
        let mode = destination.mode();
        let encoding = Arc::new(Encoding::new(mode, resource, attribute_value_length_limit)?);
        let queue = Arc::new(Queue::new(batching, encoding.room()));
        let exports = Exports::new(mode);
        let closing = CancellationToken::new();
        let exporter = Exporter::new(
            destination,
            Arc::clone(&encoding),
            batching.export_timeout,
            Arc::clone(&queue),
            exports.clone(),
            closing.clone(),
        )?;
        tokio::spawn(export(Arc::clone(&queue), Arc::new(exporter)));
        Ok(Self {
            encoding,
            queue,
            exports,
            closing,
        })
    }

    /// What the metrics show: the account of its spans, and their export.
    pub(crate) fn observed(&self) -> (Arc<Queue>, Exports) {
        (Arc::clone(&self.queue), self.exports.clone())
    }
}

/// Exports batch after batch, some of them side by side.
async fn export(queue: Arc<Queue>, exporter: Arc<Exporter>) {
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    // Nothing closes the semaphore.
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        let Some(batch) = queue.next().await else {
            return;
        };
        let exporter = Arc::clone(&exporter);
        tokio::spawn(async move {
            exporter.deliver(batch).await;
            drop(slot);
        });
    }
}

impl SpanProcessor for Processor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        if span.span_context().is_sampled() {
            self.queue.started();
        }
    }

    fn on_end(&self, mut span: SpanData) {
        if span.parent_span_id == NOBODY {
            span.parent_span_id = SpanId::INVALID;
        }
        if span.span_context.is_sampled() {
            self.queue.push(&self.encoding.span(&span));
        }
    }

    /// Blocks the thread.
    fn force_flush(&self) -> OTelSdkResult {
        if self.queue.flush(FLUSH_TIMEOUT) {
            Ok(())
        } else {
            Err(OTelSdkError::Timeout(FLUSH_TIMEOUT))
        }
    }

    /// Blocks the thread. From here on nothing is tried again.
    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if self.closing.is_cancelled() {
            return Err(OTelSdkError::AlreadyShutdown);
        }
        self.closing.cancel();
        if self.queue.close(timeout) {
            Ok(())
        } else {
            Err(OTelSdkError::Timeout(timeout))
        }
    }
}
