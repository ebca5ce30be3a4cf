//! The time range of statistics.

use crate::page::params::invalid;

/// The lookbacks that the page offers, in seconds.
const OFFERED: [(&str, i64); 5] = [
    ("5m", 300),
    ("1h", 3_600),
    ("12h", 12 * 3_600),
    ("2d", 48 * 3_600),
    ("30d", 720 * 3_600),
];

/// An offered lookback; they are few, so that a result is kept for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lookback(usize);

impl Lookback {
    /// The number of lookbacks.
    pub(super) const COUNT: usize = OFFERED.len();

    /// Parses a text such as `1h`, which is also the default for an empty one.
    ///
    /// # Errors
    /// A message that names the expected ones.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wanted = if text.is_empty() { "1h" } else { text };
        let index = OFFERED.iter().position(|(name, _)| *name == wanted);
        index.map(Lookback).ok_or_else(|| {
            let names = OFFERED.map(|(name, _)| name).join(", ");
            invalid("lookback", text, &format!("one of {names}"))
        })
    }

    /// The index among the offered ones.
    pub(super) fn index(self) -> usize {
        self.0
    }

    /// The range in nanoseconds.
    pub(super) fn nanoseconds(self) -> i64 {
        OFFERED[self.0].1 * 1_000_000_000
    }
}
