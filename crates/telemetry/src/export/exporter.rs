//! The task that takes batches from the queue and sends each until it is delivered, refused, or its
//! time is up.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    RETRY_DELAY,
    counts::DropReason,
    delivery_log::DeliveryLog,
    encoding::Encoding,
    metrics::ExportMetrics,
    queue::{Batch, InFlight, Queue},
    transport::{SendError, Transport},
};

/// The number of messages that are sent concurrently: a collector takes time to answer, and so does
/// the refusal of a datagram.
const CONCURRENCY: usize = 16;

/// Delivers batches to one destination.
#[derive(Debug)]
pub(super) struct Exporter {
    pub(super) transport: Transport,
    pub(super) encoding: Arc<Encoding>,
    /// A batch is dropped when it could not be delivered for so long.
    pub(super) timeout: Duration,
    pub(super) queue: Arc<Queue>,
    pub(super) metrics: ExportMetrics,
    pub(super) log: DeliveryLog,
    /// Cancelled by the shutdown: nothing is retried from then on.
    pub(super) closing: CancellationToken,
}

impl Exporter {
    /// Delivers batch after batch, several concurrently, until the queue is closed and empty.
    pub(super) async fn run(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(CONCURRENCY));
        // Nothing closes the semaphore.
        while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
            let Some(batch) = self.next_batch().await else {
                return;
            };
            let exporter = Arc::clone(&self);
            tokio::spawn(async move {
                exporter.deliver(batch).await;
                drop(slot);
            });
        }
    }

    /// The next batch. Meanwhile, logs spans that the queue refuses.
    async fn next_batch(&self) -> Option<Batch> {
        loop {
            tokio::select! {
                batch = self.queue.next() => return batch,
                () = self.queue.too_large() => self.log.too_large(&self.queue.counts()),
            }
        }
    }

    async fn deliver(&self, batch: Batch) {
        let Batch {
            spans,
            mut in_flight,
        } = batch;
        self.metrics.record_message(spans.count);
        let message = Bytes::from(self.encoding.message(spans.count, &spans.bytes));
        drop(spans);
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            let sent = timeout(self.timeout, self.transport.send(message.clone())).await;
            let sent = sent.unwrap_or_else(|_| {
                Err(SendError::transient(
                    DropReason::Timeout,
                    "no answer in time",
                ))
            });
            let is_transient = sent.as_ref().is_err_and(|error| error.transient);
            let in_time = first.elapsed() < self.timeout;
            let retry = is_transient && in_time && !self.closing.is_cancelled();
            self.record(begun, sent, retry, &mut in_flight);
            if !retry {
                return;
            }
            tokio::select! {
                () = sleep(RETRY_DELAY) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Records an attempt that began at `begun`: in the metrics, in the log, and, unless a retry
    /// follows, in the counts of spans.
    fn record(
        &self,
        begun: Instant,
        sent: Result<(), SendError>,
        retry: bool,
        in_flight: &mut InFlight,
    ) {
        let error = sent.as_ref().err();
        if error.is_none_or(|error| !error.skipped) {
            let reason = error.map(|error| error.drop_reason);
            self.metrics.record_attempt(begun.elapsed(), reason);
        }
        // Before this batch is resolved: the spans of an outage's first batch are part of its loss.
        let counts = self.queue.counts();
        match error {
            None => self.log.delivered(&counts),
            Some(error) => self.log.failed(begun, &error.message, &counts),
        }
        if !retry {
            in_flight.resolve(sent.map_err(|error| error.drop_reason));
        }
    }
}
