//! Takes what the services send, and counts it: an agent (UDP), and a collector that speaks Thrift
//! over HTTP, and gRPC of Jaeger and of OpenTelemetry, on one port.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use nix::sys::socket::{setsockopt, sockopt};

use super::{Result, count};

/// As much as a second's spans, so that the kernel need not drop any while the machine is busy.
const KERNEL_BUFFER: usize = 32 * 1024 * 1024;

/// As much as may be under way to the collector on one connection.
const WINDOW: u32 = 8 * 1024 * 1024;

/// Nothing more comes when nothing came for so long: twice what a batch may wait.
const SILENCE: Duration = Duration::from_secs(2);

/// A gRPC message's prefix: a flag and the length. An empty message is its prefix alone.
const GRPC_PREFIX: usize = 5;

/// What came so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) spans: u64,
    /// The messages alone: no headers of HTTP, UDP and below.
    pub(crate) bytes: u64,
    /// Messages that could not be read.
    pub(crate) malformed: u64,
}

#[derive(Default)]
struct Counters {
    spans: AtomicU64,
    bytes: AtomicU64,
    malformed: AtomicU64,
}

impl Counters {
    fn add<E>(&self, message: &[u8], spans: Result<u64, E>) {
        self.bytes.fetch_add(message.len() as u64, Relaxed);
        match spans {
            Ok(spans) => self.spans.fetch_add(spans, Relaxed),
            Err(_) => self.malformed.fetch_add(1, Relaxed),
        };
    }
}

/// Both, in threads of their own until the end of the process.
pub(crate) struct Receivers {
    pub(crate) agent: SocketAddr,
    pub(crate) collector: SocketAddr,
    counters: Arc<Counters>,
}

impl Receivers {
    pub(crate) fn start() -> Result<Self> {
        let counters = Arc::<Counters>::default();

        let agent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Above the system's limit for root alone; for others as much as they may.
        if setsockopt(&agent, sockopt::RcvBufForce, &KERNEL_BUFFER).is_err() {
            setsockopt(&agent, sockopt::RcvBuf, &KERNEL_BUFFER)?;
        }
        let agent_address = agent.local_addr()?;
        let counted = Arc::clone(&counters);
        thread::spawn(move || receive_datagrams(&agent, &counted));

        let collector = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        collector.set_nonblocking(true)?;
        let collector_address = collector.local_addr()?;
        let counted = Arc::clone(&counters);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        thread::spawn(move || {
            let served = runtime.block_on(serve(collector, counted));
            served.unwrap_or_else(|error| eprintln!("the collector: {error}"));
        });

        Ok(Self {
            agent: agent_address,
            collector: collector_address,
            counters,
        })
    }

    pub(crate) fn received(&self) -> Received {
        Received {
            spans: self.counters.spans.load(Relaxed),
            bytes: self.counters.bytes.load(Relaxed),
            malformed: self.counters.malformed.load(Relaxed),
        }
    }

    /// Waits until `spans` came in all, or nothing comes any more.
    pub(crate) fn settle(&self, spans: u64) {
        let mut last = (self.received(), Instant::now());
        while last.0.spans < spans && last.1.elapsed() < SILENCE {
            thread::sleep(Duration::from_millis(10));
            let now = self.received();
            if now != last.0 {
                last = (now, Instant::now());
            }
        }
    }
}

fn receive_datagrams(socket: &UdpSocket, counters: &Counters) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length) = socket.recv(&mut buffer) {
        let message = &buffer[..length];
        counters.add(message, count::thrift_compact_message(message));
    }
}

async fn serve(listener: std::net::TcpListener, counters: Arc<Counters>) -> Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let counters = Arc::clone(&counters);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&counters)));
            let mut builder = Builder::new(TokioExecutor::new());
            builder
                .http2()
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            // A service that ends breaks its connection off.
            let _ = connection.await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    counters: Arc<Counters>,
) -> Result<Response<BoxBody<Bytes, Infallible>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let is_grpc = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)
        == Some(b"application/grpc".as_slice());
    if !is_grpc {
        counters.add(&body, count::thrift_binary_batch(&body));
        let mut response = Response::new(Full::default().boxed());
        *response.status_mut() = StatusCode::ACCEPTED;
        return Ok(response);
    }
    let message = body.get(GRPC_PREFIX..).unwrap_or_default();
    let spans = match head.uri.path() {
        "/jaeger.api_v2.CollectorService/PostSpans" => count::jaeger_request(message),
        _ => count::opentelemetry_request(message),
    };
    counters.add(&body, spans);
    let trailers = HeaderMap::from_iter([("grpc-status".parse()?, HeaderValue::from_static("0"))]);
    let empty = Full::new(Bytes::from_static(&[0; GRPC_PREFIX]));
    let mut response = Response::new(empty.with_trailers(async { Some(Ok(trailers)) }).boxed());
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    Ok(response)
}
