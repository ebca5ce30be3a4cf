//! The query service's JSON API (jaeger `cmd/query/app/http_handler.go`), which Jaeger's UI and
//! Grafana's data source use.

mod adjust;
mod calls;
mod dependencies;
mod figures;
mod json;
mod params;
mod search;
mod stream;
mod trace_query;
mod transform;
mod watch;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Serialize, Serializer};
use tokio::sync::Semaphore;

use super::{
    go,
    model::{Span, TraceId},
    store::Store,
    trace::Trace,
};
pub(super) use adjust::Trace as Adjusted;
use figures::{Lookback, Shared};
use json::{Envelope, Error};
use params::{DependencyQuery, Params};
pub(super) use search::search_since;
pub use trace_query::TraceQuery;
pub(super) use watch::Watch;

/// Answers with traces at a time; each costs the memory of the trace that is being written. More
/// wait.
const MAX_ANSWERS: usize = 4;
/// Files that are transformed at a time; each costs its own size and that of its spans. More wait.
const MAX_FILES: usize = 2;

/// What the handlers share.
#[derive(Debug, Clone)]
struct Service {
    store: Arc<Store>,
    slots: Arc<Semaphore>,
    files: Arc<Semaphore>,
    /// One for each lookback.
    figures: [Shared; Lookback::COUNT],
}

type Pairs = Query<Vec<(String, String)>>;
/// A part of the path, which may not be UTF-8.
type PathText = Result<Path<String>, PathRejection>;

/// The API's routes.
pub(super) fn router(store: Arc<Store>) -> Router {
    let slots = Arc::new(Semaphore::new(MAX_ANSWERS));
    let files = Arc::new(Semaphore::new(MAX_FILES));
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operations_of))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(found_traces))
        .route("/api/traces/{trace_id}", get(one_trace))
        .route("/api/dependencies", get(dependencies))
        .route("/api/transform", post(transform::transform))
        .route("/api/archive/{trace_id}", post(archive))
        .route("/api/metrics/latencies", get(metrics))
        .route("/api/metrics/calls", get(metrics))
        .route("/api/metrics/errors", get(metrics))
        .route("/api/metrics/minstep", get(metrics))
        .route("/page/figures", get(figures))
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .fallback(|| async { error(StatusCode::NOT_FOUND, "not found") })
        .with_state(Service {
            store,
            slots,
            files,
            figures: Default::default(),
        })
}

/// The names of a service's operations, sorted.
pub(super) fn operation_names(store: &Store, service: &str) -> Vec<String> {
    let operations = store.operations(service);
    let mut names: Vec<_> = operations.into_iter().map(|(name, _)| name).collect();
    names.dedup();
    names
}

/// One adjusted trace.
pub(super) fn trace(store: &Store, id: TraceId) -> Option<Trace> {
    Trace::new(Adjusted::adjusted(store.trace(id)?))
}

/// The adjusted traces that a search finds, in the order of their start.
pub(super) fn traces(store: &Store, query: &TraceQuery) -> Vec<Trace> {
    let ids = search::search(store, query);
    ids.into_iter().filter_map(|id| trace(store, id)).collect()
}

async fn services(State(service): State<Service>, Query(pairs): Pairs) -> Response {
    list_or_null(&Params::new(pairs), service.store.services())
}

async fn operations_of(State(service): State<Service>, uri: Uri, Query(pairs): Pairs) -> Response {
    let encoded = uri.path().rsplit('/').nth(1).unwrap_or_default();
    let name = go::query_unescape(encoded);
    let names = operation_names(&service.store, &name);
    list_or_null(&Params::new(pairs), names)
}

/// Where Jaeger has an empty list of names it answers `null`.
fn list_or_null(params: &Params, names: Vec<String>) -> Response {
    match names.is_empty() {
        true => answer(params, &Envelope::of(())),
        false => answer(params, &Envelope::counted(names)),
    }
}

#[derive(Serialize)]
struct Operation {
    name: String,
    #[serde(rename = "spanKind")]
    kind: &'static str,
}

async fn operations(State(service): State<Service>, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let name = match params.service() {
        Ok(name) => name,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let wanted = params.first("spanKind");
    let operations = service.store.operations(name).into_iter();
    let operations = operations
        .filter(|(_, kind)| wanted.is_empty() || *kind == wanted)
        .map(|(name, kind)| Operation { name, kind });
    answer(&params, &Envelope::counted(operations.collect()))
}

async fn found_traces(State(service): State<Service>, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let query = match TraceQuery::parse(&params) {
        Ok(query) => query,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let store = Arc::clone(&service.store);
    service
        .stream(params.pretty(), Found { store, query })
        .await
}

async fn one_trace(State(service): State<Service>, id: PathText, Query(pairs): Pairs) -> Response {
    let id = match trace_id(id) {
        Ok(id) => id,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    if !service.store.contains(id) {
        return error(StatusCode::NOT_FOUND, "trace not found");
    }
    let params = Params::new(pairs);
    let traces = Traces {
        store: Arc::clone(&service.store),
        ids: vec![id],
        shown: match params.raw() {
            true => adjust::Trace::raw,
            false => adjust::Trace::adjusted,
        },
    };
    service.stream(params.pretty(), Envelope::of(traces)).await
}

fn trace_id(id: PathText) -> Result<TraceId, String> {
    let Path(id) = id.map_err(|why| why.body_text())?;
    go::parse_trace_id(&id)
}

/// Jaeger's storage in memory is its own archive.
async fn archive(State(service): State<Service>, id: PathText, Query(pairs): Pairs) -> Response {
    match trace_id(id) {
        Ok(id) if service.store.archive(id) => {
            let nothing = Envelope {
                errors: Some(Vec::new()),
                ..Envelope::of([(); 0])
            };
            answer(&Params::new(pairs), &nothing)
        }
        Ok(_) => error(StatusCode::NOT_FOUND, "trace not found"),
        Err(message) => error(StatusCode::BAD_REQUEST, message),
    }
}

/// By this status and this text Jaeger's UI knows that there is no storage for metrics.
async fn metrics() -> Response {
    let message = "metrics querying is currently disabled";
    error(StatusCode::NOT_IMPLEMENTED, message)
}

async fn dependencies(State(service): State<Service>, Query(pairs): Pairs) -> Response {
    let params = Params::new(pairs);
    let query = match DependencyQuery::parse(&params) {
        Ok(query) => query,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let store = Arc::clone(&service.store);
    service
        .stream(params.pretty(), Calls { store, query })
        .await
}

/// Not one of Jaeger's: what the services page shows.
async fn figures(State(service): State<Service>, Query(pairs): Pairs) -> Response {
    let lookback = match Lookback::parse(Params::new(pairs).first("lookback")) {
        Ok(lookback) => lookback,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    let store = Arc::clone(&service.store);
    let make = move || {
        let since = params::now().saturating_sub(lookback.nanoseconds());
        let figures = figures::figures(&store, since);
        serde_json::to_vec(&Envelope::of(figures)).unwrap_or_default()
    };
    match service.figures[lookback.index()].get(make).await {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(why) => error(StatusCode::INTERNAL_SERVER_ERROR, why.to_string()),
    }
}

impl Service {
    async fn stream(self, pretty: bool, value: impl Serialize + Send + 'static) -> Response {
        match self.slots.acquire_owned().await {
            Ok(slot) => stream::json(slot, pretty, value),
            // Nobody closes the semaphore.
            Err(_) => error(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
        }
    }
}

/// A search, made when it is written.
struct Found {
    store: Arc<Store>,
    query: TraceQuery,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { store, query } = self;
        let (ids, missing) = match query.trace_ids.is_empty() {
            true => (search::search(store, query), Vec::new()),
            false => query.trace_ids.iter().partition(|id| store.contains(**id)),
        };
        let not_found = |id| Error {
            code: None,
            msg: "trace not found".into(),
            trace_id: Some(id),
        };
        let errors: Vec<_> = missing.into_iter().map(not_found).collect();
        let traces = Traces {
            store: Arc::clone(store),
            ids,
            shown: adjust::Trace::adjusted,
        };
        let errors = Some(errors).filter(|errors| !errors.is_empty());
        Envelope {
            errors,
            ..Envelope::of(traces)
        }
        .serialize(to)
    }
}

/// Traces, each of which is fetched and made ready when it is written. One that has left the store
/// in the meantime is left out.
struct Traces {
    store: Arc<Store>,
    ids: Vec<TraceId>,
    shown: fn(Vec<Arc<Span>>) -> adjust::Trace,
}

impl Serialize for Traces {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stored = self.ids.iter().filter_map(|id| self.store.trace(*id));
        to.collect_seq(stored.map(self.shown))
    }
}

/// The dependencies, counted when they are written.
struct Calls {
    store: Arc<Store>,
    query: DependencyQuery,
}

impl Serialize for Calls {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Envelope::of(dependencies::dependencies(&self.store, &self.query)).serialize(to)
    }
}

fn answer(params: &Params, value: &impl Serialize) -> Response {
    let mut body = Vec::new();
    match stream::write(&mut body, params.pretty(), value) {
        Ok(()) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(why) => error(StatusCode::INTERNAL_SERVER_ERROR, why.to_string()),
    }
}

/// An error in the envelope. Jaeger calls it plain text, though it is JSON.
fn error(status: StatusCode, message: impl Into<String>) -> Response {
    let envelope = Envelope::error(status.as_u16(), message.into());
    let text = serde_json::to_string(&envelope).unwrap_or_default();
    (status, text + "\n").into_response()
}
