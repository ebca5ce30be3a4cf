//! Where finished spans wait for the exporter, encoded and in batches that fit a message: bounded
//! by number and by bytes, and the place of the account.
//!
//! One lock guards both, so the account is exact at every moment. It is held for as long as it
//! takes to copy the bytes of a span; the exporter is woken when the first span comes and when a
//! batch is full, not for each span.

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

use super::account::{Account, Loss};
use crate::Batching;

/// Spans that have ended and are not delivered yet.
#[derive(Debug)]
pub(crate) struct Queue {
    limits: Batching,
    /// The most bytes of a batch, unless it is a single span.
    max_batch_bytes: usize,
    /// Not under the lock, so that a span's begin needs none.
    started: AtomicU64,
    state: Mutex<State>,
    /// Wakes the exporter.
    filled: Notify,
    /// Tells of each batch that is done.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// The batch that spans are added to, and when its first one came.
    open: Spans,
    open_since: Option<Instant>,
    /// Of the batch before. The next one will be about as large.
    last_bytes: usize,
    /// Batches that wait to be taken.
    full: VecDeque<Waiting>,
    /// Numbers of the batches that wait or are in flight.
    unfinished: BTreeSet<u64>,
    next_number: u64,
    /// Of all spans that wait or are in flight.
    bytes: usize,
    /// Without `started`.
    account: Account,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Nothing comes in any more; what is there may still be delivered.
    Closed,
    /// All that is left was given up.
    Sealed,
}

/// Encoded spans, one after the other.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) count: usize,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    spans: Spans,
}

/// What the exporter shall do now.
enum Next {
    Export(Batch),
    Wait { until: Option<Instant> },
    End,
}

/// Spans on their way, and their place in the account.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) spans: Spans,
    pub(super) flight: Flight,
}

/// Spans of one batch whose outcome is not known yet. What is never told counts as lost.
#[derive(Debug)]
pub(super) struct Flight {
    queue: Arc<Queue>,
    number: u64,
    bytes: usize,
    spans: u64,
}

impl Queue {
    pub(super) fn new(limits: Batching, max_batch_bytes: usize) -> Self {
        Self {
            limits,
            max_batch_bytes,
            started: AtomicU64::new(0),
            state: Mutex::default(),
            filled: Notify::new(),
            done: Condvar::new(),
        }
    }

    /// A span was begun.
    pub(super) fn started(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// A span has ended and is encoded: it waits from here on, or is lost.
    pub(super) fn push(&self, span: &[u8]) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            state.lose(1, Loss::AfterShutdown);
            return;
        }
        if state.account.queue >= self.limits.max_queue_size as u64
            || state.bytes + span.len() > self.limits.max_queue_bytes
        {
            state.lose(1, Loss::QueueFull);
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
        state.account.queue += 1;
        let full = state.open.count >= self.limits.max_export_batch_size;
        if full {
            state.cut();
        }
        drop(state);
        if first || full || no_room {
            self.filled.notify_one();
        }
    }

    /// The next batch, when it is full or its first span has waited long enough; `None` when
    /// nothing comes any more.
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
            let due = state
                .open_since
                .map(|since| since + self.limits.schedule_delay);
            match due {
                Some(due) if due <= Instant::now() => state.cut(),
                None if state.phase != Phase::Open => return Next::End,
                until => return Next::Wait { until },
            }
        }
        let Some(waiting) = state.full.pop_front() else {
            return Next::Wait { until: None };
        };
        let spans = waiting.spans.count as u64;
        state.account.queue -= spans;
        state.account.inflight += spans;
        drop(state);
        Next::Export(Batch {
            flight: Flight {
                queue: Arc::clone(self),
                number: waiting.number,
                bytes: waiting.spans.bytes.len(),
                spans,
            },
            spans: waiting.spans,
        })
    }

    /// Where all spans are now.
    pub(crate) fn account(&self) -> Account {
        let account = self.lock().account;
        self.with_started(account)
    }

    /// The most spans that may wait.
    pub(crate) fn capacity(&self) -> usize {
        self.limits.max_queue_size
    }

    /// Read after the others: each span among them was begun before.
    fn with_started(&self, account: Account) -> Account {
        Account {
            started: self.started.load(Ordering::Relaxed),
            ..account
        }
    }

    /// Sends what waits now. Whether its outcome is known within `timeout`.
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

    /// Takes nothing more, and sends what waits. What is not delivered within `timeout` is lost,
    /// and so are the spans that have not ended. Whether all batches were done in time.
    pub(super) fn close(&self, timeout: Duration) -> bool {
        let mut state = self.lock();
        state.phase = Phase::Closed;
        state.cut();
        self.filled.notify_one();
        let (mut state, in_time) = self.wait(state, timeout, |state| !state.unfinished.is_empty());
        let left = mem::take(&mut state.account.queue) + mem::take(&mut state.account.inflight);
        state.lose(left, Loss::Shutdown);
        let live = self.with_started(state.account).live();
        state.lose(live, Loss::AfterShutdown);
        state.phase = Phase::Sealed;
        state.full.clear();
        in_time
    }

    /// Waits for batches to be done while there are some to `wait_for`; whether that was in time.
    fn wait<'q>(
        &self,
        state: MutexGuard<'q, State>,
        timeout: Duration,
        mut wait_for: impl FnMut(&State) -> bool,
    ) -> (MutexGuard<'q, State>, bool) {
        let (state, result) = self
            .done
            .wait_timeout_while(state, timeout, |state| wait_for(state))
            .unwrap_or_else(PoisonError::into_inner);
        (state, !result.timed_out())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lose(&mut self, spans: u64, loss: Loss) {
        if self.phase != Phase::Sealed {
            self.account.lost[loss as usize] += spans;
        }
    }

    /// Ends the open batch.
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

impl Flight {
    /// Tells what became of the batch.
    pub(super) fn told(&mut self, outcome: Result<(), Loss>) {
        let spans = mem::take(&mut self.spans);
        let mut state = self.queue.lock();
        if state.phase == Phase::Sealed {
            return;
        }
        state.account.inflight -= spans;
        match outcome {
            Ok(()) => state.account.delivered += spans,
            Err(loss) => state.lose(spans, loss),
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if self.spans > 0 {
            self.told(Err(Loss::Other));
        }
        let mut state = self.queue.lock();
        state.bytes -= self.bytes;
        state.unfinished.remove(&self.number);
        drop(state);
        self.queue.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    const SPAN: &[u8] = b"a span";

    /// With batches of two spans.
    fn queue(limits: Batching) -> Arc<Queue> {
        let limits = Batching {
            max_export_batch_size: 2,
            schedule_delay: LONG,
            ..limits
        };
        Arc::new(Queue::new(limits, usize::MAX))
    }

    fn make(queue: &Queue, spans: usize) {
        for _ in 0..spans {
            queue.started();
            queue.push(SPAN);
        }
    }

    #[tokio::test]
    async fn bytes_are_held_until_the_spans_are_done() {
        let queue = queue(Batching {
            max_queue_bytes: 2 * SPAN.len(),
            ..Batching::DEFAULT
        });
        make(&queue, 3);
        assert_eq!(queue.account().lost_by(Loss::QueueFull), 1);
        let mut batch = queue.next().await.unwrap();
        make(&queue, 1);
        assert_eq!(queue.account().lost_by(Loss::QueueFull), 2);
        batch.flight.told(Ok(()));
        drop(batch);
        make(&queue, 2);
        let account = queue.account();
        assert_eq!((account.delivered, account.queue), (2, 2));
        assert_eq!(account.lost(), 2);
    }

    #[tokio::test]
    async fn a_batch_is_cut_where_the_next_span_has_no_room() {
        let limits = Batching {
            schedule_delay: LONG,
            ..Batching::DEFAULT
        };
        let queue = Arc::new(Queue::new(limits, 10));
        let spans = [
            "1",
            "22",
            "4444444",
            "999999999",
            "a span that is too large",
            "1",
        ];
        for span in spans {
            queue.push(span.as_bytes());
        }
        queue.flush(Duration::ZERO);
        for expected in [
            (3, "1224444444"),
            (1, "999999999"),
            (1, "a span that is too large"),
            (1, "1"),
        ] {
            let Spans { count, bytes } = queue.next().await.unwrap().spans;
            assert_eq!((count, str::from_utf8(&bytes).unwrap()), expected);
        }
    }

    #[tokio::test]
    async fn what_is_never_told_is_lost() {
        let queue = queue(Batching::DEFAULT);
        make(&queue, 4);
        queue.next().await.unwrap().flight.told(Ok(()));
        drop(queue.next().await);
        let account = queue.account();
        assert_eq!(account.lost_by(Loss::Other), 2);
        assert_eq!(account.inflight, 0);
        assert_eq!(
            account.to_string(),
            "spans: 4 made, 2 delivered, 2 dropped (_OTHER 2)"
        );
    }

    #[tokio::test]
    async fn a_flush_ends_when_the_outcome_of_all_is_known() {
        let queue = queue(Batching::DEFAULT);
        make(&queue, 1);
        assert!(!queue.flush(Duration::ZERO));
        let mut batch = queue
            .next()
            .await
            .expect("the batch is not full, but it was flushed");
        batch.flight.told(Err(Loss::Refused));
        assert!(!queue.flush(Duration::ZERO));
        drop(batch);
        assert!(queue.flush(LONG));
    }

    #[tokio::test]
    async fn at_the_end_each_span_is_delivered_or_lost() {
        let queue = queue(Batching::DEFAULT);
        make(&queue, 5);
        queue.started();
        let mut batch = queue.next().await.unwrap();
        assert!(!queue.close(Duration::ZERO));
        let end = "spans: 6 made, 0 delivered, 6 dropped (after_shutdown 1, shutdown 5)";
        assert_eq!(queue.account().to_string(), end);
        // What happens after the end changes nothing.
        batch.flight.told(Ok(()));
        drop(batch);
        queue.push(SPAN);
        assert_eq!(queue.account().to_string(), end);
        assert!(queue.next().await.is_none());
    }
}
