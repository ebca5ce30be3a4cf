//! A client span for each outgoing request.
//!
//! `send` is for reqwest (feature `client`), [`TraceLayer`] a tower layer for any client on hyper
//! or tonic. They do the same:
//!
//! - The context of the span travels in the headers, with the baggage of the request that is being
//!   answered ([`propagation`](crate::propagation)).
//! - It has the attributes of the semantic conventions for HTTP client spans, or of those for RPC
//!   where the request is a gRPC call. An HTTP span ends with the head of the response, that of a
//!   call with its trailers.
//! - It has status error for a response of 400 and above (a server's span only from 500 on, since
//!   a bad request is the client's fault), for any gRPC status but `OK`, if there is no response,
//!   and if the request is cancelled.

mod layer;
#[cfg(feature = "client")]
mod reqwest;

use tracing::{Span, field::Empty, info_span};

use crate::Requests;

pub use self::layer::{Trace, TraceLayer};
#[cfg(feature = "client")]
pub use self::reqwest::send;
pub use super::{exchange::ResponseFuture, grpc::ResponseBody};

/// The target of the spans: the public path of this module.
const TARGET: &str = "axum_jaeger_telemetry::client";

/// The span of an HTTP request.
fn span_of_request(
    method: &str,
    url: &str,
    host: Option<&str>,
    port: Option<u16>,
    settings: &Requests,
) -> Span {
    info_span!(
        target: TARGET,
        "HTTP request",
        otel.name = method,
        otel.kind = "client",
        http.request.method = method,
        url.full = &*settings.sensitive_keys.redact_url(url),
        server.address = host,
        server.port = port.map(i64::from),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}
