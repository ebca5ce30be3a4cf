//! One client span for each request that goes out.

use opentelemetry::trace::Status;
use reqwest::{Client, Request, Response};
use tracing::{Instrument, Span, field::Empty, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::propagation;
use crate::{clock::StepGuard, record_cancelled, requests, with_causes};

/// The target of its spans: its public path.
const TARGET: &str = "axum_jaeger_telemetry::client";

/// Sends `request` within a client span, whose context travels in the headers, with what is handed
/// on of the request that is being answered.
///
/// The span has the attributes of the semantic conventions for HTTP client spans, and ends when
/// the response's headers are there. It has status error for a response of 400 and above (a
/// server's span only from 500 on: a bad request is the caller's fault) and for none at all.
///
/// # Errors
/// What [`Client::execute`] says.
pub async fn send(client: &Client, mut request: Request) -> reqwest::Result<Response> {
    let span = client_span(&request);
    let _clock = StepGuard::new(span.clone());
    propagation::pass_on(&span, request.headers_mut());
    let mut unanswered = Unanswered(Some(&span));
    let result = client.execute(request).instrument(span.clone()).await;
    unanswered.0 = None;
    match &result {
        Ok(response) => record_response(&span, response),
        Err(error) => {
            span.record("error.type", error_type(error));
            span.set_status(Status::error(with_causes(error)));
        }
    }
    result
}

/// Marks the span of a request that is given up: together with the one that it was made for.
struct Unanswered<'s>(Option<&'s Span>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(span) = self.0 {
            record_cancelled(span);
        }
    }
}

fn client_span(request: &Request) -> Span {
    let method = request.method().as_str();
    let url = request.url();
    info_span!(
        target: TARGET,
        "HTTP request",
        otel.name = method,
        otel.kind = "client",
        http.request.method = method,
        url.full = &*requests().sensitive_keys.redact_url(url.as_str()),
        server.address = url.host_str(),
        server.port = url.port_or_known_default().map(i64::from),
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

fn record_response(span: &Span, response: &Response) {
    let status = response.status();
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_client_error() || status.is_server_error() {
        span.record("error.type", status.as_str());
        span.set_status(Status::error(""));
    }
}

fn error_type(error: &reqwest::Error) -> &'static str {
    match error {
        _ if error.is_timeout() => "timeout",
        _ if error.is_connect() => "connection_error",
        _ => "_OTHER",
    }
}
