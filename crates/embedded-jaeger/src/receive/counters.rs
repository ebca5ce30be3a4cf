//! Counts of what each receiver stored and refused.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tracing::warn;

use crate::model::Receiver;

/// The shortest time between two log lines about refusals of one receiver, so that a sender of
/// garbage cannot fill the log.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The reason for a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// A message that does not follow the protocol, or has no spans.
    Malformed,
    /// A path, method, format or compression that is not supported.
    Unsupported,
    /// A span whose trace id or span id is zero.
    ZeroId,
    /// A message that the queue had no room for.
    QueueFull,
}

/// The messages and spans that a receiver has stored and refused since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Messages received, stored or not.
    pub messages: u64,
    /// Spans stored.
    pub spans: u64,
    /// Messages refused because they did not follow the protocol.
    pub malformed: u64,
    /// Messages refused because their path, method, format or compression is not supported.
    pub unsupported: u64,
    /// Spans refused because their trace id or span id was zero.
    pub zero_id: u64,
    /// Spans that were stored already: their sender sent them again.
    pub duplicate: u64,
    /// Messages dropped because the queue was full. Datagrams dropped by the kernel are not among
    /// them.
    pub queue_full: u64,
}

/// The running counts of one receiver.
#[derive(Debug, Default)]
pub(super) struct Counters {
    messages: AtomicU64,
    spans: AtomicU64,
    malformed: AtomicU64,
    unsupported: AtomicU64,
    zero_id: AtomicU64,
    duplicate: AtomicU64,
    queue_full: AtomicU64,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    last: Option<Instant>,
    silent: u64,
}

impl Counters {
    /// Counts a message that has been stored or refused.
    pub(super) fn done(&self) {
        self.messages.fetch_add(1, Relaxed);
    }

    /// Counts stored spans.
    pub(super) fn stored(&self, spans: usize) {
        self.spans.fetch_add(spans as u64, Relaxed);
    }

    /// Counts spans that were stored already.
    pub(super) fn duplicates(&self, spans: usize) {
        self.duplicate.fetch_add(spans as u64, Relaxed);
    }

    /// Counts a refusal, and logs it unless this receiver logged one a moment ago.
    pub(super) fn refused(&self, receiver: Receiver, reason: Reason, why: &dyn fmt::Display) {
        let counter = match reason {
            Reason::Malformed => &self.malformed,
            Reason::Unsupported => &self.unsupported,
            Reason::ZeroId => &self.zero_id,
            Reason::QueueFull => &self.queue_full,
        };
        counter.fetch_add(1, Relaxed);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.last.is_some_and(|last| last.elapsed() < LOG_INTERVAL) {
            log.silent += 1;
            return;
        }
        log.last = Some(Instant::now());
        let name = receiver.name();
        match std::mem::take(&mut log.silent) {
            0 => warn!("{name}: refused: {why}"),
            silent => warn!("{name}: refused: {why} ({silent} more since the last line)"),
        }
    }

    /// Returns the current counts.
    pub(super) fn read(&self) -> Counts {
        Counts {
            messages: self.messages.load(Relaxed),
            spans: self.spans.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            unsupported: self.unsupported.load(Relaxed),
            zero_id: self.zero_id.load(Relaxed),
            duplicate: self.duplicate.load(Relaxed),
            queue_full: self.queue_full.load(Relaxed),
        }
    }
}
