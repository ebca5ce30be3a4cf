//! Tells the log of a collector that cannot be reached: once when it begins, once when it is over.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
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
    since: Option<(Instant, usize)>,
    lost: usize,
}

impl Outage {
    pub(super) fn new(destination: String) -> Self {
        Self {
            destination,
            state: Mutex::default(),
        }
    }

    /// A message could not be sent, and `dropped` spans will not be tried again.
    pub(super) fn failed(&self, reason: &str, dropped: usize) {
        let mut state = self.lock();
        if state.since.is_none() {
            state.since = Some((Instant::now(), state.lost));
            warn!(
                "spans do not reach {}: {reason}; said once, until they do",
                self.destination
            );
        }
        state.lost += dropped;
    }

    /// A message was taken.
    pub(super) fn over(&self) {
        let mut state = self.lock();
        if let Some((since, lost_before)) = state.since.take() {
            info!(
                "spans reach {} again after {} s; {} were lost",
                self.destination,
                since.elapsed().as_secs(),
                state.lost - lost_before,
            );
        }
    }

    /// All spans that could not be sent so far.
    pub(super) fn lost(&self) -> usize {
        self.lock().lost
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
