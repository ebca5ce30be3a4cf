//! Tells open pages that spans have arrived. What these are they ask the query API, as for any search.
//!
//! A page that shows a search is told only of what its search finds, and of which traces these are: with many spans a second and many
//! pages, to repeat every search would take more time than all the rest.

use std::convert::Infallible;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::jaeger::model::TraceId;
use crate::jaeger::query::Watch;
use crate::jaeger::store::Store;

/// Pages at a time; each holds one of the port's connections for as long as it is looked at.
const MAX_PAGES: usize = 64;
/// Between two messages, however many spans arrive.
const PAUSE: Duration = Duration::from_millis(500);
/// Traces that a message names; the page asks for them in one address.
const MAX_NAMED: usize = 100;

#[derive(Debug, Clone)]
struct Live {
    store: Arc<Store>,
    stop: CancellationToken,
    slots: Arc<Semaphore>,
}

/// The route, whose answers end at `stop`.
pub(super) fn router(store: Arc<Store>, stop: CancellationToken) -> Router {
    let slots = Arc::new(Semaphore::new(MAX_PAGES));
    Router::new()
        .route("/page/live", get(live))
        .with_state(Live { store, stop, slots })
}

/// With the parameters of a search: its traces that change. Without: that anything arrived.
async fn live(State(live): State<Live>, Query(pairs): Query<Vec<(String, String)>>) -> Response {
    let search = match pairs.is_empty() {
        true => None,
        false => match Watch::parse(pairs) {
            Ok(search) => Some(Arc::new(search)),
            Err(message) => return (StatusCode::BAD_REQUEST, message).into_response(),
        },
    };
    let Ok(slot) = live.slots.try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let arrivals = live.store.arrivals();
    let seen = *arrivals.borrow();
    let page = Page {
        seen,
        arrivals,
        store: live.store,
        search,
        _slot: slot,
    };
    let events = stream::unfold((page, live.stop), |(mut page, stop)| async {
        let event = stop.run_until_cancelled(page.next()).await.flatten()?;
        Some((Ok::<_, Infallible>(event), (page, stop)))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// What one page is told.
struct Page {
    store: Arc<Store>,
    arrivals: watch::Receiver<u64>,
    /// The arrivals that it was told of.
    seen: u64,
    search: Option<Arc<Watch>>,
    _slot: OwnedSemaphorePermit,
}

impl Page {
    /// The next message; `None` when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::time::sleep(PAUSE).await;
            self.arrivals.changed().await.ok()?;
            let now = *self.arrivals.borrow_and_update();
            let seen = mem::replace(&mut self.seen, now);
            match self.changed(seen).await.ok()? {
                Some(ids) if ids.is_empty() => {}
                Some(ids) if ids.len() <= MAX_NAMED => return Some(named(&ids)),
                _ => return Some(Event::default().data("spans")),
            }
        }
    }

    /// The traces of the search that changed; `None` is all of them.
    async fn changed(&self, seen: u64) -> Result<Option<Vec<TraceId>>, JoinError> {
        let Some(search) = self.search.clone() else {
            return Ok(None);
        };
        let store = Arc::clone(&self.store);
        // It waits for the store, and looks at all spans of each trace.
        spawn_blocking(move || search.changed(&store, seen)).await
    }
}

fn named(ids: &[TraceId]) -> Event {
    let ids: Vec<_> = ids.iter().map(TraceId::to_string).collect();
    Event::default().event("traces").data(ids.join(" "))
}
