//! Detects equal spans by their hashes, of 64 bits with a secret key.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use super::super::model::{Process, Span};

/// The hasher, with its key.
#[derive(Debug, Default)]
pub(super) struct Hasher(RandomState);

impl Hasher {
    /// The hash of each of the spans of one message. A process that they share is looked at once.
    pub(super) fn all(&self, spans: &[Span]) -> Vec<u64> {
        let mut last: Option<(&Arc<Process>, u64)> = None;
        let mut of_process = |process| match last {
            Some((known, hash)) if Arc::ptr_eq(known, process) => hash,
            _ => {
                let hash = self.0.hash_one(process);
                last = Some((process, hash));
                hash
            }
        };
        let hash = |span| self.0.hash_one((content(span), of_process(&span.process)));
        spans.iter().map(hash).collect()
    }
}

/// The content of a span without its process.
fn content(span: &Span) -> impl Hash {
    let Span {
        trace_id,
        span_id,
        operation,
        references,
        flags,
        start_ns,
        duration_ns,
        tags,
        logs,
        process: _,
        warnings,
        receiver,
    } = span;
    let ids = (trace_id, span_id, references, flags);
    let times = (start_ns, duration_ns);
    (ids, times, operation, tags, logs, warnings, receiver)
}
