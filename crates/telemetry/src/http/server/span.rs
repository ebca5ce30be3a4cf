//! The span of a request with the attributes known at its start (semantic conventions, "HTTP spans"
//! and "gRPC"). Numbers are recorded as `i64`: tracing-opentelemetry turns any other kind into
//! text.

use std::borrow::Cow;

use http::{HeaderValue, Request, Version, header};
use tracing::{Span, field::Empty, info_span};

use super::{
    ClientAddress, TARGET, known_method,
    route::{self, Route},
};
use crate::{
    Requests,
    http::{forwarded, grpc},
};

pub(super) fn of_request<B>(request: &Request<B>, settings: &Requests) -> Span {
    let method = known_method(request.method());
    let route = route::route(request.extensions()).map(Route::as_str);
    let ends = Ends::of(request, settings);
    let query = request.uri().query();
    let query = query.map(|query| settings.sensitive_keys.redact(query));
    let user_agent = request.headers().get(header::USER_AGENT).map(text);
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
        url.scheme = scheme(request, settings),
        url.path = request.uri().path(),
        url.query = query.as_deref(),
        server.address = ends.server,
        server.port = ends.port,
        client.address = ends.client(),
        network.peer.address = ends.peer(),
        network.protocol.version = protocol_version(request.version()),
        user_agent.original = user_agent.as_deref(),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

pub(super) fn of_call<B>(request: &Request<B>, settings: &Requests) -> Span {
    let ends = Ends::of(request, settings);
    info_span!(
        target: TARGET,
        "gRPC call",
        otel.name = grpc::method(request.uri().path()),
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = Empty,
        rpc.method_original = Empty,
        rpc.response.status_code = Empty,
        server.address = ends.server,
        server.port = ends.port,
        client.address = ends.client(),
        network.peer.address = ends.peer(),
        network.protocol.name = "http",
        network.protocol.version = protocol_version(request.version()),
        error.type = Empty,
    )
}

/// Both ends of the connection, and the client that a proxy forwards for.
struct Ends<'r> {
    server: Option<&'r str>,
    port: Option<i64>,
    peer: Option<Cow<'r, str>>,
    forwarded: Option<String>,
}

impl<'r> Ends<'r> {
    fn of<B>(request: &'r Request<B>, settings: &Requests) -> Self {
        let (server, port) = host(request);
        let extensions = request.extensions();
        let peer = match extensions.get::<ClientAddress>() {
            Some(ClientAddress(address)) => Some(Cow::Borrowed(&**address)),
            None => route::peer(extensions).map(|address| address.to_string().into()),
        };
        let forwarded = settings
            .trusts_forwarded
            .then(|| forwarded::client(request.headers()))
            .flatten()
            .map(|client| client.to_string());
        Self {
            server,
            port,
            peer,
            forwarded,
        }
    }

    fn client(&self) -> Option<&str> {
        self.forwarded.as_deref().or(self.peer.as_deref())
    }

    /// The peer of the connection where that is not the client.
    fn peer(&self) -> Option<&str> {
        let peer = self.peer.as_deref();
        peer.filter(|_| self.forwarded.is_some())
    }
}

fn scheme<B>(request: &Request<B>, settings: &Requests) -> &'static str {
    let forwarded = settings
        .trusts_forwarded
        .then(|| forwarded::scheme(request.headers()))
        .flatten();
    let own = || request.uri().scheme_str().and_then(forwarded::known_scheme);
    forwarded.or_else(own).unwrap_or("http")
}

/// The host name and port of the request's target: from an absolute URL or HTTP/2's `:authority`,
/// else from `Host`. Leaves out a name and a password before them.
fn host<B>(request: &Request<B>) -> (Option<&str>, Option<i64>) {
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

/// The text of a header; replacement characters for bytes that are not UTF-8.
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
