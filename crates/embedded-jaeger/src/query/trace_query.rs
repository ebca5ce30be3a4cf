//! A search for traces.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::ids::TraceId;

/// A search for the traces of a service: a trace is found if one of its spans meets all conditions.
///
/// Unlike the HTTP API it looks by default at all times and returns all traces that it finds.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use embedded_jaeger::TraceQuery;
///
/// let slow_orders = TraceQuery::new("shop")
///     .operation("POST /orders")
///     .tag("http.response.status_code", 201)
///     .min_duration(Duration::from_millis(500));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceQuery {
    /// With ids, every other condition is ignored.
    pub(super) trace_ids: Vec<TraceId>,
    pub(super) service: String,
    pub(super) operation: Option<String>,
    /// Nanoseconds since 1970, as `end`.
    pub(super) start: i64,
    pub(super) end: i64,
    /// Nanoseconds, as `max_duration`.
    pub(super) min_duration: Option<i64>,
    pub(super) max_duration: Option<i64>,
    pub(super) tags: HashMap<String, String>,
    /// `None`: all of them.
    pub(super) limit: Option<usize>,
}

impl TraceQuery {
    /// All traces with a span of this service.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            trace_ids: Vec::new(),
            service: service.into(),
            operation: None,
            start: i64::MIN,
            end: i64::MAX,
            min_duration: None,
            max_duration: None,
            tags: HashMap::new(),
            limit: None,
        }
    }

    /// The span has this name.
    pub fn operation(mut self, name: impl Into<String>) -> Self {
        self.operation = Some(name.into());
        self
    }

    /// The span, its process or one of its events has a tag with this key, whose value has this
    /// text. One key has one value: a second call with the same key replaces the first.
    ///
    /// Jaeger writes some floating-point numbers in another way than Rust, such as `1e-07`; a
    /// [`Value`](crate::Value) is written as Jaeger writes it.
    pub fn tag(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        self.tags.insert(key.into(), value.to_string());
        self
    }

    /// The span starts at this time or later.
    pub fn start_min(mut self, time: SystemTime) -> Self {
        self.start = since_1970(time);
        self
    }

    /// The span starts at this time or earlier.
    pub fn start_max(mut self, time: SystemTime) -> Self {
        self.end = since_1970(time);
        self
    }

    /// The span takes this long or longer.
    pub fn min_duration(mut self, duration: Duration) -> Self {
        self.min_duration = Some(nanoseconds(duration));
        self
    }

    /// The span takes this long or less.
    pub fn max_duration(mut self, duration: Duration) -> Self {
        self.max_duration = Some(nanoseconds(duration));
        self
    }

    /// At most so many traces are returned, those that start last.
    pub fn limit(mut self, traces: usize) -> Self {
        self.limit = Some(traces);
        self
    }
}

impl fmt::Display for TraceQuery {
    /// Writes the conditions on the span but for its start, for error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service {}", self.service)?;
        if let Some(name) = &self.operation {
            write!(f, ", operation {name}")?;
        }
        let tags: BTreeMap<_, _> = self.tags.iter().collect();
        tags.iter()
            .try_for_each(|(key, value)| write!(f, ", tag {key}={value}"))?;
        let bounds = [
            ("at least", self.min_duration),
            ("at most", self.max_duration),
        ];
        for (bound, nanoseconds) in bounds {
            if let Some(nanoseconds) = nanoseconds {
                let duration = Duration::from_nanos(nanoseconds.try_into().unwrap_or_default());
                write!(f, ", {bound} {duration:?}")?;
            }
        }
        Ok(())
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970. No stored span starts earlier.
fn since_1970(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(-1, nanoseconds)
}
