//! One server span, and one line in the log, for each request that comes in.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, Method, StatusCode, Uri, Version, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::trace::Status;
use tracing::{Instrument, Span, field::Empty, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{clock::StepGuard, propagation, requests};

/// Who sends the requests of a connection: the server puts it into their extensions, as text, since
/// an address takes longer to write than most of a span.
#[derive(Clone, Debug)]
pub struct ClientAddress(Arc<str>);

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string().into())
    }
}

/// An axum middleware (`axum::middleware::from_fn(trace)`, on the whole router, so that unknown
/// paths are seen too).
///
/// The span continues the caller's trace. It has the name and the attributes of the semantic
/// conventions for HTTP server spans (numbers are recorded as `i64`, since tracing-opentelemetry
/// turns any other kind into text), and status error for a response of 500 and above alone. The
/// answer says in `traceresponse` which trace it was.
pub async fn trace(request: Request, next: Next) -> Response {
    let span = server_span(&request);
    propagation::take_over(&span, request.headers());
    let mut access = Access::new(&request);
    let clock = StepGuard::new(span.clone());
    async move {
        let mut response = next.run(request).await;
        let span = clock.span();
        record_response(span, response.status());
        propagation::respond(&span.context(), response.headers_mut());
        access.answered(response.status());
        response
    }
    .instrument(span)
    .await
}

fn server_span(request: &Request) -> Span {
    let method = known_method(request.method());
    let route = route(request);
    let (address, port) = host(request.headers());
    let client = request.extensions().get::<ClientAddress>();
    let query = request.uri().query();
    let query = query.map(|query| requests().sensitive_keys.redact(query));
    let name = match route {
        Some(route) => [method.unwrap_or("HTTP"), " ", route].concat(),
        None => method.unwrap_or("HTTP").to_owned(),
    };
    info_span!(
        "HTTP request",
        otel.name = name,
        otel.kind = "server",
        http.request.method = method.unwrap_or("_OTHER"),
        http.request.method_original = method.is_none().then(|| request.method().as_str()),
        http.route = route,
        url.scheme = "http",
        url.path = request.uri().path(),
        url.query = query.as_deref(),
        server.address = address,
        server.port = port,
        client.address = client.map(|client| &*client.0),
        network.protocol.version = protocol_version(request.version()),
        user_agent.original = text(request.headers(), header::USER_AGENT),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

fn record_response(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("error.type", status.as_str());
        span.set_status(Status::error(""));
    }
}

/// The path's pattern, such as `/items/{item_id}`.
fn route(request: &Request) -> Option<&str> {
    request.extensions().get().map(MatchedPath::as_str)
}

/// The methods of RFC 9110 and PATCH; any other may not become a part of a span's name, or
/// callers could make up names without end.
pub(super) fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    KNOWN.into_iter().find(|&known| known == method.as_str())
}

fn host(headers: &HeaderMap) -> (Option<&str>, Option<i64>) {
    let Some(host) = text(headers, header::HOST) else {
        return (None, None);
    };
    match host
        .rsplit_once(':')
        .map(|(name, port)| (name, port.parse::<u16>()))
    {
        Some((name, Ok(port))) => (Some(name), Some(port.into())),
        _ => (Some(host), None),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn protocol_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => "1.1",
    }
}

/// Writes the request's line to the log, also when the client goes away before there is an answer.
struct Access {
    method: Method,
    uri: Uri,
    route: Option<MatchedPath>,
    since: Instant,
    answered: bool,
}

impl Access {
    fn new(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: request.extensions().get().cloned(),
            since: Instant::now(),
            answered: false,
        }
    }

    fn answered(&mut self, status: StatusCode) {
        self.answered = true;
        info!(
            http.route = self.route.as_ref().map(MatchedPath::as_str),
            http.response.status_code = status.as_u16(),
            duration_ms = milliseconds(self.since.elapsed()),
            "{} {}",
            self.method,
            self.uri.path(),
        );
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if !self.answered {
            info!(
                duration_ms = milliseconds(self.since.elapsed()),
                "{} {}: the client went away",
                self.method,
                self.uri.path(),
            );
        }
    }
}

/// With three digits behind the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
