//! Accepts connections, and stops without cutting a request short.

use std::{
    io,
    time::{Duration, Instant},
};

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;

/// How long connections are still taken after a shutdown began: a request in flight may call this
/// service itself, as `/chain` does, and a load balancer may not know yet.
const LINGER: Duration = Duration::from_secs(1);

/// How long requests in flight then have to end; Kubernetes gives 30 s in all.
pub(super) const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections must have been accepted without an error to say that all is well again:
/// when there are too many, each one that ends lets one more in.
const ACCEPT_CALM: Duration = Duration::from_secs(1);

/// Serves `app` until `shutdown` is cancelled; then soon takes no more connections, and returns
/// when the requests in flight are answered or the deadline is over.
pub(super) async fn serve(listener: TcpListener, app: Router, shutdown: CancellationToken) {
    let connections = GracefulShutdown::new();
    let closing = CancellationToken::new();
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
                let connection = Connection {
                    peer,
                    app: app.clone(),
                    shutdown: shutdown.clone(),
                    closing: closing.clone(),
                    watcher: connections.watcher(),
                };
                tokio::spawn(connection.serve(stream));
            }
            Err(error) => {
                failures.failed(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    closing.cancel();
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
