//! `GET /page/logs`: the log lines that match a search, for the page's scripts.

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

use super::{answer, params};
use crate::logs::{self, Line, Logs};

/// Concurrent searches, each of which looks at all lines; more wait.
const MAX_SEARCHES: usize = 4;
/// Lines in an answer, unless the request has another number.
const LIMIT: usize = 200;
/// Lines in an answer at most.
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

/// Each may be missing, or empty, as a form sends it.
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
    /// True if older lines match, too.
    more: bool,
    /// The services of all lines, not only of those found.
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
    target: Option<String>,
    message: String,
}

impl LineJson {
    fn of(line: &Line) -> Self {
        Self {
            number: line.number,
            time: line.time_us,
            service: line.service.to_string(),
            level: line.level.map(|level| level.as_str()),
            trace_id: line.trace_id.map(|id| id.to_string()),
            span_id: line.span_id.map(|id| id.to_string()),
            target: line.target.as_ref().map(|target| target.to_string()),
            message: line.message.to_string(),
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
    // The semaphore is never closed.
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
        let trace = filled(trace).map(|id| params::trace(&id));
        let limit = filled(limit).map(|limit| {
            let number = limit.parse().ok();
            number
                .filter(|number| (1..=MAX_LIMIT).contains(number))
                .ok_or_else(|| params::invalid("limit", &limit, &format!("1 to {MAX_LIMIT}")))
        });
        Ok(logs::Query {
            trace: trace.transpose()?,
            service: filled(service),
            text: filled(text),
            limit: limit.transpose()?.unwrap_or(LIMIT),
        })
    }
}
