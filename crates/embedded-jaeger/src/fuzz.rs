//! The embedded Jaeger without sockets, for the targets in `fuzz/`. It is compiled by `cargo fuzz`
//! alone, which sets `cfg(fuzzing)`.

use std::{error::Error, sync::Arc};

use axum::Router;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    model::{Receiver, Span},
    receive::{self, SpanSink},
    server::{self, Protocol},
    store::Store,
};

/// A Jaeger whose routers are called directly.
#[derive(Debug)]
pub struct Parts {
    store: Arc<Store>,
    http: Arc<SpanSink>,
    grpc: Arc<SpanSink>,
}

impl Parts {
    /// A Jaeger with an empty store of at most so many bytes.
    pub fn new(max_bytes: usize) -> Self {
        let store = Arc::new(Store::new(max_bytes));
        Self {
            http: SpanSink::new(Receiver::Http, &store),
            grpc: SpanSink::new(Receiver::Grpc, &store),
            store,
        }
    }

    /// Stores spans, as a receiver does with those of one message.
    pub fn store(&self, spans: Vec<Span>) {
        let _duplicates = self.store.insert(spans);
    }

    /// The receiver of Thrift over HTTP.
    pub fn http(&self) -> Router {
        receive::http::router(Arc::clone(&self.http))
    }

    /// The receiver of api_v2 over gRPC.
    pub async fn grpc(&self) -> Router {
        receive::grpc::router(Arc::clone(&self.grpc)).await
    }

    /// The query API, with the page's statistics.
    pub fn query(&self) -> Router {
        let stats = super::stats::router(Arc::clone(&self.store));
        super::query::router(Arc::clone(&self.store)).merge(stats)
    }

    /// Serves the gRPC receiver on one connection until the other side or an error ends it.
    ///
    /// # Errors
    /// The error that ended it.
    pub async fn grpc_connection(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let service = TowerToHyperService::new(self.grpc().await);
        let builder = server::builder(Protocol::Http2);
        builder
            .serve_connection(TokioIo::new(stream), service)
            .await
    }
}

/// The spans of one message, as the receiver decodes it.
///
/// # Errors
/// The reason for which the message is refused.
pub fn decode(receiver: Receiver, message: &[u8]) -> Result<Vec<Span>, impl Error + use<>> {
    receive::decode(receiver, message)
}
