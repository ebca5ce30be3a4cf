//! One server span, and one line in the log, for each request that comes in.

use std::{
    borrow::Cow,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderValue, Method, StatusCode, Uri, Version, header},
    middleware::Next,
    response::Response,
};
use opentelemetry::trace::Status;
use tracing::{Instrument, Span, field::Empty, info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{forwarded, propagation};
use crate::{CANCELLED, clock::StepGuard, record_cancelled, requests};

/// The target of its spans and lines: its public path.
const TARGET: &str = "axum_jaeger_telemetry::server";

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
/// turns any other kind into text), and status error for a response of 500 and above, and for none
/// since the client went away. The answer says in `traceresponse` which trace it was.
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
    let headers = request.headers();
    let settings = requests();
    let method = known_method(request.method());
    let route = route(request);
    let (address, port) = host(request);
    let query = request.uri().query();
    let query = query.map(|query| settings.sensitive_keys.redact(query));
    let peer = request.extensions().get::<ClientAddress>();
    let peer = peer.map(|peer| &*peer.0);
    let (client, scheme) = if settings.trusts_forwarded {
        let client = forwarded::client(headers).map(|client| client.to_string());
        (client, forwarded::scheme(headers))
    } else {
        (None, None)
    };
    let user_agent = headers.get(header::USER_AGENT).map(text);
    let name = match route {
        Some(route) => [method.unwrap_or("HTTP"), " ", route].concat(),
        None => method.unwrap_or("HTTP").to_owned(),
    };
    info_span!(
        target: TARGET,
        "HTTP request",
        otel.name = name,
        otel.kind = "server",
        http.request.method = method.unwrap_or("_OTHER"),
        http.request.method_original = method.is_none().then(|| request.method().as_str()),
        http.route = route,
        url.scheme = scheme.unwrap_or("http"),
        url.path = request.uri().path(),
        url.query = query.as_deref(),
        server.address = address,
        server.port = port,
        client.address = client.as_deref().or(peer),
        network.peer.address = peer.filter(|_| client.is_some()),
        network.protocol.version = protocol_version(request.version()),
        user_agent.original = user_agent.as_deref(),
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
pub(crate) fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    KNOWN.into_iter().find(|&known| known == method.as_str())
}

/// The name and the port that the request is for: of a whole URL or HTTP/2's `:authority`, or else
/// of `Host`. Not a name and a password before them.
fn host(request: &Request) -> (Option<&str>, Option<i64>) {
    if let Some(authority) = request.uri().authority() {
        return (Some(authority.host()), authority.port_u16().map(i64::from));
    }
    let host = request.headers().get(header::HOST);
    let Some(host) = host.and_then(|host| host.to_str().ok()) else {
        return (None, None);
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    match host
        .rsplit_once(':')
        .map(|(name, port)| (name, port.parse::<u16>()))
    {
        Some((name, Ok(port))) => (Some(name), Some(port.into())),
        _ => (Some(host), None),
    }
}

/// A byte that is no text becomes a replacement character.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    match str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => String::from_utf8_lossy(value.as_bytes()),
    }
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

/// Writes the request's line to the log, also when the client goes away before there is an answer:
/// then the span has a mark of it.
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
                    target: TARGET,
        {
                    http.route = self.route.as_ref().map(MatchedPath::as_str),
                    http.response.status_code = status.as_u16(),
                    duration_ms = milliseconds(self.since.elapsed()),
        },
                    "{} {}",
                    self.method,
                    self.uri.path(),
                );
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        if !self.answered {
            // What is dropped within a span is dropped in it.
            record_cancelled(&Span::current());
            info!(
                            target: TARGET,
            {
                            http.route = self.route.as_ref().map(MatchedPath::as_str),
                            error.type = CANCELLED,
                            duration_ms = milliseconds(self.since.elapsed()),
            },
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
