//! `GET /page/stats`: the statistics of the services page, which Jaeger's query service does not
//! have.

mod lookback;
mod service_stats;
mod single_flight;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use self::{lookback::Lookback, single_flight::SingleFlight};
use crate::{page::answer, query::now, store::Store};

#[derive(Debug, Clone)]
struct Service {
    store: Arc<Store>,
    /// An entry for each lookback.
    computations: [SingleFlight; Lookback::COUNT],
}

#[derive(Debug, Deserialize)]
struct Params {
    #[serde(default)]
    lookback: String,
}

/// The route.
pub(super) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/page/stats", get(stats))
        .with_state(Service {
            store,
            computations: Default::default(),
        })
}

async fn stats(
    State(service): State<Service>,
    params: Result<Query<Params>, QueryRejection>,
) -> Response {
    let lookback = params.map_err(|error| error.body_text());
    let lookback = lookback.and_then(|Query(params)| Lookback::parse(&params.lookback));
    let lookback = match lookback {
        Ok(lookback) => lookback,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    let store = Arc::clone(&service.store);
    let compute = move || {
        let since = now().saturating_sub(lookback.nanoseconds());
        answer::json(&service_stats::compute(&store, since))
    };
    match service.computations[lookback.index()].get(compute).await {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}
