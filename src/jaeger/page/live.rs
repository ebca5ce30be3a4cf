//! Tells open pages that spans or log lines have arrived. What these are they ask for themselves.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::answer;
use crate::jaeger::logs::Logs;
use crate::jaeger::model::TraceId;
use crate::jaeger::store::Store;

/// Pages at a time; each holds one of the port's connections for as long as it is looked at.
const MAX_PAGES: usize = 64;
/// Between two messages, however many spans arrive: a page that is told asks for all it shows.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Clone)]
struct Live {
    store: Arc<Store>,
    logs: Option<Arc<Logs>>,
    stop: CancellationToken,
    slots: Arc<Semaphore>,
}

/// The route, whose answers end at `stop`.
pub(super) fn router(
    store: Arc<Store>,
    logs: Option<Arc<Logs>>,
    stop: CancellationToken,
) -> Router {
    let slots = Arc::new(Semaphore::new(MAX_PAGES));
    let live = Live {
        store,
        logs,
        stop,
        slots,
    };
    Router::new()
        .route("/page/live", get(tell))
        .with_state(live)
}

#[derive(Deserialize)]
struct Params {
    /// Tell of this trace alone.
    trace: Option<String>,
}

async fn tell(State(live): State<Live>, params: Result<Query<Params>, QueryRejection>) -> Response {
    let asked = params.ok().and_then(|Query(params)| params.trace);
    let trace = match asked.as_deref().map(|id| TraceId::from_hex(id).ok_or(id)) {
        Some(Err(id)) => {
            let message =
                format!("trace is {id:?}; allowed is an id of 1 to 32 hexadecimal digits");
            return answer::error(StatusCode::BAD_REQUEST, &message);
        }
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let Ok(slot) = Arc::clone(&live.slots).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let stop = live.stop.clone();
    let start = (Watch::new(live, trace), stop, slot);
    let events = stream::unfold(start, |(mut watch, stop, slot)| async {
        let event = stop.run_until_cancelled(watch.next()).await.flatten()?;
        Some((Ok::<_, Infallible>(event), (watch, stop, slot)))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// What one page looks at.
struct Watch {
    live: Live,
    trace: Option<TraceId>,
    spans: watch::Receiver<()>,
    lines: Option<watch::Receiver<()>>,
    /// Of the trace: how many spans it had, and which line was its newest, when the page was told.
    known_spans: usize,
    known_line: Option<u64>,
}

impl Watch {
    fn new(live: Live, trace: Option<TraceId>) -> Self {
        let spans = live.store.arrivals();
        let lines = live.logs.as_deref().map(Logs::arrivals);
        let mut watch = Watch {
            live,
            trace,
            spans,
            lines,
            known_spans: 0,
            known_line: None,
        };
        watch.has_new_spans();
        watch.has_new_lines();
        watch
    }

    /// A message without a name for spans, and one with the name `lines` for log lines; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::time::sleep(PAUSE).await;
            let spans = tokio::select! {
                arrived = self.spans.changed() => arrived.map(|()| true),
                arrived = changed(&mut self.lines) => arrived.map(|()| false),
            };
            match spans.ok()? {
                true if self.has_new_spans() => return Some(Event::default().data("spans")),
                false if self.has_new_lines() => {
                    return Some(Event::default().event("lines").data("lines"));
                }
                _ => {}
            }
        }
    }

    fn has_new_spans(&mut self) -> bool {
        let Some(trace) = self.trace else { return true };
        let count = self.live.store.span_count(trace);
        std::mem::replace(&mut self.known_spans, count) != count
    }

    fn has_new_lines(&mut self) -> bool {
        let (Some(trace), Some(logs)) = (self.trace, &self.live.logs) else {
            return true;
        };
        let newest = logs.newest(trace);
        std::mem::replace(&mut self.known_line, newest) != newest
    }
}

async fn changed(lines: &mut Option<watch::Receiver<()>>) -> Result<(), watch::error::RecvError> {
    match lines {
        Some(lines) => lines.changed().await,
        None => pending().await,
    }
}
