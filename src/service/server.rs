//! Serves connections, and stops without cutting a request short.
//!
//! `axum::serve` has no limit for the time that a client takes to send its request's head, and
//! waits for ever for the last connection; hence hyper directly.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::{ServiceBuilder, ServiceExt};

use crate::telemetry::server::ClientAddress;

/// How long a client may take for a request's head; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a request's head. It is more than any sane one has, and there may be many
/// connections.
const MAX_HEAD: usize = 64 * 1024;

/// How long connections are still taken after a shutdown began: a request in flight may call this
/// service itself, as `/chain` does, and a load balancer may not know yet.
const LINGER: Duration = Duration::from_secs(1);

/// How long requests in flight then have to end; Kubernetes gives 30 s in all.
const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections must have been accepted without an error to say that all is well again: when
/// there are too many, each one that ends lets one more in.
const ACCEPT_CALM: Duration = Duration::from_secs(1);

/// Serves `app` until `shutdown` is cancelled; then soon takes no more connections, and returns when
/// the requests in flight are answered or the deadline is over.
pub(super) async fn serve(listener: TcpListener, app: Router, shutdown: CancellationToken) {
    let connections = GracefulShutdown::new();
    let closed = async {
        shutdown.cancelled().await;
        tracing::info!("shutting down: not ready, answering the requests in flight");
        tokio::time::sleep(LINGER).await;
    };
    tokio::pin!(closed);
    let mut failures = AcceptFailures::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut closed => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                failures.accepted();
                serve_connection(stream, peer, app.clone(), &connections, shutdown.clone());
            }
            Err(error) => {
                failures.failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_DEADLINE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests still in flight after {DRAIN_DEADLINE:?} are cut off");
    }
}

/// Says once that connections cannot be accepted, and once that they can again.
#[derive(Default)]
struct AcceptFailures {
    last: Option<Instant>,
}

impl AcceptFailures {
    fn failed(&mut self, error: &io::Error) {
        if self.last.replace(Instant::now()).is_none() {
            tracing::warn!("cannot accept connections: {error}; said once, until it can");
        }
    }

    fn accepted(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() >= ACCEPT_CALM) {
            self.last = None;
            tracing::info!("accepts connections again");
        }
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    connections: &GracefulShutdown,
    shutdown: CancellationToken,
) {
    // Answers are small and complete: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let client = ClientAddress::from(peer.ip());
    let service = ServiceBuilder::new()
        .map_request(move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(client.clone());
            request.map(axum::body::Body::new)
        })
        .map_response(move |mut response: Response| {
            // Before the connection is closed, so that the client has no request on its way then.
            if shutdown.is_cancelled() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
            }
            response
        })
        .service(app.into_service())
        .map_err(|error: Infallible| error);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            // A client that breaks off, or does not speak HTTP.
            tracing::debug!(%peer, "connection: {error}");
        }
    });
}
