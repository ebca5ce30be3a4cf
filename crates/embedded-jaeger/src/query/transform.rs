//! `POST /api/transform`: translates a saved trace in OTLP's JSON to the answer of
//! `/api/traces/{id}`. It is not stored.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use tokio::{task::spawn_blocking, time::timeout};

use super::{Pairs, Service, adjust::Trace, error, json::Envelope, params::Params, stream};
use crate::{
    model::{Receiver, Span},
    otlp,
    receive::Budget,
};

/// The largest file, in bytes: more than 30,000 spans with ten attributes each.
const MAX_FILE: usize = 32 * 1024 * 1024;
/// The longest time that a file may take to arrive.
const TIME: Duration = Duration::from_secs(10);

pub(super) async fn transform(
    State(service): State<Service>,
    Query(pairs): Pairs,
    body: Body,
) -> Response {
    let Ok(slot) = service.files.acquire_owned().await else {
        // The semaphore is never closed.
        return error(StatusCode::SERVICE_UNAVAILABLE, "shutting down");
    };
    let bytes = match timeout(TIME, to_bytes(body, MAX_FILE)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(why)) => {
            let message = format!("cannot read the file, of {MAX_FILE} bytes at most: {why}");
            return error(StatusCode::PAYLOAD_TOO_LARGE, message);
        }
        Err(_) => {
            let message = format!("the file did not arrive within {TIME:?}");
            return error(StatusCode::REQUEST_TIMEOUT, message);
        }
    };
    // Jaeger answers 500 where the file is to blame.
    let failed = |why| error(StatusCode::INTERNAL_SERVER_ERROR, why);
    match spawn_blocking(move || transformed(&bytes)).await {
        Ok(Ok(traces)) => stream::json(slot, Params::new(pairs).pretty(), Envelope::of(traces)),
        Ok(Err(why)) => failed(format!("cannot unmarshal OTLP : {why}")),
        Err(why) => failed(why.to_string()),
    }
}

fn transformed(bytes: &[u8]) -> Result<Vec<Trace>, String> {
    let mut budget = Budget::of(bytes);
    let resource_spans = otlp::read_json(bytes, &mut budget).map_err(|why| why.to_string())?;
    // The receiver is not shown: only stored spans have a tag for it.
    let spans = otlp::spans(resource_spans, Receiver::Http, &mut budget);
    spans.map(traces).map_err(|why| why.to_string())
}

/// Groups spans to traces, in the order of their first spans.
fn traces(spans: Vec<Span>) -> Vec<Trace> {
    let mut places = HashMap::new();
    let mut traces: Vec<Vec<Span>> = Vec::new();
    for span in spans {
        let place = *places.entry(span.trace_id).or_insert(traces.len());
        match traces.get_mut(place) {
            Some(trace) => trace.push(span),
            None => traces.push(vec![span]),
        }
    }
    traces.into_iter().map(Trace::as_is).collect()
}
