//! The traces that got spans lately, so that a subscriber can check only what changed.

use std::collections::{HashSet, VecDeque};

use super::super::model::TraceId;

/// The number of spans that are remembered: 128 KiB.
const LENGTH: usize = 8_192;

/// The last arrivals: the trace id of each span.
#[derive(Debug, Default)]
pub(super) struct Recent {
    last: VecDeque<TraceId>,
    count: u64,
}

impl Recent {
    /// Records the arrival of a span of this trace.
    pub(super) fn add(&mut self, id: TraceId) {
        self.count += 1;
        if self.last.len() == LENGTH {
            self.last.pop_front();
        }
        self.last.push_back(id);
    }

    /// The number of all arrivals.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The traces of the arrivals after the first `count`, each once; `None` when not all of them
    /// are remembered.
    pub(super) fn since(&self, count: u64) -> Option<HashSet<TraceId>> {
        let new = usize::try_from(self.count.saturating_sub(count)).ok()?;
        let start = self.last.len().checked_sub(new)?;
        Some(self.last.range(start..).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_since_is_known_until_it_is_too_much() {
        let mut recent = Recent::default();
        for id in [1, 2, 2, 3, 2] {
            recent.add(TraceId(id));
        }
        let since = |recent: &Recent, count| {
            let ids = recent.since(count)?.into_iter().map(|id| id.0);
            Some(ids.collect::<std::collections::BTreeSet<_>>())
        };
        assert_eq!(since(&recent, 0), Some([1, 2, 3].into()));
        assert_eq!(since(&recent, 3), Some([2, 3].into()));
        assert_eq!(since(&recent, 5), Some([].into()));

        let many = LENGTH as u128;
        (0..many).for_each(|id| recent.add(TraceId(id)));
        assert_eq!(recent.last.len(), LENGTH);
        assert_eq!(since(&recent, 4), None);
        assert_eq!(since(&recent, 5), Some((0..many).collect()));
    }
}
