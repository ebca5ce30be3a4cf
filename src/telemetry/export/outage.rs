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
    since: Option<(Instant, u64)>,
    /// When a message was taken last.
    taken: Option<Instant>,
}

impl Outage {
    pub(super) fn new(destination: String) -> Self {
        Self {
            destination,
            state: Mutex::default(),
        }
    }

    /// A message whose sending had `begun` then could not be sent; so many spans were `lost` so far.
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

    /// A message was taken; so many spans were `lost` so far.
    pub(super) fn over(&self, lost: u64) {
        let mut state = self.lock();
        state.taken = Some(Instant::now());
        if let Some((since, lost_before)) = state.since.take() {
            info!(
                "spans reach {} again after {} s; {} were lost",
                self.destination,
                since.elapsed().as_secs(),
                lost - lost_before,
            );
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
