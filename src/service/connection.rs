//! A connection: HTTP/1, or HTTP/2 without TLS by prior knowledge, within the same limits.

use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, Request, Version, header::CONNECTION},
};
use axum_jaeger_telemetry::server::ClientAddress;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::Watcher},
};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::server::DRAIN_DEADLINE;

/// The time that a client may take for the head of a request; also the time that an idle connection
/// is kept.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a request's head: more than any sane one has, and little enough for many
/// connections.
const MAX_HEAD: u32 = 64 * 1024;

/// The most requests at a time on one HTTP/2 connection; RFC 9113 advises no less.
const MAX_STREAMS: u32 = 100;

/// The most bytes of bodies that one HTTP/2 connection may send ahead, since no endpoint reads
/// them. It cannot be less.
const WINDOW: u32 = 65_535;

/// The time that the client of an idle connection has to notice its end.
const GOODBYE: Duration = Duration::from_secs(1);

/// An accepted connection, without its stream.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) app: Router,
    /// Cancelled when the service shuts down: responses then close their connection.
    pub(super) shutdown: CancellationToken,
    /// Cancelled a little later: idle connections end, and the others after their requests.
    pub(super) closing: CancellationToken,
    /// Keeps the server from ending before this connection.
    pub(super) watcher: Watcher,
}

impl Connection {
    pub(super) async fn serve(self, stream: TcpStream) {
        let Self {
            peer,
            app,
            shutdown,
            closing,
            watcher: _watcher,
        } = self;
        // Responses are small and complete: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let activity = Arc::new(Activity::default());
        let counted = Arc::clone(&activity);
        let client = ClientAddress::from(peer.ip());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let busy = counted.begin(request.version());
            request.extensions_mut().insert(client.clone());
            let response = app.clone().oneshot(request);
            let shutdown = shutdown.clone();
            async move {
                let mut response = response.await?;
                // Before the connection closes, so that the client does not send another request.
                if busy.is_none() && shutdown.is_cancelled() {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let builder = builder();
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let deadline = tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    // The client broke off, or does not speak HTTP.
                    tracing::debug!(%peer, "connection: {error}");
                }
                return;
            }
            () = activity.idle() => GOODBYE,
            () = closing.cancelled() => DRAIN_DEADLINE,
        };
        connection.as_mut().graceful_shutdown();
        let _ = timeout(deadline, connection).await;
    }
}

/// hyper and h2 bound what a client may reset. HTTP/2 has no pings: when a client is gone, its
/// connection becomes idle.
fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEAD)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    builder
}

/// The activity of a connection. hyper closes neither an idle connection of HTTP/2 nor one whose
/// first bytes do not arrive; it has a timeout for HTTP/1.
struct Activity {
    is_http1: AtomicBool,
    http2: Mutex<Requests>,
}

struct Requests {
    in_flight: usize,
    /// When the last one began or ended.
    changed: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            is_http1: AtomicBool::new(false),
            http2: Mutex::new(Requests {
                in_flight: 0,
                changed: Instant::now(),
            }),
        }
    }
}

impl Activity {
    /// Notes a request; `None` for HTTP/1.
    fn begin(self: &Arc<Self>, version: Version) -> Option<Busy> {
        if version != Version::HTTP_2 {
            self.is_http1.store(true, Ordering::Relaxed);
            return None;
        }
        self.change(|in_flight| in_flight + 1);
        Some(Busy(Arc::clone(self)))
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut requests = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
        requests.in_flight = change(requests.in_flight);
        requests.changed = Instant::now();
    }

    /// Returns when there was no request for [`HEAD_TIMEOUT`]; never for a connection that had one
    /// of HTTP/1.
    async fn idle(&self) {
        loop {
            let left = {
                let requests = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
                match requests.in_flight {
                    0 => HEAD_TIMEOUT.saturating_sub(requests.changed.elapsed()),
                    _ => HEAD_TIMEOUT,
                }
            };
            if self.is_http1.load(Ordering::Relaxed) {
                return pending().await;
            }
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

/// A request of HTTP/2 in flight.
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|in_flight| in_flight.saturating_sub(1));
    }
}
