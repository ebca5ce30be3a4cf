//! One connection: HTTP/1, or HTTP/2 without TLS by prior knowledge, within the same limits.
//!
//! `axum::serve` has no limit for the time that a client takes to send its request's head, and
//! waits for ever for the last connection; and what tells the two protocols apart in hyper-util
//! waits for ever for the first bytes. Hence hyper directly.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    http::{HeaderValue, Request, header::CONNECTION},
    response::Response,
};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::graceful::Watcher,
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::{ServiceBuilder, ServiceExt};

use super::server::DRAIN_DEADLINE;
use axum_jaeger_telemetry::server::ClientAddress;

/// How long a client may take for a request's head; also how long an idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The most bytes of a request's head. It is more than any sane one has, and there may be many
/// connections.
const MAX_HEAD: u32 = 64 * 1024;

/// The most requests at a time on one HTTP/2 connection; RFC 9113 advises no less.
const MAX_STREAMS: u32 = 100;

/// The most bytes of bodies that one HTTP/2 connection may send ahead; no endpoint reads them. A
/// connection cannot have less.
const WINDOW: u32 = 65_535;

/// How long the client of an idle HTTP/2 connection has to take note of its end.
const GOODBYE: Duration = Duration::from_secs(1);

/// The first bytes from an HTTP/2 client (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The bytes that are read before the protocol is known; most heads have no more.
const FIRST_READ: usize = 1024;

/// An accepted connection, without its stream.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) app: Router,
    /// Cancelled when the service shuts down: answers then say that the connection closes.
    pub(super) shutdown: CancellationToken,
    /// Cancelled a little later: idle connections end, and the others after their requests.
    pub(super) closing: CancellationToken,
    /// Keeps the server from ending before this connection.
    pub(super) watcher: Watcher,
}

/// The connection's bytes, those that are read already included.
trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Stream for T {}

type Failure = Box<dyn Error + Send + Sync>;

impl Connection {
    pub(super) async fn serve(self, stream: TcpStream) {
        let peer = self.peer;
        if let Err(error) = self.try_serve(stream).await {
            // A client that breaks off, or does not speak HTTP.
            tracing::debug!(%peer, "connection: {error}");
        }
    }

    async fn try_serve(self, mut stream: TcpStream) -> Result<(), Failure> {
        // Answers are small and complete: waiting for more to send only delays them.
        let _ = stream.set_nodelay(true);
        let mut first = Vec::with_capacity(FIRST_READ);
        let is_http2 = tokio::select! {
            known = timeout(HEAD_TIMEOUT, is_http2(&mut stream, &mut first)) => known??,
            () = self.closing.cancelled() => return Ok(()),
        };
        let (read, write) = stream.into_split();
        let stream = tokio::io::join(io::Cursor::new(first).chain(read), write);
        if is_http2 {
            self.http2(stream).await
        } else {
            self.http1(stream).await
        }
    }

    async fn http1(self, stream: impl Stream) -> Result<(), Failure> {
        let Self { app, shutdown, .. } = self;
        let client = ClientAddress::from(self.peer.ip());
        let service = ServiceBuilder::new()
            .map_request(move |request| prepared(request, &client))
            .map_response(move |mut response: Response| {
                // Before the connection is closed, so that the client has no request on its way
                // then.
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
            .max_buf_size(MAX_HEAD as usize)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        Ok(self.watcher.watch(connection).await?)
    }

    async fn http2(self, stream: impl Stream) -> Result<(), Failure> {
        let activity = Arc::new(Activity::default());
        let client = ClientAddress::from(self.peer.ip());
        let app = self.app;
        let counted = Arc::clone(&activity);
        let service = service_fn(move |request| {
            let answer = app.clone().oneshot(prepared(request, &client));
            let busy = counted.begin();
            async move {
                let _busy = busy;
                answer.await
            }
        });
        // hyper and h2 bound what a client may reset. Without pings: when a client is gone, its
        // connection becomes idle.
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(MAX_HEAD)
            .max_concurrent_streams(MAX_STREAMS)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let deadline = tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = activity.idle() => GOODBYE,
            () = self.closing.cancelled() => DRAIN_DEADLINE,
        };
        connection.as_mut().graceful_shutdown();
        match timeout(deadline, connection).await {
            Ok(ended) => Ok(ended?),
            Err(_) => Ok(()),
        }
    }
}

/// Reads as much as is needed to know, into `first`.
async fn is_http2(stream: &mut TcpStream, first: &mut Vec<u8>) -> io::Result<bool> {
    while first.len() < PREFACE.len() && PREFACE.starts_with(first) {
        if stream.read_buf(first).await? == 0 {
            break;
        }
    }
    Ok(first.starts_with(PREFACE))
}

fn prepared(mut request: Request<Incoming>, client: &ClientAddress) -> axum::extract::Request {
    request.extensions_mut().insert(client.clone());
    request.map(axum::body::Body::new)
}

/// The requests of an HTTP/2 connection. hyper does not close an idle one.
struct Activity(Mutex<Requests>);

struct Requests {
    in_flight: usize,
    /// When the last one began or ended.
    changed: Instant,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Mutex::new(Requests {
            in_flight: 0,
            changed: Instant::now(),
        }))
    }
}

impl Activity {
    fn begin(self: &Arc<Self>) -> Busy {
        self.change(|in_flight| in_flight + 1);
        Busy(Arc::clone(self))
    }

    fn change(&self, change: impl FnOnce(usize) -> usize) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.in_flight = change(requests.in_flight);
        requests.changed = Instant::now();
    }

    /// Returns when there was no request for as long as an idle connection is kept.
    async fn idle(&self) {
        loop {
            let left = {
                let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                match requests.in_flight {
                    0 => HEAD_TIMEOUT.saturating_sub(requests.changed.elapsed()),
                    _ => HEAD_TIMEOUT,
                }
            };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }
}

/// A request in flight.
struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.change(|in_flight| in_flight.saturating_sub(1));
    }
}
