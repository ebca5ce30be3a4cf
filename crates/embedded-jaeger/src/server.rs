//! Serves HTTP to any client within bounds of connections, memory and time.
//!
//! On hyper, since the servers that there are leave open what this one bounds. `axum::serve` has no
//! timeout for the head of a request, and waits for the last connection without a deadline.
//! `axum-server` (0.9) has no bound on connections, and drops the error that a connection ends with,
//! which is how another protocol shows.

use std::{error::Error, io, sync::Arc, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// The most connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;
/// The time between two requests of a connection, and for the head of one.
const IDLE: Duration = Duration::from_secs(60);
/// The time that requests in flight have to end after a shutdown began.
const DRAIN: Duration = Duration::from_secs(5);
/// The pause after a failure to accept a connection.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// The most bytes that an HTTP/1 connection may buffer of heads, or an HTTP/2 connection of bodies
/// that are not read yet.
const CONNECTION_BUFFER: usize = 256 * 1024;
/// The most requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;

/// The protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, as gRPC is.
    Http2,
}

/// Serves `router` until `stop` is cancelled, and then the requests in flight for [`DRAIN`]. Calls
/// `on_other` for each connection that speaks another protocol.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    protocol: Protocol,
    on_other: impl Fn(&dyn Error) + Clone + Send + 'static,
    stop: CancellationToken,
) {
    let builder = builder(protocol);
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Most likely there are too many open files.
                warn!("cannot accept connections: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Responses are small and complete: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection.into_owned());
        let on_other = on_other.clone();
        connections.spawn(async move {
            if let Err(error) = connection.await {
                debug!("a connection ended: {error}");
                if let Some(why) = other_protocol(&*error) {
                    on_other(why);
                }
            }
            drop(slot);
        });
    }
    // Dropping the set afterwards ends the others.
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

/// The error of a connection that received bytes of another protocol.
fn other_protocol<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse() {
        return Some(error);
    }
    // The source of HTTP/2's errors; another one when the client is gone or a response broke off.
    let source = error.source().filter(|_| !error.is_user())?;
    (!source.is::<io::Error>()).then_some(source)
}

/// Builds the connections of a port.
pub(super) fn builder(protocol: Protocol) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(CONNECTION_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(CONNECTION_BUFFER as u32)
        .initial_connection_window_size(CONNECTION_BUFFER as u32)
        .max_header_list_size(16 * 1024)
        .keep_alive_interval(IDLE);
    builder
}

/// The most requests with a body at a time, and the time for each: together with the largest body, a
/// bound on memory.
pub(super) const MAX_REQUESTS: usize = 16;
/// See [`MAX_REQUESTS`].
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(10);
