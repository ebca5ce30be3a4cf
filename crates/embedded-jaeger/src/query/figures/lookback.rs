//! How far the figures look back.

/// What the page offers, with seconds.
const OFFERED: [(&str, i64); 5] = [
    ("5m", 300),
    ("1h", 3_600),
    ("12h", 12 * 3_600),
    ("2d", 48 * 3_600),
    ("30d", 720 * 3_600),
];

/// One of the few lookbacks that are offered, so that answers can be kept for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Lookback(usize);

impl Lookback {
    /// How many there are.
    pub(in super::super) const COUNT: usize = OFFERED.len();

    /// Of a text such as `1h`, which is also meant by an empty one.
    ///
    /// # Errors
    /// A message that names what is allowed.
    pub(in super::super) fn parse(text: &str) -> Result<Self, String> {
        let wanted = if text.is_empty() { "1h" } else { text };
        let index = OFFERED.iter().position(|(name, _)| *name == wanted);
        index.map(Lookback).ok_or_else(|| {
            let names = OFFERED.map(|(name, _)| name).join(", ");
            format!("parameter 'lookback' is {text:?}, and may be one of {names}")
        })
    }

    /// Its place among those that are offered.
    pub(in super::super) fn index(self) -> usize {
        self.0
    }

    /// Nanoseconds.
    pub(in super::super) fn nanoseconds(self) -> i64 {
        OFFERED[self.0].1 * 1_000_000_000
    }
}
