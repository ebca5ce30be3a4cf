//! Accepts connections, and shuts down without cutting off a request.
//!
//! On hyper, since the servers that there are leave open what this one bounds. `axum::serve` has no
//! timeout for the head of a request, and waits for the last connection without a deadline.
//! `axum-server` (0.9) has both, but never closes an idle connection of HTTP/2, and drops the error
//! that a connection ends with.

use std::{
    io,
    time::{Duration, Instant},
};

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;

/// The time that connections are still accepted after a shutdown began: a request in flight may call
/// this service itself, as `/chain` does, and a load balancer may not know yet.
const LINGER: Duration = Duration::from_secs(1);

/// The time that requests in flight then have to end; Kubernetes gives 30 s in all.
pub(super) const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

/// The pause after a failure, most likely since the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The time without a failure after which the log reports the end of them: when there are too many
/// connections, each one that ends lets one more in.
const ACCEPT_CALM: Duration = Duration::from_secs(1);

/// Serves `app` until `shutdown` is cancelled. Then soon accepts no more connections, and returns
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

/// Logs once that connections cannot be accepted, and once that they can again.
#[derive(Default)]
struct AcceptFailures {
    last: Option<Instant>,
}

impl AcceptFailures {
    fn failed(&mut self, error: &io::Error) {
        if self.last.replace(Instant::now()).is_none() {
            tracing::warn!(
                "cannot accept connections: {error}; further failures are not logged until it can again"
            );
        }
    }

    fn accepted(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() >= ACCEPT_CALM) {
            self.last = None;
            tracing::info!("accepts connections again");
        }
    }
}
