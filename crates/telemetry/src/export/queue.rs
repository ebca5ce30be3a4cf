//! Queue of finished spans, encoded and in batches that fit a message. It is bounded by number and
//! by bytes, and counts the spans.
//!
//! One lock guards the spans and their counts, so the counts are exact at every moment. It is held
//! while the bytes of a span are copied. The exporter is woken when the first span arrives and when
//! a batch is full, not for each span.

mod batch;

use std::{
    collections::{BTreeSet, VecDeque},
    mem,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::sleep_until};

pub(super) use self::batch::{Batch, InFlight};

use self::batch::Spans;
use super::counts::{DropReason, SpanCounts};
use crate::Batching;

/// Spans that have ended and are not delivered yet.
#[derive(Debug)]
pub(super) struct Queue {
    limits: Batching,
    /// The most bytes of a batch, and so of a span.
    max_batch_bytes: usize,
    /// Outside the lock, so that the start of a span needs none.
    started: AtomicU64,
    state: Mutex<State>,
    /// Wakes [`Queue::next`].
    filled: Notify,
    /// Wakes [`Queue::too_large`].
    too_large: Notify,
    /// Signals that a batch is finished.
    finished: Condvar,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// The batch that spans are added to.
    open: Spans,
    /// The arrival of its first span.
    open_since: Option<Instant>,
    /// The size of the previous batch: the next one will be about as large.
    last_bytes: usize,
    /// Batches that wait for the exporter.
    full: VecDeque<Waiting>,
    /// Numbers of the batches that wait or are in flight.
    unfinished: BTreeSet<u64>,
    next_number: u64,
    /// Size of all spans that wait or are in flight.
    bytes: usize,
    /// All counts but `started`.
    counts: SpanCounts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// New spans are dropped; those in the queue may still be delivered.
    Closed,
    /// All spans that were left are dropped, and the counts are final.
    Sealed,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    spans: Spans,
}

/// The next step of the exporter.
enum Next {
    Export(Batch),
    Wait { until: Option<Instant> },
    End,
}

impl Queue {
    pub(super) fn new(limits: Batching, max_batch_bytes: usize) -> Self {
        Self {
            limits,
            max_batch_bytes,
            started: AtomicU64::new(0),
            state: Mutex::default(),
            filled: Notify::new(),
            too_large: Notify::new(),
            finished: Condvar::new(),
        }
    }

    /// Counts a span that starts.
    pub(super) fn started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds an encoded span that has ended, or drops it.
    pub(super) fn push(&self, span: &[u8]) {
        let mut state = self.lock();
        if let Some(reason) = self.refusal(&state, span) {
            state.count_dropped(1, reason);
            drop(state);
            if reason == DropReason::TooLarge {
                self.too_large.notify_one();
            }
            return;
        }
        let first = state.open.count == 0 && state.full.is_empty();
        let no_room = state.open.bytes.len() + span.len() > self.max_batch_bytes;
        if no_room {
            state.cut();
        }
        if state.open.count == 0 {
            state.open_since = Some(Instant::now());
            let expected = state.last_bytes;
            state.open.bytes.reserve(expected.max(span.len()));
        }
        state.open.count += 1;
        state.open.bytes.extend_from_slice(span);
        state.bytes += span.len();
        state.counts.queued += 1;
        let full = state.open.count >= self.limits.max_export_batch_size;
        if full {
            state.cut();
        }
        drop(state);
        if first || full || no_room {
            self.filled.notify_one();
        }
    }

    /// The reason to refuse `span`, if there is one.
    fn refusal(&self, state: &State, span: &[u8]) -> Option<DropReason> {
        if state.phase != Phase::Open {
            Some(DropReason::AfterShutdown)
        } else if span.len() > self.max_batch_bytes {
            Some(DropReason::TooLarge)
        } else if state.counts.queued >= self.limits.max_queue_size as u64
            || state.bytes + span.len() > self.limits.max_queue_bytes
        {
            Some(DropReason::QueueFull)
        } else {
            None
        }
    }

    /// Completes when a span was refused because it is too large.
    pub(super) async fn too_large(&self) {
        self.too_large.notified().await;
    }

    /// Returns the next batch once it is full or its first span has waited long enough; `None` once
    /// the queue is closed and empty. Cancel safe.
    pub(super) async fn next(self: &Arc<Self>) -> Option<Batch> {
        loop {
            match self.take() {
                Next::Export(batch) => return Some(batch),
                Next::End => return None,
                Next::Wait { until: None } => self.filled.notified().await,
                Next::Wait { until: Some(until) } => tokio::select! {
                    () = self.filled.notified() => {}
                    () = sleep_until(until.into()) => {}
                },
            }
        }
    }

    fn take(self: &Arc<Self>) -> Next {
        let mut state = self.lock();
        if state.full.is_empty() {
            let delay = self.limits.schedule_delay;
            match state.open_since {
                Some(since) if since.elapsed() >= delay => state.cut(),
                None if state.phase != Phase::Open => return Next::End,
                since => {
                    let until = since.and_then(|since| since.checked_add(delay));
                    return Next::Wait { until };
                }
            }
        }
        let Some(waiting) = state.full.pop_front() else {
            return Next::Wait { until: None };
        };
        let spans = waiting.spans.count as u64;
        state.counts.queued -= spans;
        state.counts.in_flight += spans;
        drop(state);
        Next::Export(Batch {
            in_flight: InFlight {
                queue: Arc::clone(self),
                number: waiting.number,
                bytes: waiting.spans.bytes.len(),
                spans,
            },
            spans: waiting.spans,
        })
    }

    /// The counts of all spans now.
    pub(super) fn counts(&self) -> SpanCounts {
        let counts = self.lock().counts;
        self.with_started(counts)
    }

    /// The most spans that may wait.
    #[cfg(feature = "metrics")]
    pub(super) fn capacity(&self) -> usize {
        self.limits.max_queue_size
    }

    /// `started` is read last, since every other span was started before it was counted.
    fn with_started(&self, counts: SpanCounts) -> SpanCounts {
        SpanCounts {
            started: self.started.load(Ordering::Relaxed),
            ..counts
        }
    }

    /// Has all waiting spans sent. Returns true if their outcome is known within `timeout`.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.cut();
        let end = state.next_number;
        self.filled.notify_one();
        self.wait(state, timeout, |state| {
            state.unfinished.first().is_some_and(|&number| number < end)
        })
        .1
    }

    /// Refuses new spans and has all waiting ones sent. Those that are not delivered within
    /// `timeout` are dropped, and so are the spans that have not ended. Returns true if all batches
    /// were finished in time.
    pub(super) fn close(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        state.cut();
        self.filled.notify_one();
        let (mut state, in_time) = self.wait(state, timeout, |state| !state.unfinished.is_empty());
        let left = mem::take(&mut state.counts.queued) + mem::take(&mut state.counts.in_flight);
        state.count_dropped(left, DropReason::Shutdown);
        let live = self.with_started(state.counts).live();
        state.count_dropped(live, DropReason::AfterShutdown);
        state.phase = Phase::Sealed;
        state.full.clear();
        in_time
    }

    /// Waits while batches are `pending`. Returns false if `timeout` passed before.
    fn wait<'q>(
        &self,
        state: MutexGuard<'q, State>,
        timeout: Duration,
        mut pending: impl FnMut(&State) -> bool,
    ) -> (MutexGuard<'q, State>, bool) {
        let (state, result) = self
            .finished
            .wait_timeout_while(state, timeout, |state| pending(state))
            .unwrap_or_else(PoisonError::into_inner);
        (state, !result.timed_out())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count_dropped(&mut self, spans: u64, reason: DropReason) {
        if self.phase != Phase::Sealed {
            self.counts.dropped[reason as usize] += spans;
        }
    }

    /// Closes the open batch.
    fn cut(&mut self) {
        if self.open.count == 0 {
            return;
        }
        self.open_since = None;
        self.last_bytes = self.open.bytes.len();
        self.unfinished.insert(self.next_number);
        self.full.push_back(Waiting {
            number: self.next_number,
            spans: mem::take(&mut self.open),
        });
        self.next_number += 1;
    }
}

#[cfg(test)]
mod tests;
