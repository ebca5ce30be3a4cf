//! Requests that a visitor of the page can have sent: a few that the program which Jaeger is
//! embedded in has chosen, and no other.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{HOST, HeaderName, ORIGIN},
    },
    response::Response,
    routing::post,
};
use reqwest::{Client, redirect};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::answer;
use crate::model::TraceId;

/// How long an answer may take; the services of this project give up at the same time.
const TIME: Duration = Duration::from_secs(30);
/// Requests under way at a time.
const MAX_REQUESTS: usize = 8;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What the page's script sets.
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// A GET request that a visitor can have sent.
#[derive(Debug, Clone)]
pub struct Request {
    /// What its button says, and the name by which it is asked for.
    pub label: String,
    /// Where it goes.
    pub url: String,
}

#[derive(Debug, Clone)]
struct Service {
    requests: Arc<[Request]>,
    slots: Arc<Semaphore>,
}

/// The route; none without requests.
pub(super) fn router(requests: Vec<Request>) -> Router {
    if requests.is_empty() {
        return Router::new();
    }
    let slots = Arc::new(Semaphore::new(MAX_REQUESTS));
    let requests = requests.into();
    Router::new()
        .route("/page/try", post(send))
        .with_state(Service { requests, slots })
}

#[derive(Deserialize)]
struct Params {
    name: String,
}

#[derive(Serialize)]
struct Sent {
    status: u16,
    /// `None` where the service made no trace, or does not tell.
    #[serde(rename = "traceID")]
    trace_id: Option<String>,
}

async fn send(
    State(service): State<Service>,
    headers: HeaderMap,
    params: Result<Query<Params>, QueryRejection>,
) -> Response {
    if from_another_site(&headers) {
        let message = "only the page itself may have requests sent";
        return answer::error(StatusCode::FORBIDDEN, message);
    }
    let name = match &params {
        Ok(Query(params)) => params.name.as_str(),
        Err(_) => "",
    };
    let known = |request: &&Request| request.label == name;
    let Some(request) = service.requests.iter().find(known) else {
        let labels: Vec<_> = service
            .requests
            .iter()
            .map(|it| it.label.as_str())
            .collect();
        let message = format!("name is {name:?}; allowed is one of {}", labels.join(" "));
        return answer::error(StatusCode::BAD_REQUEST, &message);
    };
    let Ok(_slot) = service.slots.try_acquire() else {
        let message = "too many requests are under way; try again when one has its answer";
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, message);
    };
    match get(&request.url).await {
        Ok(sent) => answer::data(sent),
        Err(error) if error.is_timeout() => {
            let message = format!("no answer from {} within {TIME:?}", request.url);
            answer::error(StatusCode::GATEWAY_TIMEOUT, &message)
        }
        Err(_) => {
            let message = format!("no answer from {}: does the service run?", request.url);
            answer::error(StatusCode::BAD_GATEWAY, &message)
        }
    }
}

/// Without a redirect followed or a proxy asked: it goes to that address and nowhere else.
async fn get(url: &str) -> reqwest::Result<Sent> {
    let client = Client::builder()
        .timeout(TIME)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()?;
    let response = client.get(url).send().await?;
    let told = response.headers().get("traceresponse");
    let trace_id = told.and_then(|value| trace_of(value.to_str().ok()?));
    Ok(Sent {
        status: response.status().as_u16(),
        trace_id: trace_id.map(|id| id.to_string()),
    })
}

/// The trace of a `traceresponse`: `00-{trace id}-{span id}-{flags}`.
fn trace_of(traceresponse: &str) -> Option<TraceId> {
    TraceId::from_hex(traceresponse.split('-').nth(1)?)
}

/// Whether a page of another site has the browser ask. Where there is neither TLS nor loopback, and
/// in old browsers, there is only where that page comes from, and behind a proxy the host is
/// another one; but no page of another site may set a header without being allowed to, which is
/// allowed to nobody. What is no browser says nothing, and could ask the service itself. (A site
/// whose name is made to lead here, DNS rebinding, counts as the page: it gets no more than these
/// few requests, which it could have sent to the service as well.)
fn from_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site != "same-origin";
    }
    if headers.contains_key(REQUESTED_WITH) {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = host.map(|host| format!("http://{host}"));
    headers
        .get(ORIGIN)
        .is_some_and(|origin| origin.to_str().ok() != own.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_the_second_part() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let text = format!("00-{trace}-b7ad6b7169203331-01");
        assert_eq!(trace_of(&text), TraceId::from_hex(trace));
        for other in ["", "00", "00--b7-01", "00-<b>-b7-01", "garbage-"] {
            assert_eq!(trace_of(other), None, "{other}");
        }
    }

    #[test]
    fn another_site_is_told_by_the_browser() {
        let other = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, value.parse().unwrap())
            });
            from_another_site(&pairs.collect())
        };
        let host = ("host", "127.0.0.1:16686");
        assert!(!other(&[host]));
        assert!(!other(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!other(&[host, ("origin", "http://127.0.0.1:16686")]));
        let script = ("x-requested-with", "axum-jaeger");
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(other(&[host, ("sec-fetch-site", site)]), "{site}");
            assert!(other(&[host, script, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!other(&[host, script, ("origin", "http://proxy.example")]));
        for origin in ["null", "http://127.0.0.1:8000", "http://evil.example"] {
            assert!(other(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(other(&[("origin", "http://evil.example")]));
    }
}
