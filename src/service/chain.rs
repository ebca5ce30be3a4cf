//! `/chain`: one request that becomes a trace through three services.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{Json, extract::State};
use axum_jaeger_telemetry::client;
use reqwest::{Client, Method, Request, Url, redirect};
use serde_json::{Value, json};

use super::{App, Target, connection::HEAD_TIMEOUT, error::Error};

/// The time that a target may take; its work takes one second at most.
const TARGET_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest response that is read, in bytes; a target's has some dozen.
const MAX_RESPONSE: usize = 64 * 1024;

/// The calls of the chain, in order, and the client that makes them.
pub(super) struct Chain {
    client: Client,
    calls: [(String, &'static str); 3],
}

impl Chain {
    /// Calls the service itself, at `own`, and then its two targets.
    pub(super) fn new(own: SocketAddr, targets: [Target; 2]) -> reqwest::Result<Self> {
        let [one, two] = targets.map(|target| target.to_string());
        Ok(Self {
            client: Client::builder()
                .timeout(TARGET_TIMEOUT)
                // The targets close an idle connection after HEAD_TIMEOUT: a request that is sent
                // at that moment would get no response.
                .pool_idle_timeout(HEAD_TIMEOUT / 2)
                // A redirect would be a second request within the first one's span.
                .redirect(redirect::Policy::none())
                // Neighbours are called directly, whatever proxy the environment has.
                .no_proxy()
                .build()?,
            calls: [
                (reached(own).to_string(), "/"),
                (one, "/io_task"),
                (two, "/cpu_task"),
            ],
        })
    }

    async fn call(&self, target: &str, path: &str) -> Result<(), Error> {
        let failed = |source: reqwest::Error| {
            let target = target.to_owned();
            if source.is_timeout() {
                Error::TargetTimeout { target, source }
            } else {
                Error::TargetUnreachable { target, source }
            }
        };
        let url = format!("http://{target}{path}");
        let url = Url::parse(&url).map_err(|_| Error::BadTarget {
            target: target.to_owned(),
        })?;
        let mut response = client::send(&self.client, Request::new(Method::GET, url))
            .await
            .map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            let target = target.to_owned();
            return Err(Error::TargetFailed { target, status });
        }
        // Read to its end, so that the connection can be used again.
        let mut size = 0;
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            size += chunk.len();
            if size > MAX_RESPONSE {
                break;
            }
        }
        Ok(())
    }
}

/// The address at which this machine reaches a listener on `address`, which may be the unspecified
/// one.
pub(crate) fn reached(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Makes the three calls, one after the other.
pub(super) async fn chain(State(app): State<App>) -> Result<Json<Value>, Error> {
    tracing::info!("chain starting");
    let chain = Arc::clone(&app.chain);
    for (target, path) in &chain.calls {
        chain.call(target, path).await?;
    }
    tracing::info!("chain finished");
    Ok(Json(json!({ "path": "/chain" })))
}
