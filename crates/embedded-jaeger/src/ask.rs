//! Questions to a running Jaeger in Rust, and waiting for an answer.

use std::{
    fmt,
    time::{Duration, Instant},
};

use thiserror::Error;

use crate::{
    Jaeger,
    ids::TraceId,
    query::{self, TraceQuery},
    store::Store,
    trace::Trace,
};

/// The most traces in an error's text.
const MAX_TRACES: usize = 10;

/// Spans did not arrive in time, or not those that were expected.
///
/// Its text lists the spans of up to ten traces, or else the services of which spans had arrived,
/// and mentions spans that were evicted.
#[derive(Clone, Error)]
#[error("{awaited} not as expected within {waited:?}: {}", self.state())]
#[non_exhaustive]
pub struct WaitError {
    /// The traces as they were when the time was over.
    pub traces: Vec<Trace>,
    /// The names of all services of which there were spans.
    pub services: Vec<String>,
    evicted_spans: u64,
    awaited: String,
    waited: Duration,
}

/// The text: a test that returns the error shows it by this.
impl fmt::Debug for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl WaitError {
    fn state(&self) -> String {
        let mut lines = Vec::new();
        if !self.traces.is_empty() {
            lines.extend(self.traces.iter().take(MAX_TRACES).map(Trace::to_string));
            if let Some(more @ 1..) = self.traces.len().checked_sub(MAX_TRACES) {
                lines.push(format!("and {more} more traces"));
            }
        } else if !self.services.is_empty() {
            let services = self.services.join(", ");
            lines.push(format!("there are none, but other spans, of {services}"));
        } else if self.evicted_spans == 0 {
            lines.push("no spans arrived at all".to_owned());
        } else {
            lines.push("no spans are left".to_owned());
        }
        if let evicted @ 1.. = self.evicted_spans {
            lines.push(format!(
                "({evicted} spans were evicted to stay within Settings::max_memory_mib)"
            ));
        }
        lines.join("\n")
    }
}

impl Jaeger {
    /// The names of the services that have spans, sorted.
    pub fn services(&self) -> Vec<String> {
        self.store.services()
    }

    /// The names of a service's operations, sorted.
    pub fn operations(&self, service: &str) -> Vec<String> {
        query::operation_names(&self.store, service)
    }

    /// The trace with this id, if a span of it has arrived.
    pub fn trace(&self, id: TraceId) -> Option<Trace> {
        query::trace(&self.store, id)
    }

    /// The traces that a search finds, in the order of their start.
    ///
    /// # Examples
    /// ```no_run
    /// use embedded_jaeger::{Jaeger, TraceQuery};
    ///
    /// # fn f(jaeger: &Jaeger) {
    /// let failed = TraceQuery::new("shop").tag("error", true);
    /// for trace in jaeger.traces(&failed) {
    ///     println!("{trace}");
    /// }
    /// # }
    /// ```
    pub fn traces(&self, query: &TraceQuery) -> Vec<Trace> {
        query::traces(&self.store, query)
    }

    /// Waits until `done` is true for the trace with this id, and returns that trace. `done` is
    /// called for the spans that are there, and again when more have arrived, on the caller's
    /// thread.
    ///
    /// # Errors
    /// A [`WaitError`] after `timeout`; it shows the spans that had arrived.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::{fmt, time::Duration};
    ///
    /// use embedded_jaeger::{Jaeger, Settings};
    ///
    /// let jaeger = Jaeger::start(&Settings::on_free_ports()).await?;
    /// // … starts a service that sends its spans to `jaeger.grpc_endpoint()`, and calls it …
    /// let id = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
    /// let complete = |trace: &embedded_jaeger::Trace| trace.spans().len() == 3;
    /// let trace = jaeger.wait_for_trace(id, complete, Duration::from_secs(10)).await?;
    ///
    /// let request = trace.span("GET /items/{id}").ok_or("no server span")?;
    /// assert_eq!(request.service(), "shop");
    /// assert_eq!(request["http.response.status_code"], 200);
    /// assert!(!request.failed());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for_trace(
        &self,
        id: TraceId,
        done: impl Fn(&Trace) -> bool,
        timeout: Duration,
    ) -> Result<Trace, WaitError> {
        let mut count = 0;
        let changed = |store: &Store, _| {
            let now = store.span_count(id);
            std::mem::replace(&mut count, now) != now
        };
        let look = |store: &Store| query::trace(store, id).filter(|trace| done(trace));
        let found = self.wait(changed, look, timeout).await;
        found.ok_or_else(|| self.wait_error(format!("trace {id} was"), self.trace(id), timeout))
    }

    /// As [`Jaeger::wait_for_trace`], for tests that do not know the id: waits until `done` is true
    /// for the traces that a search finds, and returns these.
    ///
    /// # Errors
    /// A [`WaitError`] after `timeout`; it shows the spans that had arrived.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn f(jaeger: &embedded_jaeger::Jaeger) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// use embedded_jaeger::TraceQuery;
    ///
    /// let orders = TraceQuery::new("shop").operation("POST /orders");
    /// let timeout = Duration::from_secs(10);
    /// let traces = jaeger.wait_for_traces(&orders, |traces| traces.len() == 2, timeout).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_for_traces(
        &self,
        query: &TraceQuery,
        done: impl Fn(&[Trace]) -> bool,
        timeout: Duration,
    ) -> Result<Vec<Trace>, WaitError> {
        // `None`: too many traces got spans to be told apart.
        let changed = |store: &Store, seen| {
            query::search_since(store, seen, query).is_none_or(|ids| !ids.is_empty())
        };
        let look = |store: &Store| Some(query::traces(store, query)).filter(|traces| done(traces));
        let found = self.wait(changed, look, timeout).await;
        found.ok_or_else(|| {
            let awaited = format!("the traces of {query} were");
            self.wait_error(awaited, self.traces(query), timeout)
        })
    }

    /// Looks at once, and after arrivals unless they have not `changed` what there is since the
    /// store's count of arrivals was that number.
    async fn wait<T>(
        &self,
        mut changed: impl FnMut(&Store, u64) -> bool,
        look: impl Fn(&Store) -> Option<T>,
        timeout: Duration,
    ) -> Option<T> {
        let store = &*self.store;
        let mut arrivals = store.arrivals();
        let found = async {
            let mut seen = None;
            loop {
                let now = *arrivals.borrow_and_update();
                if seen.is_none_or(|seen| changed(store, seen)) {
                    let began = Instant::now();
                    if let Some(found) = look(store) {
                        return Some(found);
                    }
                    // Looking blocks: other tasks and the timeout get as much time as it took.
                    tokio::time::sleep(began.elapsed()).await;
                }
                seen = Some(now);
                // The store is kept by `self`: it goes on.
                arrivals.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, found).await.ok().flatten()
    }

    fn wait_error(
        &self,
        awaited: String,
        traces: impl IntoIterator<Item = Trace>,
        waited: Duration,
    ) -> WaitError {
        WaitError {
            traces: traces.into_iter().collect(),
            services: self.services(),
            evicted_spans: self.store.usage().evicted_spans,
            awaited,
            waited,
        }
    }
}
