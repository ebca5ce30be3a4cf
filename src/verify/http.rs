//! Asks, and says clearly what the answer was where it is not one that helps.

use std::{fmt, net::IpAddr, sync::LazyLock, time::Duration};

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::{RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use axum_jaeger_telemetry::{SensitiveKeys, with_causes};

/// The start of a body that is shown where the answer is an error.
const SHOWN: usize = 300;

/// Asks this machine itself, and every other host by the proxy that the environment names for it: a
/// system that is looked at from afar may be reached by one alone.
pub(super) struct Client {
    direct: reqwest::Client,
    by_proxy: reqwest::Client,
}

impl Client {
    /// Waits so long for an answer.
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

/// The proxy that a request went through, if there was one.
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

/// An answer that could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// No answer at all.
    #[error("no answer{through}: {}", with_causes(.source))]
    NoAnswer {
        /// The proxy that was asked for it.
        through: Through,
        /// The error.
        source: reqwest::Error,
    },
    /// An answer that is not a success.
    #[error("status {status}{through}: {body}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The proxy that it came from, or by.
        through: Through,
        /// The start of the body.
        body: String,
    },
    /// A body of another form than the API's.
    #[error("an answer of another form: {0}")]
    Form(#[from] serde_json::Error),
}

/// Sends, and takes a success alone.
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

/// The error has the URL in its text.
fn no_answer(through: Through, mut source: reqwest::Error) -> FetchError {
    if let Some(url) = source.url_mut() {
        *url = shown(url);
    }
    FetchError::NoAnswer { through, source }
}

/// The URL as it is shown, without its secrets.
pub(super) fn shown(url: &Url) -> Url {
    let redacted = SensitiveKeys::default().redact_url(url.as_str()).parse();
    redacted.unwrap_or_else(|_| url.clone())
}
