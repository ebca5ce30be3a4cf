//! Tells the log of a collector that cannot be reached or is too slow, and of spans that are too
//! large for it: once when it begins, once when it is over.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{info, warn};

/// The state of the way to one destination.
#[derive(Debug)]
pub(super) struct Outage {
    destination: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the outage began, and how many spans had been lost before it.
    since: Option<(Instant, u64)>,
    /// When a message was taken last.
    taken: Option<Instant>,
    too_slow: Losses,
    too_large: Losses,
}

/// Spans that are lost for one reason, though messages are taken.
#[derive(Debug, Default)]
struct Losses {
    /// How many there have been.
    seen: u64,
    /// When the last ones were seen, and how many there had been before the first.
    since: Option<(Instant, u64)>,
}

/// How long no span must have been lost to say that it is over: a queue that is full at times is
/// one thing, not many.
const CALM: Duration = Duration::from_secs(5);

impl Outage {
    pub(super) fn new(destination: String) -> Self {
        Self {
            destination,
            state: Mutex::default(),
        }
    }

    /// A message whose sending had `begun` then could not be sent; so many spans were `lost` so
    /// far.
    pub(super) fn failed(&self, begun: Instant, reason: &str, lost: u64) {
        let mut state = self.lock();
        // Messages are sent side by side: this one may tell of an outage that is over.
        if state.since.is_none() && state.taken.is_none_or(|taken| taken < begun) {
            state.since = Some((Instant::now(), lost));
            warn!(
                "spans do not reach {}: {reason}; said once, until they do",
                self.destination
            );
        }
    }

    /// A message was taken; so many spans were `lost` so far, and so many of them found no `room`.
    pub(super) fn over(&self, lost: u64, room: u64) {
        let mut state = self.lock();
        state.taken = Some(Instant::now());
        let Some((since, lost_before)) = state.since.take() else {
            state
                .too_slow
                .seen(room, || format!("{} is too slow", self.destination));
            return;
        };
        // What was lost meanwhile is said here.
        state.too_slow.seen = room;
        info!(
            "spans reach {} again after {} s; {} were lost",
            self.destination,
            since.elapsed().as_secs(),
            lost - lost_before,
        );
    }

    /// A batch is about to be sent; so many spans were too large for any message so far.
    pub(super) fn too_large(&self, lost: u64) {
        let reason = || format!("larger than a message to {} may be", self.destination);
        self.lock().too_large.seen(lost, reason);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Losses {
    /// So many spans were lost for this reason so far.
    fn seen(&mut self, lost: u64, reason: impl FnOnce() -> String) {
        let more = lost > self.seen;
        match &mut self.since {
            None if more => {
                warn!("spans are lost: {}; said once, until none is", reason());
                self.since = Some((Instant::now(), self.seen));
            }
            Some((last, _)) if more => *last = Instant::now(),
            Some((last, before)) if last.elapsed() >= CALM => {
                info!("no span is lost any more; {} were", lost - *before);
                self.since = None;
            }
            _ => {}
        }
        self.seen = lost;
    }
}
