//! The query service's JSON API (jaeger `cmd/query/app/http_handler.go`), which Jaeger's UI and
//! Grafana's data source use.

mod adjust;
pub(super) mod calls;
mod dependencies;
mod json;
mod params;
mod search;
mod stream;
mod subscription;
mod trace_query;
mod transform;

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
use json::{Envelope, Error};
pub(super) use params::now;
use params::{DependencyQuery, Params};
pub(super) use search::search_since;
pub(super) use subscription::SearchSubscription;
pub use trace_query::TraceQuery;

/// Concurrent answers with traces, each of which takes the memory of the trace that is being written;
/// more wait.
const MAX_ANSWERS: usize = 4;
/// Files that are transformed concurrently, each of which takes its own size and that of its spans;
/// more wait.
const MAX_FILES: usize = 2;

/// The state of the handlers.
#[derive(Debug, Clone)]
struct Service {
    store: Arc<Store>,
    slots: Arc<Semaphore>,
    files: Arc<Semaphore>,
}

type Pairs = Query<Vec<(String, String)>>;
/// A segment of the path; a rejection if it is not UTF-8.
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
        .method_not_allowed_fallback(|| async {
            error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
        })
        .fallback(|| async { error(StatusCode::NOT_FOUND, "not found") })
        .with_state(Service {
            store,
            slots,
            files,
        })
}

/// The names of a service's operations, sorted.
pub(super) fn operation_names(store: &Store, service: &str) -> Vec<String> {
    let operations = store.operations(service);
    let mut names: Vec<_> = operations.into_iter().map(|(name, _)| name).collect();
    names.dedup();
    names
}

/// A trace, adjusted.
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

/// The answer with a list of names; Jaeger answers `null` for an empty one.
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
        .stream(params.pretty(), LazySearch { store, query })
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
    let traces = LazyTraces {
        store: Arc::clone(&service.store),
        ids: vec![id],
        adjust: match params.raw() {
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

/// The status and text by which Jaeger's UI detects that there is no storage for metrics.
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
        .stream(params.pretty(), LazyDependencies { store, query })
        .await
}

impl Service {
    async fn stream(self, pretty: bool, value: impl Serialize + Send + 'static) -> Response {
        match self.slots.acquire_owned().await {
            Ok(slot) => stream::json(slot, pretty, value),
            // The semaphore is never closed.
            Err(_) => error(StatusCode::SERVICE_UNAVAILABLE, "shutting down"),
        }
    }
}

/// The answer to a search, in the envelope. The search runs when the answer is serialized: that is on
/// a thread that may block, and a slot for it has been acquired.
struct LazySearch {
    store: Arc<Store>,
    query: TraceQuery,
}

impl Serialize for LazySearch {
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
        let traces = LazyTraces {
            store: Arc::clone(store),
            ids,
            adjust: adjust::Trace::adjusted,
        };
        let errors = Some(errors).filter(|errors| !errors.is_empty());
        Envelope {
            errors,
            ..Envelope::of(traces)
        }
        .serialize(to)
    }
}

/// Traces, each of which is fetched and adjusted when it is serialized, so that the answer takes the
/// memory of one trace. Those that have been evicted in the meantime are left out.
struct LazyTraces {
    store: Arc<Store>,
    ids: Vec<TraceId>,
    adjust: fn(Vec<Arc<Span>>) -> adjust::Trace,
}

impl Serialize for LazyTraces {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let stored = self.ids.iter().filter_map(|id| self.store.trace(*id));
        to.collect_seq(stored.map(self.adjust))
    }
}

/// The answer with the dependencies, which are counted when it is serialized.
struct LazyDependencies {
    store: Arc<Store>,
    query: DependencyQuery,
}

impl Serialize for LazyDependencies {
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

/// An error in the envelope. Its content type is plain text, as Jaeger's, though it is JSON.
fn error(status: StatusCode, message: impl Into<String>) -> Response {
    let envelope = Envelope::error(status.as_u16(), message.into());
    let text = serde_json::to_string(&envelope).unwrap_or_default();
    (status, text + "\n").into_response()
}
