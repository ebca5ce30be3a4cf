//! Counts of all spans: where each is now, or what became of it.
//!
//! At every moment `started = live + queued + in_flight + delivered + dropped`, exactly. The parts
//! are named as in OpenTelemetry's semantic conventions for SDK metrics.

use std::fmt;

/// The reason why a span was dropped: `error.type` in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full: the destination is away, or too slow.
    QueueFull,
    /// The span ended after the shutdown began, or never.
    AfterShutdown,
    /// The span is larger than a message may be.
    TooLarge,
    /// The destination did not answer in time.
    Timeout,
    /// The destination refused the message.
    Refused,
    /// The destination could not be resolved or reached, or the connection broke.
    Unreachable,
    /// The span was not delivered before the deadline of the shutdown.
    Shutdown,
    /// An unforeseen error.
    Other,
}

impl DropReason {
    /// Every reason. A slice, since there may be more of them in another version.
    pub const ALL: &[Self] = &[
        Self::QueueFull,
        Self::AfterShutdown,
        Self::TooLarge,
        Self::Timeout,
        Self::Refused,
        Self::Unreachable,
        Self::Shutdown,
        Self::Other,
    ];

    /// The value of the label `error_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::AfterShutdown => "after_shutdown",
            Self::TooLarge => "too_large",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Shutdown => "shutdown",
            Self::Other => "_OTHER",
        }
    }

    /// Returns true if the span was dropped before it reached the exporter.
    pub fn is_before_export(self) -> bool {
        matches!(self, Self::QueueFull | Self::AfterShutdown | Self::TooLarge)
    }
}

/// Counts of sampled spans at one moment. Every span is counted in exactly one state.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpanCounts {
    pub(super) started: u64,
    pub(super) queued: u64,
    pub(super) in_flight: u64,
    pub(super) delivered: u64,
    /// By [`DropReason`].
    pub(super) dropped: [u64; DropReason::ALL.len()],
}

impl SpanCounts {
    /// All spans that were started.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Spans that have not ended.
    pub fn live(&self) -> u64 {
        let ended = self.queued + self.in_flight + self.delivered + self.dropped();
        self.started.saturating_sub(ended)
    }

    /// Spans that wait in the queue.
    pub fn queued(&self) -> u64 {
        self.queued
    }

    /// Spans that are being sent, or wait for a retry.
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Spans that the destination accepted. UDP has no confirmation: there, spans whose datagram
    /// the kernel sent and no host refused.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Spans that were dropped, for any reason.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Spans that were dropped for `reason`.
    pub fn dropped_by(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }
}

/// The last log line of a process: `spans: 10 started, 8 delivered, 2 dropped (timeout 2)`.
impl fmt::Display for SpanCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "spans: {} started, {} delivered, {} dropped",
            self.started,
            self.delivered,
            self.dropped()
        )?;
        let reasons: Vec<String> = DropReason::ALL
            .iter()
            .map(|&reason| (reason.as_str(), self.dropped_by(reason)))
            .filter(|&(_, count)| count > 0)
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        if reasons.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", reasons.join(", "))
        }
    }
}
