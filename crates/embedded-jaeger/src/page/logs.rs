//! The log lines, as the page's scripts ask for them.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::answer;
use crate::{
    logs::{self, Line, Logs},
    model::TraceId,
};

/// Searches at a time; each looks at all lines. More wait.
const MAX_SEARCHES: usize = 4;
/// Lines in an answer, unless asked for another number, and at most.
const LIMIT: usize = 200;
const MAX_LIMIT: usize = 1000;

#[derive(Debug, Clone)]
struct Service {
    logs: Arc<Logs>,
    slots: Arc<Semaphore>,
}

/// The route.
pub(super) fn router(logs: Arc<Logs>) -> Router {
    let slots = Arc::new(Semaphore::new(MAX_SEARCHES));
    Router::new()
        .route("/page/logs", get(find))
        .with_state(Service { logs, slots })
}

/// All may be left out, or empty, as a form sends them.
#[derive(Debug, Deserialize)]
struct Params {
    #[serde(default)]
    trace: String,
    #[serde(default)]
    service: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    limit: String,
}

#[derive(Serialize)]
struct Answer {
    lines: Vec<LineJson>,
    /// Whether there are older lines.
    more: bool,
    /// Of all lines, not only of those found.
    services: BTreeSet<Box<str>>,
}

#[derive(Serialize)]
struct LineJson {
    number: u64,
    /// Microseconds since 1970.
    time: i64,
    service: String,
    level: Option<&'static str>,
    #[serde(rename = "traceID")]
    trace_id: Option<String>,
    #[serde(rename = "spanID")]
    span_id: Option<String>,
    message: String,
}

impl LineJson {
    fn of(line: &Line) -> Self {
        Self {
            number: line.number,
            time: line.time_us,
            service: line.service.to_string(),
            level: line.level,
            trace_id: line.trace_id.map(|id| id.to_string()),
            span_id: line.span_id.map(|id| id.to_string()),
            message: line.message().into_owned(),
        }
    }
}

async fn find(
    State(Service { logs, slots }): State<Service>,
    params: Result<Query<Params>, QueryRejection>,
) -> Response {
    let query = params.map_err(|error| error.body_text());
    let query = match query.and_then(|Query(params)| params.read()) {
        Ok(query) => query,
        Err(message) => return answer::error(StatusCode::BAD_REQUEST, &message),
    };
    // Nobody closes the semaphore.
    let _slot = slots.acquire().await;
    let search = move || {
        let found = logs.find(&query);
        answer::data(Answer {
            lines: found.lines.iter().map(|line| LineJson::of(line)).collect(),
            more: found.more,
            services: logs.services(),
        })
    };
    let searched = tokio::task::spawn_blocking(search).await;
    searched.unwrap_or_else(|error| {
        answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    })
}

impl Params {
    fn read(self) -> Result<logs::Query, String> {
        let Self {
            trace,
            service,
            text,
            limit,
        } = self;
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        let trace = filled(trace).map(|id| {
            TraceId::from_hex(&id).ok_or_else(|| {
                format!("trace is {id:?}; allowed is an id of 1 to 32 hexadecimal digits")
            })
        });
        let limit = filled(limit).map(|limit| {
            let number = limit.parse().ok();
            number
                .filter(|number| (1..=MAX_LIMIT).contains(number))
                .ok_or_else(|| format!("limit is {limit:?}; allowed is 1 to {MAX_LIMIT}"))
        });
        Ok(logs::Query {
            trace: trace.transpose()?,
            service: filled(service),
            text: filled(text),
            limit: limit.transpose()?.unwrap_or(LIMIT),
        })
    }
}
