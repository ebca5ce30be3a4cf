//! Log lines about delivery: a destination that is unreachable or too slow, and spans that are too
//! large for it. Each problem is logged when it begins and when it ends, not for every span.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::counts::{DropReason, SpanCounts};

/// Logs the problems of one destination.
#[derive(Debug)]
pub(super) struct DeliveryLog {
    destination: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    outage: Option<Outage>,
    /// The time of the last delivery.
    delivered_at: Option<Instant>,
    too_slow: Losses,
    too_large: Losses,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    dropped_before: u64,
}

/// Spans that are dropped for one reason while others are delivered.
#[derive(Debug, Default)]
struct Losses {
    /// The number at the last look.
    count: u64,
    ongoing: Option<OngoingLoss>,
}

#[derive(Debug)]
struct OngoingLoss {
    last: Instant,
    count_before: u64,
}

/// Quiet period after which a loss counts as over, so that an intermittently full queue is reported
/// once.
const QUIET_PERIOD: Duration = Duration::from_secs(5);

impl DeliveryLog {
    /// `destination` is its name in log lines.
    pub(super) fn new(destination: String) -> Self {
        Self {
            destination,
            state: Mutex::default(),
        }
    }

    /// Records a failed attempt that began at `begun`.
    pub(super) fn failed(&self, begun: Instant, error: &str, counts: &SpanCounts) {
        let mut state = self.lock();
        // Messages are sent concurrently: this one may belong to an outage that is over.
        let is_new = state.delivered_at.is_none_or(|at| at < begun);
        if state.outage.is_none() && is_new {
            state.outage = Some(Outage {
                since: Instant::now(),
                dropped_before: counts.dropped(),
            });
            warn!(
                "spans do not reach {}: {error}; further failures are not logged until it recovers",
                self.destination
            );
        }
    }

    /// Records a delivery.
    pub(super) fn delivered(&self, counts: &SpanCounts) {
        let mut state = self.lock();
        state.delivered_at = Some(Instant::now());
        let queue_full = counts.dropped_by(DropReason::QueueFull);
        if let Some(outage) = state.outage.take() {
            info!(
                "spans reach {} again after {} s; {} lost",
                self.destination,
                outage.since.elapsed().as_secs(),
                counts.dropped() - outage.dropped_before,
            );
            // These are part of the number above.
            state.too_slow.count = queue_full;
        } else {
            let reason = || format!("{} is too slow", self.destination);
            state.too_slow.update(queue_full, reason);
        }
        self.update_too_large(&mut state, counts);
    }

    /// Records that a span was too large for any message.
    pub(super) fn too_large(&self, counts: &SpanCounts) {
        self.update_too_large(&mut self.lock(), counts);
    }

    fn update_too_large(&self, state: &mut State, counts: &SpanCounts) {
        let reason = || format!("larger than a message to {} may be", self.destination);
        let count = counts.dropped_by(DropReason::TooLarge);
        state.too_large.update(count, reason);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Losses {
    fn update(&mut self, count: u64, reason: impl FnOnce() -> String) {
        let grew = count > self.count;
        match &mut self.ongoing {
            None if grew => {
                warn!(
                    "spans are lost: {}; further losses are not logged until they stop",
                    reason()
                );
                self.ongoing = Some(OngoingLoss {
                    last: Instant::now(),
                    count_before: self.count,
                });
            }
            Some(loss) if grew => loss.last = Instant::now(),
            Some(loss) if loss.last.elapsed() >= QUIET_PERIOD => {
                info!("span loss stopped; {} lost", count - loss.count_before);
                self.ongoing = None;
            }
            _ => {}
        }
        self.count = count;
    }
}
