//! "Try it": the buttons on Jaeger's page, which send requests to the first service.

use std::{error::Error, net::SocketAddr, time::Duration};

use embedded_jaeger::{Button, Pressed, TraceId};
use reqwest::{Client, redirect};

/// The endpoints that have a button.
const ENDPOINTS: [&str; 8] = [
    "/chain",
    "/",
    "/items/5?q=x",
    "/io_task",
    "/cpu_task",
    "/random_status",
    "/random_sleep",
    "/error_test",
];

/// The longest time that an answer may take; the services give up after the same time.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The buttons, for the service at this address.
pub(super) fn buttons(service: SocketAddr) -> Vec<Button> {
    let button = |path: &str| {
        let url = format!("http://{service}{path}");
        Button::new(path, move || send(url.clone()))
    };
    ENDPOINTS.map(button).into()
}

async fn send(url: String) -> Result<Pressed, Box<dyn Error + Send + Sync>> {
    get(&url).await.map_err(|error| match error.is_timeout() {
        true => format!("no answer from {url} within {TIMEOUT:?}").into(),
        false => format!("no answer from {url}: is the service running?").into(),
    })
}

/// Sends the request to that address and nowhere else: without redirects and proxies.
async fn get(url: &str) -> reqwest::Result<Pressed> {
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .build()?;
    let response = client.get(url).send().await?;
    let header = response.headers().get("traceresponse");
    let trace_id = header.and_then(|value| trace_id(value.to_str().ok()?));
    Ok(Pressed::new(response.status().as_u16(), trace_id))
}

/// The trace id of a `traceresponse` header: `00-{trace id}-{span id}-{flags}`.
fn trace_id(traceresponse: &str) -> Option<TraceId> {
    traceresponse.split('-').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_trace_id_is_the_second_part() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let text = format!("00-{trace}-b7ad6b7169203331-01");
        assert_eq!(trace_id(&text), trace.parse().ok());
        for other in ["", "00", "00--b7-01", "00-<b>-b7-01", "garbage-"] {
            assert_eq!(trace_id(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_named() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", free.local_addr().unwrap());
        drop(free);
        let error = send(url.clone()).await.unwrap_err();
        let expected = format!("no answer from {url}: is the service running?");
        assert_eq!(error.to_string(), expected);
    }
}
