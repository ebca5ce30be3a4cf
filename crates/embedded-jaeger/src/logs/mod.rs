//! The log lines that somebody hands to Jaeger, so that its page shows them beside their traces.
//! Bounded in bytes: the oldest leave first.
//!
//! Jaeger itself receives no logs. The program that it is embedded in calls [`Logs::push`].

mod line;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use tokio::sync::watch;

use super::model::TraceId;
pub(super) use line::Line;

/// What is kept of a line, in bytes; the rest is cut off.
const MAX_LINE: usize = 16 * 1024;
/// The most text that is found at a time, in bytes.
const MAX_FOUND: usize = 1024 * 1024;
/// What a line costs beside its texts, in bytes: itself, its place in the queue with the spare
/// room, and what the allocator adds; an estimate.
const OVERHEAD: usize = size_of::<Line>() + 80;

/// A bounded memory of log lines.
#[derive(Debug)]
pub struct Logs {
    max_bytes: usize,
    inner: RwLock<Inner>,
    arrivals: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Inner {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    next: u64,
}

/// Which lines are looked for; all that is given must hold.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) trace: Option<TraceId>,
    pub(super) service: Option<String>,
    /// Somewhere in the line as it was written, whether ASCII letters are large or small.
    pub(super) text: Option<String>,
    /// Of more lines the newest count.
    pub(super) limit: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By time; those of one time as they came.
    pub(super) lines: Vec<Arc<Line>>,
    /// Whether there are older ones, for which there was no room.
    pub(super) more: bool,
}

impl Logs {
    /// A memory of at most `max_bytes` (an estimate, the allocator's own losses are not in it).
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: RwLock::default(),
            arrivals: watch::Sender::default(),
        }
    }

    /// Adds a line of `service`, without its line break. What is no UTF-8 is replaced, and what is
    /// above 16 KiB is cut off.
    pub fn push(&self, service: &str, line: &[u8]) {
        let kept = line.get(..MAX_LINE).unwrap_or(line);
        let text = String::from_utf8_lossy(kept);
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let line = Line::read(inner.next, service, &text);
        inner.next += 1;
        inner.bytes += cost(&line);
        inner.lines.push_back(Arc::new(line));
        while inner.bytes > self.max_bytes
            && let Some(oldest) = inner.lines.pop_front()
        {
            inner.bytes = inner.bytes.saturating_sub(cost(&oldest));
        }
        drop(inner);
        self.arrivals.send_replace(());
    }

    /// The newest lines of which `query` holds.
    pub(super) fn find(&self, query: &Query) -> Found {
        // The lock is not held while texts are searched: whoever pushes would wait.
        let lines: Vec<_> = self.read().lines.iter().cloned().collect();
        let text = query.text.as_deref().map(str::to_ascii_lowercase);
        let holds = |line: &&Arc<Line>| {
            let same_trace = query.trace.is_none() || line.trace_id == query.trace;
            let service = query.service.as_deref();
            let same_service = service.is_none_or(|name| *line.service == *name);
            let says = |text: &String| line.text.to_ascii_lowercase().contains(text);
            same_trace && same_service && text.as_ref().is_none_or(says)
        };
        let mut found = Found::default();
        let mut bytes = 0;
        for line in lines.iter().rev().filter(holds) {
            bytes += line.text.len();
            if found.lines.len() == query.limit || bytes > MAX_FOUND {
                found.more = true;
                break;
            }
            found.lines.push(Arc::clone(line));
        }
        let order = |line: &Arc<Line>| (line.time_us, line.number);
        found.lines.sort_by_key(order);
        found
    }

    /// The names of the services that have lines, sorted.
    pub(super) fn services(&self) -> BTreeSet<Box<str>> {
        let inner = self.read();
        let mut names = BTreeSet::new();
        for line in &inner.lines {
            if !names.contains(&line.service) {
                names.insert(line.service.clone());
            }
        }
        names
    }

    /// The number of the trace's newest line: another one when there is a new line.
    pub(super) fn newest(&self, trace: TraceId) -> Option<u64> {
        let inner = self.read();
        let mut newest_first = inner.lines.iter().rev();
        newest_first
            .find(|line| line.trace_id == Some(trace))
            .map(|line| line.number)
    }

    /// Changes when lines have arrived. Whoever looks seldom sees many arrivals as one.
    pub(super) fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // A panic of another thread must not take this one along; the count may be off by its one
        // line.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(line: &Line) -> usize {
    line.service.len() + line.text.len() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(logs: &Logs, query: Query) -> Vec<String> {
        let query = Query {
            limit: query.limit.max(1),
            ..query
        };
        let lines = logs.find(&query).lines;
        lines.iter().map(|line| line.text.to_string()).collect()
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_leave_first() {
        let max = 100_000;
        let logs = Logs::new(max);
        for n in 0..10_000 {
            logs.push("app-a", format!("line {n}").as_bytes());
            assert!(logs.read().bytes <= max);
        }
        let inner = logs.read();
        assert!(inner.lines.len() > 100, "{}", inner.lines.len());
        let kept: usize = inner.lines.iter().map(|line| cost(line)).sum();
        assert_eq!(kept, inner.bytes);
        assert_eq!(&*inner.lines.back().unwrap().text, "line 9999");
        let oldest = 10_000 - inner.lines.len();
        let text = format!("line {oldest}");
        assert_eq!(*inner.lines.front().unwrap().text, *text);
    }

    #[test]
    fn a_giant_line_is_cut_and_bytes_that_are_no_text_are_replaced() {
        let logs = Logs::new(1024 * 1024);
        logs.push("app-a", &vec![b'x'; 10 * 1024 * 1024]);
        logs.push("app-a", b"a\xff\xfeb");
        let inner = logs.read();
        assert_eq!(inner.lines[0].text.len(), MAX_LINE);
        assert_eq!(&*inner.lines[1].text, "a\u{fffd}\u{fffd}b");
        // Each bad byte becomes three: a line of nothing else must not be three times too long for
        // the bound.
        drop(inner);
        let logs = Logs::new(20 * 1024);
        logs.push("app-a", &[0xff; MAX_LINE]);
        assert_eq!(logs.read().bytes, 0);
    }

    #[test]
    fn what_is_found_is_bounded_in_bytes_too() {
        let logs = Logs::new(16 * 1024 * 1024);
        for _ in 0..500 {
            logs.push("app-a", &[b'x'; MAX_LINE]);
        }
        let found = logs.find(&Query {
            limit: 1000,
            ..Query::default()
        });
        assert_eq!(found.lines.len(), MAX_FOUND / MAX_LINE);
        assert!(found.more);
    }

    #[test]
    fn lines_are_found_by_trace_service_and_text() {
        let logs = Logs::new(1024 * 1024);
        let with = |trace: &str, message: &str| {
            format!(
                "2026-11-22 21:00:00,123 INFO [t] [f.rs:1] [trace_id={trace} span_id=1 resource.service.name=x] - {message}"
            )
        };
        logs.push("app-a", with("0a", "Hello World").as_bytes());
        logs.push("app-b", with("0a", "io task").as_bytes());
        logs.push("app-b", with("0b", "io task").as_bytes());
        logs.push("app-b", b"panicked");
        let query = |limit| Query {
            limit,
            ..Query::default()
        };
        assert_eq!(found(&logs, query(10)).len(), 4);
        assert_eq!(found(&logs, query(1)), ["panicked"]);
        assert!(logs.find(&query(3)).more && !logs.find(&query(4)).more);
        let of_trace = Query {
            trace: TraceId::from_hex("a"),
            ..query(10)
        };
        assert_eq!(found(&logs, of_trace).len(), 2);
        let of_service = Query {
            service: Some("app-b".into()),
            text: Some("IO TASK".into()),
            ..query(10)
        };
        assert_eq!(found(&logs, of_service).len(), 2);
        assert_eq!(
            logs.newest(TraceId(0xa)),
            logs.newest(TraceId(0xb)).map(|n| n - 1)
        );
        assert_eq!(logs.newest(TraceId(1)), None);
        let names: Vec<_> = logs.services().into_iter().collect();
        assert_eq!(names, ["app-a".into(), "app-b".into()]);
    }
}
