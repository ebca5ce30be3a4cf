//! Batches, from the queue to their outcome.

use std::{mem, sync::Arc};

use super::{Phase, Queue};
use crate::export::counts::DropReason;

/// Encoded spans, one after the other.
#[derive(Debug, Default)]
pub(in crate::export) struct Spans {
    pub(in crate::export) count: usize,
    pub(in crate::export) bytes: Vec<u8>,
}

/// Spans to send, and the obligation to report their outcome.
#[derive(Debug)]
pub(in crate::export) struct Batch {
    pub(in crate::export) spans: Spans,
    pub(in crate::export) in_flight: InFlight,
}

/// A batch in flight. Dropping it without calling [`InFlight::resolve`] counts its spans as
/// dropped.
#[derive(Debug)]
pub(in crate::export) struct InFlight {
    pub(super) queue: Arc<Queue>,
    pub(super) number: u64,
    pub(super) bytes: usize,
    /// 0 once they are counted by their outcome.
    pub(super) spans: u64,
}

impl InFlight {
    /// Records the outcome of the batch.
    pub(in crate::export) fn resolve(&mut self, outcome: Result<(), DropReason>) {
        let spans = mem::take(&mut self.spans);
        let mut state = self.queue.lock();
        if state.phase == Phase::Sealed {
            return;
        }
        state.counts.in_flight -= spans;
        match outcome {
            Ok(()) => state.counts.delivered += spans,
            Err(reason) => state.count_dropped(spans, reason),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.spans > 0 {
            self.resolve(Err(DropReason::Other));
        }
        let mut state = self.queue.lock();
        state.bytes -= self.bytes;
        state.unfinished.remove(&self.number);
        drop(state);
        self.queue.finished.notify_all();
    }
}
