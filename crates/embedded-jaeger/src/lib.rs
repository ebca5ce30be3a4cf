//! A Jaeger within your process, for tests and for development: it receives spans as a Jaeger agent
//! and collector do, keeps them in bounded memory, and answers the query service's HTTP API. It
//! shows traces on a page, and a test asserts on them in Rust.
//!
//! It mirrors Jaeger 1.62 with its memory storage.
//!
//! # Examples
//! ```no_run
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use embedded_jaeger::{Jaeger, Settings, TraceQuery};
//!
//! let jaeger = Jaeger::start(&Settings::on_free_ports()).await?;
//! // … starts a service that sends its spans to `jaeger.grpc_endpoint()`, and calls it …
//! let traces = jaeger
//!     .wait_for_traces(
//!         &TraceQuery::new("shop").operation("GET /items/{id}"),
//!         |traces| traces.iter().any(|trace| trace.spans().len() == 3),
//!         Duration::from_secs(10),
//!     )
//!     .await?;
//! let request = traces[0].root().ok_or("no root")?;
//! assert_eq!(request.kind(), "server");
//! assert_eq!(request["http.response.status_code"], 200);
//! # Ok(())
//! # }
//! ```
//!
//! # The way of a span
//! A receiver decodes it from Thrift or Protobuf (`receive`), the store keeps it (`store`), and it is
//! asked for by the HTTP API (`query`), by Rust ([`Jaeger::trace`], [`Jaeger::wait_for_trace`]) and
//! by the page (`page`, `stats`).

mod ask;
mod base_path;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzz;
mod go;
mod ids;
mod listen;
mod logs;
mod metrics;
#[doc(hidden)]
pub mod model;
mod otlp;
mod page;
mod query;
mod receive;
mod server;
mod settings;
mod stats;
mod store;
mod trace;
mod value;

use std::{net::SocketAddr, sync::Arc, thread::JoinHandle};

use axum::{Router, middleware::map_response, response::Response};
use tokio::{runtime::Handle, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower_http::compression::CompressionLayer;
use tracing::info;

use self::{
    listen::{bind_tcp, bind_udp, near},
    page::answer::NO_STORE,
    receive::{SpanSink, grpc, http, udp},
    server::{Protocol, serve},
    store::Store,
};

pub use ask::WaitError;
pub use base_path::{BasePath, BasePathError};
pub use ids::{ParseIdError, SpanId, TraceId};
pub use listen::StartError;
pub use logs::{LogLine, Logs};
pub use model::Receiver;
pub use page::{Button, Pressed};
pub use query::TraceQuery;
pub use receive::Counts;
pub use settings::Settings;
pub use trace::{Event, Span, Trace};
pub use value::Value;

/// A running Jaeger. Dropping it stops it without waiting for the end; see [`Jaeger::shutdown`].
#[derive(Debug)]
pub struct Jaeger {
    addresses: Addresses,
    query_url: String,
    store: Arc<Store>,
    sinks: [Arc<SpanSink>; 4],
    threads: Vec<JoinHandle<()>>,
    servers: JoinSet<()>,
    stop: DropGuard,
}

/// The addresses on which a running Jaeger listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Thrift's compact protocol over UDP, as a Jaeger agent has it.
    pub compact: SocketAddr,
    /// Thrift's binary protocol over UDP, as a Jaeger agent has it.
    pub binary: SocketAddr,
    /// Thrift over HTTP.
    pub http: SocketAddr,
    /// api_v2 over gRPC.
    pub grpc: SocketAddr,
    /// The page and the query API, over HTTP.
    pub query: SocketAddr,
}

impl Jaeger {
    /// Starts to listen on all five ports, and only then serves any of them. It runs on the Tokio
    /// runtime of the caller, and on threads of its own for UDP.
    ///
    /// # Errors
    /// A [`StartError`] if a port is not available, or outside of a runtime; nothing is left running
    /// then.
    ///
    /// # Panics
    /// If the runtime is without I/O or time, which `enable_all` of its builder enables.
    ///
    /// # Examples
    /// ```
    /// use embedded_jaeger::{Jaeger, Settings};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let jaeger = Jaeger::start(&Settings::on_free_ports()).await?;
    /// println!("send spans to {}", jaeger.grpc_endpoint());
    /// println!("see traces on {}", jaeger.query_url());
    /// jaeger.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let at = |port| SocketAddr::new(settings.host, port);
        let (compact, compact_at) = bind_udp(at(settings.compact_port), "Thrift compact (UDP)")?;
        let (binary, binary_at) = bind_udp(at(settings.binary_port), "Thrift binary (UDP)")?;
        let (http, http_at) = bind_tcp(at(settings.http_port), "Thrift over HTTP").await?;
        let (grpc, grpc_at) = bind_tcp(at(settings.grpc_port), "gRPC").await?;
        let (query, query_at) = bind_tcp(at(settings.query_port), "the query API").await?;

        let store = Arc::new(Store::new(settings.max_memory_bytes()));
        let sinks = [
            Receiver::UdpCompact,
            Receiver::UdpBinary,
            Receiver::Http,
            Receiver::Grpc,
        ]
        .map(|receiver| SpanSink::new(receiver, &store));
        let [of_compact, of_binary, of_http, of_grpc] = sinks.clone();

        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let mut threads = Vec::new();
        for (socket, sink) in [(compact, of_compact), (binary, of_binary)] {
            threads.extend(udp::spawn(socket, sink, stop.clone()).map_err(StartError::Thread)?);
        }
        let mut servers = JoinSet::new();
        servers.spawn(serve(
            http,
            http::router(Arc::clone(&of_http)),
            Protocol::Http1,
            move |why| of_http.refuse_connection(why),
            stop.clone(),
        ));
        servers.spawn(serve(
            grpc,
            grpc::router(Arc::clone(&of_grpc)).await,
            Protocol::Http2,
            move |why| of_grpc.refuse_connection(why),
            stop.clone(),
        ));
        let metrics = metrics::router(metrics::Source {
            sinks: sinks.clone(),
            store: Arc::clone(&store),
            sockets: [
                (Receiver::UdpCompact.name(), compact_at),
                (Receiver::UdpBinary.name(), binary_at),
            ],
        });
        let pages = pages(settings, &store, metrics, &stop);
        servers.spawn(serve(query, pages, Protocol::Http1, |_| {}, stop));

        info!("Thrift compact on udp {compact_at}");
        info!("Thrift binary on udp {binary_at}");
        info!("Thrift over HTTP on http://{http_at}/api/traces");
        info!("gRPC on http://{grpc_at}");
        info!("query on http://{query_at}{}", settings.base_path);
        let query_url = format!("http://{}{}", near(query_at), settings.base_path);
        Ok(Self {
            addresses: Addresses {
                compact: compact_at,
                binary: binary_at,
                http: http_at,
                grpc: grpc_at,
                query: query_at,
            },
            query_url,
            store,
            sinks,
            threads,
            servers,
            stop: guard,
        })
    }

    /// The addresses on which it listens, with the ports that the kernel has chosen.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The URL of the page and the prefix of the query API's paths, without a slash at its end.
    ///
    /// Like the endpoints below it is for clients on the same machine: where Jaeger listens on all
    /// addresses, it has loopback's.
    pub fn query_url(&self) -> &str {
        &self.query_url
    }

    /// The endpoint for spans by gRPC, as `host:port`.
    pub fn grpc_endpoint(&self) -> String {
        near(self.addresses.grpc).to_string()
    }

    /// The endpoint for spans by Thrift over HTTP, as a URL that ends with `/api/traces`.
    pub fn http_endpoint(&self) -> String {
        format!("http://{}/api/traces", near(self.addresses.http))
    }

    /// The endpoint for spans by Thrift compact over UDP, as `host:port`: an agent's.
    pub fn agent_endpoint(&self) -> String {
        near(self.addresses.compact).to_string()
    }

    /// The messages and spans that a receiver has stored and refused since the start.
    pub fn counts(&self, receiver: Receiver) -> Counts {
        let sink = self.sinks.iter().find(|sink| sink.receiver() == receiver);
        sink.map(|sink| sink.counts()).unwrap_or_default()
    }

    /// Stops receiving and answering. Answers under way have five seconds to end.
    pub async fn shutdown(self) {
        let Self {
            threads,
            mut servers,
            stop,
            ..
        } = self;
        drop(stop);
        while servers.join_next().await.is_some() {}
        // Joining a thread blocks. If it panicked, it has ended anyway.
        let join = || threads.into_iter().for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

/// The routes of the query port.
fn pages(
    settings: &Settings,
    store: &Arc<Store>,
    metrics: Router,
    stop: &CancellationToken,
) -> Router {
    let data = query::router(Arc::clone(store)).merge(stats::router(Arc::clone(store)));
    let data = data.layer(map_response(async |answer: Response| (NO_STORE, answer)));
    let logs = settings.logs.clone();
    let pages = page::router(Arc::clone(store), logs, &settings.buttons, stop.clone())
        .merge(metrics)
        .merge(data)
        .layer(CompressionLayer::new());
    settings.base_path.nest(pages)
}

/// The programs of the README, which are compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
