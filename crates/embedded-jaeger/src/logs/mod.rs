//! The log lines that the page shows beside their traces, bounded in bytes: the oldest leave first.
//!
//! Jaeger itself receives no logs. The embedding program hands them in by [`Logs::push`].

mod line;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use tokio::sync::watch;

use super::model::{SpanId, TraceId};
pub(super) use line::Line;
pub use line::LogLine;

/// The most texts that one search returns, in bytes.
const MAX_FOUND: usize = 1024 * 1024;
/// The estimated memory of a line beside its texts, in bytes: itself, its place in the queue with
/// the spare capacity, and what the allocator adds.
const OVERHEAD: usize = size_of::<Line>() + 80;

/// A bounded memory of log lines, for [`Settings::logs`](crate::Settings::logs).
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use embedded_jaeger::{Jaeger, LogLine, Logs, Settings};
/// use tracing::Level;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let logs = Arc::new(Logs::new(16 * 1024 * 1024));
/// let mut settings = Settings::on_free_ports();
/// settings.logs = Some(Arc::clone(&logs));
/// let jaeger = Jaeger::start(&settings).await?;
///
/// let mut line = LogLine::new("shop", "sold out");
/// line.level = Some(Level::WARN);
/// line.trace_id = Some("4bf92f3577b34da6a3ce929d0e0e4736".parse()?);
/// logs.push(line);
/// println!("see {}/logs", jaeger.query_url());
/// # Ok(())
/// # }
/// ```
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

/// The conditions of a search for lines; all that are given must hold.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) trace: Option<TraceId>,
    pub(super) service: Option<String>,
    /// A part of the message or the target, without regard to the case of ASCII letters, or the id
    /// of the line's trace or span.
    pub(super) text: Option<String>,
    /// The number of lines at most; of more the newest are returned.
    pub(super) limit: usize,
}

/// The result of a search.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Sorted by time; lines of the same time in the order of arrival.
    pub(super) lines: Vec<Arc<Line>>,
    /// True if older lines match, too.
    pub(super) more: bool,
}

impl Logs {
    /// Creates a memory of at most `max_bytes` (an estimate without the allocator's own losses).
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            inner: RwLock::default(),
            arrivals: watch::Sender::default(),
        }
    }

    /// Adds a line. Of a message above 16 KiB the end is cut off.
    pub fn push(&self, line: LogLine) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let line = Line::new(inner.next, line);
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

    /// Returns the newest lines that match `query`.
    pub(super) fn find(&self, query: &Query) -> Found {
        // The lock is not held while texts are searched: `push` would wait.
        let lines: Vec<_> = self.read().lines.iter().cloned().collect();
        let text = query.text.as_deref().map(Text::new);
        let holds = |line: &&Arc<Line>| {
            let same_trace = query.trace.is_none() || line.trace_id == query.trace;
            let service = query.service.as_deref();
            let same_service = service.is_none_or(|name| *line.service == *name);
            same_trace && same_service && text.as_ref().is_none_or(|text| text.is_in(line))
        };
        let mut found = Found::default();
        let mut bytes = 0;
        for line in lines.iter().rev().filter(holds) {
            bytes += line.text_len();
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

    /// Returns the sorted names of the services that have lines.
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

    /// Returns the number of the trace's newest line; it changes when there is a new one.
    pub(super) fn newest(&self, trace: TraceId) -> Option<u64> {
        let inner = self.read();
        let mut newest_first = inner.lines.iter().rev();
        newest_first
            .find(|line| line.trace_id == Some(trace))
            .map(|line| line.number)
    }

    /// Notifies of new lines. A receiver that looks seldom sees many arrivals as one.
    pub(super) fn arrivals(&self) -> watch::Receiver<()> {
        self.arrivals.subscribe()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // A panic in another thread must not stop this one; the count may be off by one line.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(line: &Line) -> usize {
    line.text_len() + OVERHEAD
}

/// A searched text, prepared once for all lines.
struct Text {
    lowercase: String,
    trace: Option<TraceId>,
    span: Option<SpanId>,
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            lowercase: text.to_ascii_lowercase(),
            trace: text.parse().ok(),
            span: text.parse().ok(),
        }
    }

    fn is_in(&self, line: &Line) -> bool {
        let is_id = (self.trace.is_some() && line.trace_id == self.trace)
            || (self.span.is_some() && line.span_id == self.span);
        let is_part_of = |text: &str| text.to_ascii_lowercase().contains(&self.lowercase);
        is_id || is_part_of(&line.message) || line.target.as_deref().is_some_and(is_part_of)
    }
}

#[cfg(test)]
mod tests {
    use super::{line::MAX_MESSAGE, *};

    fn push(logs: &Logs, service: &str, message: &str) {
        logs.push(LogLine::new(service, message));
    }

    fn found(logs: &Logs, query: Query) -> Vec<String> {
        let query = Query {
            limit: query.limit.max(1),
            ..query
        };
        let lines = logs.find(&query).lines;
        lines.iter().map(|line| line.message.to_string()).collect()
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_leave_first() {
        let max = 100_000;
        let logs = Logs::new(max);
        for n in 0..10_000 {
            push(&logs, "app-a", &format!("line {n}"));
            assert!(logs.read().bytes <= max);
        }
        let inner = logs.read();
        assert!(inner.lines.len() > 100, "{}", inner.lines.len());
        let kept: usize = inner.lines.iter().map(|line| cost(line)).sum();
        assert_eq!(kept, inner.bytes);
        assert_eq!(&*inner.lines.back().unwrap().message, "line 9999");
        let oldest = 10_000 - inner.lines.len();
        let text = format!("line {oldest}");
        assert_eq!(*inner.lines.front().unwrap().message, *text);
    }

    #[test]
    fn a_giant_message_is_cut_between_two_characters() {
        let logs = Logs::new(1024 * 1024);
        push(&logs, "app-a", &"x".repeat(10 * 1024 * 1024));
        push(&logs, "app-a", &"€".repeat(MAX_MESSAGE));
        let inner = logs.read();
        assert_eq!(inner.lines[0].message.len(), MAX_MESSAGE);
        assert_eq!(*inner.lines[1].message, *"€".repeat(MAX_MESSAGE / 3));
    }

    #[test]
    fn what_is_found_is_bounded_in_bytes_too() {
        let logs = Logs::new(16 * 1024 * 1024);
        for _ in 0..500 {
            push(&logs, "app-a", &"x".repeat(MAX_MESSAGE));
        }
        let found = logs.find(&Query {
            limit: 1000,
            ..Query::default()
        });
        assert_eq!(found.lines.len(), MAX_FOUND / (MAX_MESSAGE + "app-a".len()));
        assert!(found.more);
    }

    #[test]
    fn lines_are_found_by_trace_service_target_and_text() {
        let logs = Logs::new(1024 * 1024);
        for (service, trace, message) in [
            ("app-a", 0xa, "Hello World"),
            ("app-b", 0xa, "io task"),
            ("app-b", 0xb, "io task"),
        ] {
            let mut line = LogLine::new(service, message);
            line.trace_id = Some(TraceId(trace));
            line.span_id = Some(SpanId(trace as u64 + 0x10));
            line.target = Some(format!("{}::Server", service.replace('-', "_")));
            logs.push(line);
        }
        push(&logs, "app-b", "panicked");
        let query = |limit| Query {
            limit,
            ..Query::default()
        };
        let text = |text: &str| Query {
            text: Some(text.into()),
            ..query(10)
        };
        assert_eq!(found(&logs, query(10)).len(), 4);
        assert_eq!(found(&logs, query(1)), ["panicked"]);
        assert!(logs.find(&query(3)).more && !logs.find(&query(4)).more);
        let of_trace = Query {
            trace: Some(TraceId(0xa)),
            ..query(10)
        };
        assert_eq!(found(&logs, of_trace).len(), 2);
        let of_service = Query {
            service: Some("app-b".into()),
            ..text("IO TASK")
        };
        assert_eq!(found(&logs, of_service).len(), 2);
        assert_eq!(found(&logs, text("world")), ["Hello World"]);
        assert_eq!(found(&logs, text("APP_A::server")), ["Hello World"]);
        assert_eq!(found(&logs, text("000A")).len(), 2);
        assert_eq!(found(&logs, text("000000000000001B")), ["io task"]);
        assert_eq!(
            logs.newest(TraceId(0xa)),
            logs.newest(TraceId(0xb)).map(|n| n - 1)
        );
        assert_eq!(logs.newest(TraceId(1)), None);
        let names: Vec<_> = logs.services().into_iter().collect();
        assert_eq!(names, ["app-a".into(), "app-b".into()]);
    }

    #[test]
    fn times_before_1970_are_negative() {
        let logs = Logs::new(1024 * 1024);
        let mut line = LogLine::new("app-a", "old");
        line.time = std::time::UNIX_EPOCH - std::time::Duration::from_micros(5);
        logs.push(line);
        assert_eq!(logs.read().lines[0].time_us, -5);
    }
}
