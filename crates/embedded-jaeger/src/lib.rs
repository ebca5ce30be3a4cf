//! The embedded Jaeger: receives spans as a Jaeger agent and collector do, keeps them in memory,
//! and answers the query service's JSON API and shows them on a page.
//!
//! It is for seeing traces and for tests: its memory is bounded and gone when it ends. It mirrors
//! Jaeger 1.62 with its memory storage.
//!
//! The way of a span: `receive` turns bytes into the [`model`], `store` keeps it, `query` answers
//! with it, `page` shows it. The program that Jaeger is embedded in may add to the page
//! ([`Extras`]): log lines, which [`Logs`] keeps, and requests to try.

mod base_path;
#[cfg(fuzzing)]
pub mod fuzz;
mod go;
mod ids;
mod logs;
mod metrics;
pub mod model;
mod otlp;
mod page;
mod query;
mod receive;
mod server;
mod settings;
mod store;

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    thread::JoinHandle,
};

use thiserror::Error;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};
use tower_http::compression::CompressionLayer;
use tracing::info;

use self::{
    model::Receiver,
    receive::{Inbox, grpc, http, udp},
    server::{Protocol, serve},
    store::Store,
};

pub use base_path::{BasePath, BasePathError};
pub use ids::{ParseIdError, SpanId, TraceId};
pub use logs::{LogLine, Logs};
pub use page::{Button, Pressed};
pub use receive::Counts;
pub use settings::Settings;

/// A running Jaeger. Dropping it stops it, too, but does not wait for the end.
#[derive(Debug)]
pub struct Jaeger {
    addresses: Addresses,
    query_url: String,
    inboxes: [Arc<Inbox>; 4],
    threads: Vec<JoinHandle<()>>,
    servers: JoinSet<()>,
    stop: DropGuard,
}

/// Where a running Jaeger listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Thrift compact over UDP.
    pub compact: SocketAddr,
    /// Thrift binary over UDP.
    pub binary: SocketAddr,
    /// Thrift over HTTP.
    pub http: SocketAddr,
    /// api_v2 over gRPC.
    pub grpc: SocketAddr,
    /// The query API over HTTP.
    pub query: SocketAddr,
}

/// Why Jaeger could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("port {} for {purpose} is taken: another program listens on {address}", address.port())]
    Taken {
        /// Where Jaeger wanted to listen.
        address: SocketAddr,
        /// What for.
        purpose: &'static str,
    },
    /// The system does not allow it, for another reason.
    #[error("cannot listen on {address} for {purpose}: {source}")]
    Listen {
        /// Where Jaeger wanted to listen.
        address: SocketAddr,
        /// What for.
        purpose: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl Jaeger {
    /// Listens on all five ports and only then serves any of them. To be called within a tokio
    /// runtime.
    ///
    /// # Errors
    /// A [`StartError`] when a port cannot be had; nothing is left running then.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let at = |port| SocketAddr::new(settings.host, port);
        let (compact, compact_at) = bind_udp(at(settings.compact_port), "Thrift compact (UDP)")?;
        let (binary, binary_at) = bind_udp(at(settings.binary_port), "Thrift binary (UDP)")?;
        let (http, http_at) = bind_tcp(at(settings.http_port), "Thrift over HTTP").await?;
        let (grpc, grpc_at) = bind_tcp(at(settings.grpc_port), "gRPC").await?;
        let (query, query_at) = bind_tcp(at(settings.query_port), "the query API").await?;

        let store = Arc::new(Store::new(settings.max_memory_bytes()));
        let inboxes = [
            Receiver::UdpCompact,
            Receiver::UdpBinary,
            Receiver::Http,
            Receiver::Grpc,
        ]
        .map(|receiver| Inbox::new(receiver, &store));
        let [of_compact, of_binary, of_http, of_grpc] = inboxes.clone();

        let stop = CancellationToken::new();
        let guard = stop.clone().drop_guard();
        let mut threads = Vec::new();
        for (socket, inbox) in [(compact, of_compact), (binary, of_binary)] {
            threads.extend(udp::spawn(socket, inbox, stop.clone()).map_err(StartError::Thread)?);
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
            inboxes: inboxes.clone(),
            store: Arc::clone(&store),
            sockets: [
                (Receiver::UdpCompact.name(), compact_at),
                (Receiver::UdpBinary.name(), binary_at),
            ],
        });
        let logs = settings.logs.clone();
        let pages = page::router(Arc::clone(&store), logs, &settings.buttons, stop.clone())
            .merge(metrics)
            .merge(query::router(store))
            .layer(CompressionLayer::new());
        let pages = settings.base_path.nest(pages);
        servers.spawn(serve(query, pages, Protocol::Http1, |_| {}, stop));

        info!("Thrift compact on udp {compact_at}");
        info!("Thrift binary on udp {binary_at}");
        info!("Thrift over HTTP on http://{http_at}/api/traces");
        info!("gRPC on http://{grpc_at}");
        let query_url = format!("http://{query_at}{}", settings.base_path);
        info!("query on {query_url}");
        Ok(Self {
            addresses: Addresses {
                compact: compact_at,
                binary: binary_at,
                http: http_at,
                grpc: grpc_at,
                query: query_at,
            },
            query_url,
            inboxes,
            threads,
            servers,
            stop: guard,
        })
    }

    /// Where it listens; the ports that were free ones are known here.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The URL of the page, under which the query API's paths are, without a slash at its end.
    pub fn query_url(&self) -> &str {
        &self.query_url
    }

    /// What a receiver took and refused since the start.
    pub fn counts(&self, receiver: Receiver) -> Counts {
        let inbox = self
            .inboxes
            .iter()
            .find(|inbox| inbox.receiver() == receiver);
        inbox.map(|inbox| inbox.counts()).unwrap_or_default()
    }

    /// Stops receiving and answering. Answers under way may end, within seconds.
    pub async fn shutdown(self) {
        let Self {
            threads,
            mut servers,
            stop,
            ..
        } = self;
        drop(stop);
        while servers.join_next().await.is_some() {}
        // Joining a thread blocks. A thread that panicked has nothing more to end.
        let join = || threads.into_iter().for_each(|thread| drop(thread.join()));
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

fn bind_udp(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(UdpSocket, SocketAddr), StartError> {
    let bind = || {
        let socket = UdpSocket::bind(address)?;
        udp::prepare(&socket)?;
        let bound = socket.local_addr()?;
        Ok((socket, bound))
    };
    bind().map_err(|error| StartError::of(error, address, purpose))
}

async fn bind_tcp(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let bind = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind.await
        .map_err(|error| StartError::of(error, address, purpose))
}

impl StartError {
    fn of(source: io::Error, address: SocketAddr, purpose: &'static str) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { address, purpose },
            _ => Self::Listen {
                address,
                purpose,
                source,
            },
        }
    }
}
