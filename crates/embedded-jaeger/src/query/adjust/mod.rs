//! The adjusters that Jaeger's query service runs on a trace before it answers with it (jaeger
//! `cmd/query/app/querysvc/adjusters.go`, `model/adjuster`), in its order. They work on a copy; the
//! store keeps the spans as they arrived.

mod clock_skew;
pub(super) mod references;
pub(super) mod span_ids;
mod tags;

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use crate::model::{Span, Tag};

/// A trace for an answer. Spans with equal processes share one.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The spans of the trace.
    pub(crate) spans: Vec<Span>,
    /// For each span the tags that were moved from it to its process. A copy of the process for
    /// each span would cost its size as many times.
    pub(crate) moved_tags: Vec<Vec<Tag>>,
}

impl Trace {
    /// The trace as it was stored, with the tags of its receivers.
    pub(super) fn raw(stored: Vec<Arc<Span>>) -> Self {
        Self::as_is(received(&stored))
    }

    /// The trace without any adjustment.
    pub(super) fn as_is(mut spans: Vec<Span>) -> Self {
        let mut processes = tags::Processes::default();
        for span in &mut spans {
            span.process = processes.shared(&span.process);
        }
        let moved_tags = vec![Vec::new(); spans.len()];
        Self { spans, moved_tags }
    }

    /// The trace with all adjustments.
    pub(super) fn adjusted(stored: Vec<Arc<Span>>) -> Self {
        let mut spans = received(&stored);
        span_ids::make_unique(&mut spans);
        let mut trace = Self {
            spans,
            moved_tags: Vec::new(),
        };
        clock_skew::warn(&mut trace.spans);
        tags::adjust(&mut trace);
        trace.drop_duplicates();
        for span in &mut trace.spans {
            references::drop_invalid(span);
            references::put_parent_first(span.trace_id, &mut span.references);
        }
        trace
    }

    /// Keeps the first of equal spans. (The second already has a warning about its id that the
    /// first does not have, so only a third is dropped: as in Jaeger.)
    fn drop_duplicates(&mut self) {
        let hasher = RandomState::new();
        let mut seen = HashSet::new();
        let is_first: Vec<bool> = (self.spans.iter().zip(&self.moved_tags))
            .map(|(span, moved)| {
                // Equal processes share their memory by now; hashing their content for each span
                // could take very long.
                let process = Arc::as_ptr(&span.process).addr();
                let times = (span.start_ns, span.duration_ns);
                let content = (
                    &span.references,
                    &span.tags,
                    &span.logs,
                    &span.warnings,
                    moved,
                );
                let names = (span.span_id, &span.operation, span.flags);
                seen.insert(hasher.hash_one((names, times, content, process)))
            })
            .collect();
        let mut keep = is_first.iter();
        self.spans.retain(|_| keep.next() == Some(&true));
        let mut keep = is_first.iter();
        self.moved_tags.retain(|_| keep.next() == Some(&true));
    }
}

/// Copies of the spans with the tags that name their receivers.
fn received(stored: &[Arc<Span>]) -> Vec<Span> {
    let with_tags = |span: &Arc<Span>| {
        let mut span = Span::clone(span);
        let tags = span.receiver.tags();
        span.tags
            .extend(tags.map(|(key, value)| Tag::text(key, value)));
        span
    };
    stored.iter().map(with_tags).collect()
}

#[cfg(test)]
mod tests;
