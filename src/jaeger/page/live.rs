//! Tells open pages that spans have arrived. What these are they ask the query API, as for any search.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::jaeger::store::Store;

/// Pages at a time; each holds one of the port's connections for as long as it is looked at.
const MAX_PAGES: usize = 64;
/// Between two messages, however many spans arrive: a page that is told asks for all it shows.
const PAUSE: Duration = Duration::from_millis(500);

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

async fn live(State(live): State<Live>) -> Response {
    let Ok(slot) = live.slots.try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let start = (live.store.arrivals(), live.stop, slot);
    let events = stream::unfold(start, |(mut arrivals, stop, slot)| async {
        let next = async {
            tokio::time::sleep(PAUSE).await;
            arrivals.changed().await.ok()
        };
        stop.run_until_cancelled(next).await.flatten()?;
        let event = Event::default().data("spans");
        Some((Ok::<_, Infallible>(event), (arrivals, stop, slot)))
    });
    Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response()
}
