//! The counts of its spans that a service logs when it ends.

use crate::support::process::Process;

/// The line `spans: 1234 started, 1200 delivered, 34 dropped (queue_full 30, timeout 4)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SpanCounts {
    pub(crate) started: u64,
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
    /// By reason.
    pub(crate) reasons: Vec<(String, u64)>,
}

impl SpanCounts {
    /// Reads the one such line that a process logs at its end.
    pub(crate) fn from_log(process: &Process) -> Self {
        process.wait_for("its span counts", |line| {
            let (_, span_counts) = line.split_once("] - spans: ")?;
            Self::parse(span_counts)
        })
    }

    fn parse(line: &str) -> Option<Self> {
        let (counts, reasons) = match line.split_once(" (") {
            Some((counts, reasons)) => (counts, reasons.strip_suffix(')')?),
            None => (line, ""),
        };
        let mut span_counts = Self::default();
        for count in counts.split(", ") {
            let (number, name) = count.split_once(' ')?;
            let to = match name {
                "started" => &mut span_counts.started,
                "delivered" => &mut span_counts.delivered,
                "dropped" => &mut span_counts.dropped,
                _ => return None,
            };
            *to = number.parse().ok()?;
        }
        for reason in reasons.split(", ").filter(|reason| !reason.is_empty()) {
            let (name, number) = reason.split_once(' ')?;
            span_counts
                .reasons
                .push((name.to_owned(), number.parse().ok()?));
        }
        Some(span_counts)
    }

    /// Started = delivered + dropped, and every dropped one has its reason.
    pub(crate) fn is_complete(&self) {
        assert_eq!(self.started, self.delivered + self.dropped, "{self:?}");
        let reasons: u64 = self.reasons.iter().map(|(_, spans)| spans).sum();
        assert_eq!(self.dropped, reasons, "{self:?}");
    }
}
