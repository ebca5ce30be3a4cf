//! Serving HTTP to anybody: bounded connections, buffers and times, which `axum::serve` leaves
//! open.

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

/// Connections at a time; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 256;
/// Between two requests of a connection, and for the head of one.
const IDLE: Duration = Duration::from_secs(60);
/// For answers under way at a shutdown.
const DRAIN: Duration = Duration::from_secs(5);
/// What one HTTP/1 connection may buffer of heads, or one HTTP/2 connection of bodies that nobody
/// reads yet, in bytes.
const CONNECTION_BUFFER: usize = 256 * 1024;
/// Requests at a time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 32;

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without TLS, as gRPC is.
    Http2,
}

/// Serves `router` until `stop`, then lets answers under way end, for a while. `on_other` gets to
/// know of connections that speak another protocol.
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
                // Most likely there are too many open files; trying again at once would only burn
                // time.
                warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
        };
        // Answers are small and complete: waiting for more to send only delays them.
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
    // Dropping the set afterwards ends what is left.
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

/// What is wrong with the bytes that came, if it is they that are wrong.
fn other_protocol<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse() {
        return Some(error);
    }
    // HTTP/2's errors have this as their source. When the other side is gone, or an answer broken
    // off, it is another.
    let source = error.source().filter(|_| !error.is_user())?;
    (!source.is::<io::Error>()).then_some(source)
}

/// What makes a connection of a stream.
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

/// How many requests with a body are read at a time, and for how long: together with the largest
/// body, a bound on memory.
#[derive(Debug, Clone)]
pub(super) struct Limit(Arc<Semaphore>);

impl Limit {
    const REQUESTS: usize = 16;
    const TIME: Duration = Duration::from_secs(10);

    /// Waits for its turn, then does the work; `None` when the time for it is over.
    pub(super) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // The semaphore is never closed, so there always is a permit in the end.
        let _slot = self.0.acquire().await;
        tokio::time::timeout(Self::TIME, work).await.ok()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(Self::REQUESTS)))
    }
}
