//! Tells open pages that spans or log lines have arrived. What these are they ask for themselves.
//!
//! A page that shows a trace or a search is told only of what it shows, and the latter of which
//! traces these are: with many spans a second and many pages, to repeat every search would take
//! more time than all the rest.

use std::{convert::Infallible, future::pending, mem, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header::CACHE_CONTROL},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::{StreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinError, spawn_blocking},
};
use tokio_util::sync::CancellationToken;

use super::{answer, params};
use crate::{logs::Logs, model::TraceId, query::SearchSubscription, store::Store};

/// Pages at a time; each holds one of the port's connections for as long as it is looked at.
const MAX_PAGES: usize = 64;
/// Between two messages, however many spans arrive.
const PAUSE: Duration = Duration::from_millis(500);
/// Traces that a message names; the page asks for them in one address.
const MAX_NAMED: usize = 100;

/// Proxies pass each message on as it comes: none keeps it to compress or to store it, nor (nginx)
/// until there are more.
const FOR_PROXIES: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "no-store, no-transform"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

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

async fn tell(State(live): State<Live>, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let shown = match Shown::parse(pairs) {
        Ok(shown) => shown,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    let Ok(slot) = Arc::clone(&live.slots).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let stop = live.stop.clone();
    let page = Page::new(live, shown, slot);
    let ready = page.ready();
    let news = stream::unfold((page, stop), |(mut page, stop)| async {
        let event = stop.run_until_cancelled(page.next()).await.flatten()?;
        Some((Ok::<_, Infallible>(event), (page, stop)))
    });
    let events = stream::once(async { Ok(ready) }).chain(news);
    let messages = Sse::new(events).keep_alive(KeepAlive::default());
    (FOR_PROXIES, messages).into_response()
}

/// What a page shows, by its parameters.
enum Shown {
    /// Without any: anything.
    All,
    /// With `trace`: that one.
    Trace(TraceId),
    /// With those of a search: what it finds.
    Search(Arc<SearchSubscription>),
}

impl Shown {
    fn parse(pairs: Vec<(String, String)>) -> Result<Self, String> {
        match pairs.as_slice() {
            [] => Ok(Self::All),
            [(name, id)] if name == "trace" => params::trace(id).map(Shown::Trace),
            _ => SearchSubscription::parse(pairs).map(|search| Self::Search(Arc::new(search))),
        }
    }
}

/// One page, and what it was told of.
struct Page {
    store: Arc<Store>,
    logs: Option<Arc<Logs>>,
    shown: Shown,
    spans: watch::Receiver<u64>,
    lines: Option<watch::Receiver<()>>,
    /// The arrivals at the store.
    seen: u64,
    /// Of a trace: how many spans it had, and which line was its newest.
    span_count: usize,
    newest_line: Option<u64>,
    _slot: OwnedSemaphorePermit,
}

impl Page {
    fn new(live: Live, shown: Shown, slot: OwnedSemaphorePermit) -> Self {
        let spans = live.store.arrivals();
        let seen = *spans.borrow();
        let (span_count, newest_line) = match shown {
            Shown::Trace(id) => (
                live.store.span_count(id),
                live.logs.as_deref().and_then(|logs| logs.newest(id)),
            ),
            Shown::All | Shown::Search(_) => (0, None),
        };
        Self {
            shown,
            spans,
            seen,
            span_count,
            newest_line,
            lines: live.logs.as_deref().map(Logs::arrivals),
            store: live.store,
            logs: live.logs,
            _slot: slot,
        }
    }

    /// The first message, sent at once: that messages come through, and how many spans the trace
    /// has.
    fn ready(&self) -> Event {
        let event = Event::default().comment("ready").event("ready");
        event.data(self.span_count.to_string())
    }

    /// The next message; `None` when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::time::sleep(PAUSE).await;
            let spans = tokio::select! {
                arrived = self.spans.changed() => arrived.map(|()| true),
                arrived = changed(&mut self.lines) => arrived.map(|()| false),
            };
            let event = match spans.ok()? {
                true => self.about_spans().await.ok()?,
                false => self.about_lines(),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    async fn about_spans(&mut self) -> Result<Option<Event>, JoinError> {
        let now = *self.spans.borrow_and_update();
        let seen = mem::replace(&mut self.seen, now);
        let event = Event::default().data("spans");
        Ok(match &self.shown {
            Shown::All => Some(event),
            Shown::Trace(id) => {
                let count = self.store.span_count(*id);
                (mem::replace(&mut self.span_count, count) != count).then_some(event)
            }
            Shown::Search(search) => {
                let (search, store) = (Arc::clone(search), Arc::clone(&self.store));
                // It waits for the store, and looks at all spans of each trace.
                match spawn_blocking(move || search.changed(&store, seen)).await? {
                    Some(ids) if ids.is_empty() => None,
                    Some(ids) if ids.len() <= MAX_NAMED => Some(named(&ids)),
                    _ => Some(event),
                }
            }
        })
    }

    fn about_lines(&mut self) -> Option<Event> {
        let event = Event::default().event("lines").data("lines");
        match (&self.shown, &self.logs) {
            (Shown::All, _) => Some(event),
            (Shown::Trace(id), Some(logs)) => {
                let newest = logs.newest(*id);
                (mem::replace(&mut self.newest_line, newest) != newest).then_some(event)
            }
            _ => None,
        }
    }
}

fn named(ids: &[TraceId]) -> Event {
    let ids: Vec<_> = ids.iter().map(TraceId::to_string).collect();
    Event::default().event("traces").data(ids.join(" "))
}

async fn changed(lines: &mut Option<watch::Receiver<()>>) -> Result<(), watch::error::RecvError> {
    match lines {
        Some(lines) => lines.changed().await,
        None => pending().await,
    }
}
