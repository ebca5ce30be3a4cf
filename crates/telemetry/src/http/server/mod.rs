//! A server span, and a line in the log, for each incoming request.
//!
//! [`trace`] is an axum middleware, [`TraceLayer`] a tower layer for any server on hyper or tonic.
//! They do the same:
//!
//! - The span continues the trace of the caller ([`propagation`]).
//! - It has the name and the attributes of the semantic conventions for HTTP server spans, or of
//!   those for RPC where the request is a gRPC call. An HTTP span ends with the head of the
//!   response, that of a call with its trailers.
//! - It has status error for a response of 500 and above, for a gRPC status that is the server's
//!   fault, and when the client went away before there was a response.
//! - The response names the trace in the header `traceresponse`.

mod access_log;
mod layer;
mod route;
mod span;

use std::{net::IpAddr, sync::Arc};

#[cfg(feature = "axum")]
use axum::{body::Body, extract, middleware::Next, response::Response};
use http::{Method, Request, Version};
#[cfg(feature = "axum")]
use tracing::Instrument;

pub(super) use self::access_log::AccessLog;
use super::{
    exchange::{Exchange, Protocol, Side},
    grpc, propagation,
};
use crate::Requests;

pub use self::layer::{Trace, TraceLayer};
pub use super::{exchange::ResponseFuture, grpc::ResponseBody};

/// The target of the spans and log lines: the public path of this module.
const TARGET: &str = "axum_jaeger_telemetry::server";

/// The client's address, as a server may put it into the extensions of each request of a
/// connection. It is kept as text: formatting an address takes longer than most of a span. Without
/// it, axum's `ConnectInfo<SocketAddr>` is read.
///
/// # Examples
///
/// A layer for tonic, which has a type of its own for it:
///
/// ```
/// use axum_jaeger_telemetry::server::ClientAddress;
/// use tonic::transport::server::TcpConnectInfo;
///
/// fn with_client_address<B>(mut request: http::Request<B>) -> http::Request<B> {
///     let connection = request.extensions().get::<TcpConnectInfo>();
///     if let Some(address) = connection.and_then(TcpConnectInfo::remote_addr) {
///         let address = ClientAddress::from(address.ip());
///         request.extensions_mut().insert(address);
///     }
///     request
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ClientAddress(Arc<str>);

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_string().into())
    }
}

/// Makes the span of a request, as an axum middleware. Added to the whole router, it sees unknown
/// paths too.
///
/// # Examples
///
/// ```
/// use axum::{Router, middleware::from_fn, routing::get};
/// use axum_jaeger_telemetry::server;
///
/// let app: Router = Router::new()
///     .route("/items/{item_id}", get(async || "an item"))
///     .layer(from_fn(server::trace));
/// ```
///
/// The span has `client.address` if the server passes it on:
///
/// ```no_run
/// # use std::net::SocketAddr;
/// # async fn serve(app: axum::Router) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
/// axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
/// # }
/// ```
#[cfg(feature = "axum")]
pub async fn trace(request: extract::Request, next: Next) -> Response {
    let exchange = begin(&request, crate::settings::requests());
    let span = exchange.span().clone();
    async move {
        let mut response = next.run(request).await;
        match exchange.answered(&mut response) {
            None => response,
            call => response.map(|body| Body::new(ResponseBody::new(body, call))),
        }
    }
    .instrument(span)
    .await
}

/// Starts the exchange of `request`; its span has not been entered yet.
fn begin<B>(request: &Request<B>, settings: &Requests) -> Exchange {
    let is_call = request.version() >= Version::HTTP_2 && grpc::is_call(request.headers());
    let (protocol, span) = if is_call {
        (Protocol::Grpc, span::of_call(request, settings))
    } else {
        (Protocol::Http, span::of_request(request, settings))
    };
    propagation::continue_trace(&span, request.headers());
    Exchange::new(span, Side::Server(AccessLog::new(request)), protocol)
}

/// The methods of RFC 9110 and PATCH. No other may become a part of a span's name, or clients could
/// make up any number of names.
pub(crate) fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
    ];
    KNOWN.into_iter().find(|&known| known == method.as_str())
}
