//! The account of all spans: where each is now, or what became of it.
//!
//! At every moment `started = live + queue + inflight + delivered + lost`, exactly. Its parts are
//! named as in OpenTelemetry's semantic conventions for SDK metrics.

use std::fmt;

/// Why a span was lost: the `error.type` of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// There was no room to wait: the destination is away, or too slow.
    QueueFull,
    /// It ended when nothing was taken any more, or not at all.
    AfterShutdown,
    /// The destination did not answer in time.
    Timeout,
    /// The destination answered that it does not take it.
    Refused,
    /// The destination could not be found or reached, or the connection broke.
    Unreachable,
    /// It is larger than a message may be.
    TooLarge,
    /// It was not delivered when the time of the shutdown was over.
    Shutdown,
    /// Something that is not foreseen.
    Other,
}

impl Loss {
    /// Each of them once.
    pub const ALL: [Self; 8] = [
        Self::QueueFull,
        Self::AfterShutdown,
        Self::Timeout,
        Self::Refused,
        Self::Unreachable,
        Self::TooLarge,
        Self::Shutdown,
        Self::Other,
    ];

    /// The value of the label `error_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::AfterShutdown => "after_shutdown",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::TooLarge => "too_large",
            Self::Shutdown => "shutdown",
            Self::Other => "_OTHER",
        }
    }

    /// Whether the span never came to the exporter.
    pub fn is_before_export(self) -> bool {
        matches!(self, Self::QueueFull | Self::AfterShutdown)
    }
}

/// How many spans are where, and what became of the others, at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account {
    /// Sampled spans that were begun.
    pub started: u64,
    /// Waiting to be exported.
    pub queue: u64,
    /// Being exported.
    pub inflight: u64,
    /// Taken by the destination; over UDP: by the system, and refused by nobody.
    pub delivered: u64,
    pub(super) lost: [u64; Loss::ALL.len()],
}

impl Account {
    /// Spans that were lost for this reason.
    pub fn lost_by(&self, loss: Loss) -> u64 {
        self.lost[loss as usize]
    }

    /// Spans that were lost.
    pub fn lost(&self) -> u64 {
        self.lost.iter().sum()
    }

    /// Spans that have not ended.
    pub fn live(&self) -> u64 {
        let ended = self.queue + self.inflight + self.delivered + self.lost();
        self.started.saturating_sub(ended)
    }
}

/// The line at the end of the process.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "spans: {} made, {} delivered, {} dropped",
            self.started,
            self.delivered,
            self.lost()
        )?;
        let reasons: Vec<String> = Loss::ALL
            .into_iter()
            .filter(|&loss| self.lost_by(loss) > 0)
            .map(|loss| format!("{} {}", loss.as_str(), self.lost_by(loss)))
            .collect();
        if reasons.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", reasons.join(", "))
        }
    }
}
