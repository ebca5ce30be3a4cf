//! Server-sent events that notify open pages of new spans and log lines. The pages then ask for
//! them.
//!
//! A trace page is notified only of its trace; a search page gets the ids of the traces that match.
//! With many spans a second and many pages, repeating each search would take more time than
//! everything else.

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

/// Maximum number of connected pages; each holds one of the port's connections.
const MAX_PAGES: usize = 64;
/// Pause between two messages to a page, however many spans arrive.
const PAUSE: Duration = Duration::from_millis(500);
/// Maximum number of ids in a message; the page asks for them in one address.
const MAX_IDS: usize = 100;
/// Pause after which a keep-alive is sent. The page reconnects when three of them are missing; the
/// time for that is in `live.js`.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Headers that keep a proxy from holding messages back, be it to compress or store them, or (nginx)
/// to fill a buffer.
const UNBUFFERED: [(HeaderName, &str); 2] = [
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

/// The route of the events, which end at `stop`.
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
        .route("/page/live", get(follow))
        .with_state(live)
}

async fn follow(State(live): State<Live>, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let topic = match Topic::parse(pairs) {
        Ok(topic) => topic,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    let Ok(slot) = Arc::clone(&live.slots).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let stop = live.stop.clone();
    let subscriber = Subscriber::new(live, topic, slot);
    let ready = subscriber.ready();
    let news = stream::unfold((subscriber, stop), |(mut subscriber, stop)| async {
        let event = stop
            .run_until_cancelled(subscriber.next())
            .await
            .flatten()?;
        Some((Ok::<_, Infallible>(event), (subscriber, stop)))
    });
    let events = stream::once(async { Ok(ready) }).chain(news);
    // An event rather than a comment, which a script cannot see.
    let keep_alive = Event::default().event("keep-alive").data("keep-alive");
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).event(keep_alive);
    (UNBUFFERED, Sse::new(events).keep_alive(keep_alive)).into_response()
}

/// The subject of a page's events, from its parameters.
enum Topic {
    /// All spans and log lines; without parameters.
    All,
    /// A single trace; with `trace`.
    Trace(TraceId),
    /// The traces that a search finds; with the parameters of one.
    Search(Arc<SearchSubscription>),
}

impl Topic {
    fn parse(pairs: Vec<(String, String)>) -> Result<Self, String> {
        match pairs.as_slice() {
            [] => Ok(Self::All),
            [(name, id)] if name == "trace" => params::trace(id).map(Self::Trace),
            _ => SearchSubscription::parse(pairs).map(|search| Self::Search(Arc::new(search))),
        }
    }
}

/// A connected page, and the state of which it was last notified.
struct Subscriber {
    store: Arc<Store>,
    logs: Option<Arc<Logs>>,
    topic: Topic,
    spans: watch::Receiver<u64>,
    lines: Option<watch::Receiver<()>>,
    /// The store's number of arrivals.
    arrivals: u64,
    /// The number of spans of the trace, if there is one.
    span_count: usize,
    /// The newest line of the trace, if there is one.
    newest_line: Option<u64>,
    _slot: OwnedSemaphorePermit,
}

impl Subscriber {
    fn new(live: Live, topic: Topic, slot: OwnedSemaphorePermit) -> Self {
        let spans = live.store.arrivals();
        let arrivals = *spans.borrow();
        let (span_count, newest_line) = match topic {
            Topic::Trace(id) => (
                live.store.span_count(id),
                live.logs.as_deref().and_then(|logs| logs.newest(id)),
            ),
            Topic::All | Topic::Search(_) => (0, None),
        };
        Self {
            topic,
            spans,
            arrivals,
            span_count,
            newest_line,
            lines: live.logs.as_deref().map(Logs::arrivals),
            store: live.store,
            logs: live.logs,
            _slot: slot,
        }
    }

    /// The first event, sent at once: it shows that events come through, and has the number of spans
    /// of the trace.
    fn ready(&self) -> Event {
        let event = Event::default().comment("ready").event("ready");
        event.data(self.span_count.to_string())
    }

    /// The next event; `None` when no more will come.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::time::sleep(PAUSE).await;
            let spans = tokio::select! {
                arrived = self.spans.changed() => arrived.map(|()| true),
                arrived = changed(&mut self.lines) => arrived.map(|()| false),
            };
            let event = match spans.ok()? {
                true => self.spans_event().await.ok()?,
                false => self.lines_event(),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// The event for new spans; `None` if they do not concern the page.
    async fn spans_event(&mut self) -> Result<Option<Event>, JoinError> {
        let now = *self.spans.borrow_and_update();
        let before = mem::replace(&mut self.arrivals, now);
        let event = Event::default().data("spans");
        Ok(match &self.topic {
            Topic::All => Some(event),
            Topic::Trace(id) => {
                let count = self.store.span_count(*id);
                (mem::replace(&mut self.span_count, count) != count).then_some(event)
            }
            Topic::Search(search) => {
                let (search, store) = (Arc::clone(search), Arc::clone(&self.store));
                // It blocks on the store, and looks at all spans of each trace.
                match spawn_blocking(move || search.changed(&store, before)).await? {
                    Some(ids) if ids.is_empty() => None,
                    Some(ids) if ids.len() <= MAX_IDS => Some(traces_event(&ids)),
                    _ => Some(event),
                }
            }
        })
    }

    /// The event for new log lines; `None` if they do not concern the page.
    fn lines_event(&mut self) -> Option<Event> {
        let event = Event::default().event("lines").data("lines");
        match (&self.topic, &self.logs) {
            (Topic::All, _) => Some(event),
            (Topic::Trace(id), Some(logs)) => {
                let newest = logs.newest(*id);
                (mem::replace(&mut self.newest_line, newest) != newest).then_some(event)
            }
            _ => None,
        }
    }
}

fn traces_event(ids: &[TraceId]) -> Event {
    let ids: Vec<_> = ids.iter().map(TraceId::to_string).collect();
    Event::default().event("traces").data(ids.join(" "))
}

async fn changed(lines: &mut Option<watch::Receiver<()>>) -> Result<(), watch::error::RecvError> {
    match lines {
        Some(lines) => lines.changed().await,
        None => pending().await,
    }
}
