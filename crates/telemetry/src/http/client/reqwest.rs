//! Requests by reqwest.

use reqwest::{Client, Request, Response};
use tracing::Instrument;

use super::span_of_request;
use crate::{
    OTHER,
    http::{
        exchange::{Exchange, Failure, Protocol, Side},
        propagation,
    },
    settings::requests,
    with_causes,
};

/// Sends `request` within a client span.
///
/// # Errors
/// Those of [`Client::execute`].
///
/// # Examples
///
/// ```no_run
/// use axum_jaeger_telemetry::client;
///
/// # async fn fetch() -> reqwest::Result<()> {
/// let http = reqwest::Client::new();
/// let request = http.get("http://app-b:8000/io_task").build()?;
/// let response = client::send(&http, request).await?;
/// # Ok(())
/// # }
/// ```
pub async fn send(client: &Client, mut request: Request) -> reqwest::Result<Response> {
    let url = request.url();
    let span = span_of_request(
        request.method().as_str(),
        url.as_str(),
        url.host_str(),
        url.port_or_known_default(),
        requests(),
    );
    let mut exchange = Exchange::new(span, Side::Client, Protocol::Http);
    propagation::inject_span(exchange.span(), request.headers_mut());
    let answer = client.execute(request).instrument(exchange.span().clone());
    let result = answer.await;
    match &result {
        Ok(response) => exchange.end_with_status(response.status()),
        Err(error) => exchange.fail(failure(error)),
    }
    result
}

fn failure(error: &reqwest::Error) -> Failure {
    let error_type = match error {
        _ if error.is_timeout() => "timeout",
        _ if error.is_connect() => "connection_error",
        _ => OTHER,
    };
    let mut description = with_causes(error);
    // The error's text has the whole URL.
    if let Some(url) = error.url() {
        let shown = requests().sensitive_keys.redact_url(url.as_str());
        description = description.replace(url.as_str(), &shown);
    }
    Failure {
        error_type,
        description,
    }
}
