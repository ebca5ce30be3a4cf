//! HTTP requests, with errors that show the response and the proxy.

use std::{fmt, net::IpAddr, sync::LazyLock, time::Duration};

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use axum_jaeger_telemetry::{SensitiveKeys, with_causes};

/// The most characters of an error response that are shown.
const SHOWN: usize = 300;

/// A client that connects to this machine directly, and to other hosts by the proxy of the
/// environment: a remote system may be reachable only by one.
pub(super) struct Client {
    direct: reqwest::Client,
    by_proxy: reqwest::Client,
}

impl Client {
    /// A client whose requests fail after `timeout`.
    pub(super) fn new(timeout: Duration) -> reqwest::Result<Self> {
        let builder = || reqwest::Client::builder().timeout(timeout);
        Ok(Self {
            direct: builder().no_proxy().build()?,
            by_proxy: builder().build()?,
        })
    }

    pub(super) fn get(&self, url: Url) -> RequestBuilder {
        let client = if is_this_machine(&url) {
            &self.direct
        } else {
            &self.by_proxy
        };
        client.get(url)
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The proxy of a request, if any.
#[derive(Debug)]
pub(super) struct Through(Option<Uri>);

impl Through {
    fn on_the_way_to(url: &Url) -> Self {
        static PROXIES: LazyLock<Matcher> = LazyLock::new(Matcher::from_system);
        if is_this_machine(url) {
            return Self(None);
        }
        let target = url.as_str().parse::<Uri>().ok();
        let proxy = target.and_then(|target| PROXIES.intercept(&target));
        Self(proxy.map(|proxy| proxy.uri().clone()))
    }
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => Ok(()),
            Some(proxy) => {
                let proxy = proxy.to_string();
                let proxy = proxy.trim_end_matches('/');
                write!(f, " through the proxy {proxy} (HTTP_PROXY or ALL_PROXY)")
            }
        }
    }
}

/// An error instead of the expected response.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No response at all.
    #[error("no response{through}: {}", with_causes(.source))]
    NoAnswer {
        /// The proxy of the request.
        through: Through,
        /// The error.
        source: reqwest::Error,
    },
    /// A response that is not a success.
    #[error("status {status}{through}: {body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The proxy, from which it may come.
        through: Through,
        /// The start of the body.
        body: String,
    },
    /// A body that is not in the API's form.
    #[error("a response of another form: {0}")]
    Form(#[from] serde_json::Error),
}

/// Sends a request. Only a success is not an error.
pub(super) async fn send(request: RequestBuilder) -> Result<Response, FetchError> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| no_answer(Through(None), error))?;
    let through = Through::on_the_way_to(request.url());
    let response = match client.execute(request).await {
        Ok(response) => response,
        Err(error) => return Err(no_answer(through, error)),
    };
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    Err(FetchError::Status {
        status: status.as_u16(),
        through,
        body: body.chars().take(SHOWN).collect(),
    })
}

/// Gets a JSON document.
pub(super) async fn json_of<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, FetchError> {
    let response = send(request).await?;
    let through = Through::on_the_way_to(response.url());
    let body = response.bytes().await;
    let body = body.map_err(|error| no_answer(through, error))?;
    Ok(serde_json::from_slice(&body)?)
}

/// The error's text has the URL, so its secrets are redacted.
fn no_answer(through: Through, mut source: reqwest::Error) -> FetchError {
    if let Some(url) = source.url_mut() {
        *url = shown(url);
    }
    FetchError::NoAnswer { through, source }
}

/// Returns the URL without its secrets.
pub(super) fn shown(url: &Url) -> Url {
    let redacted = SensitiveKeys::default().redact_url(url.as_str()).parse();
    redacted.unwrap_or_else(|_| url.clone())
}
