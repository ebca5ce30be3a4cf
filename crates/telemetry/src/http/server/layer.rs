//! The tower layer.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, instrument::Instrumented};

use super::begin;
use crate::{
    LayerSettings, OTHER, Requests,
    http::{
        exchange::{Failure, ResponseFuture},
        grpc::ResponseBody,
    },
};

/// Makes the span of each request to a tower service, as [`trace`](super::trace) does in axum. With
/// the feature `axum` it reads the route and the client's address that axum adds to a request.
///
/// # Examples
///
/// A gRPC server:
///
/// ```
/// use axum_jaeger_telemetry::server::TraceLayer;
/// use tonic::{service::Routes, transport::Server};
///
/// # fn serve(services: Routes) {
/// let server = Server::builder().layer(TraceLayer::new()).add_routes(services);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct TraceLayer {
    settings: LayerSettings,
}

impl TraceLayer {
    /// A layer with the settings of [`init`](crate::init).
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the settings of `init`.
    #[must_use]
    pub fn with_settings(mut self, settings: Requests) -> Self {
        self.settings = settings.into();
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        let settings = self.settings.clone();
        Trace { inner, settings }
    }
}

/// The service of a [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    settings: LayerSettings,
}

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = Instrumented<ResponseFuture<S::Future, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let exchange = begin(&request, self.settings.get());
        let span = exchange.span().clone();
        let inner = span.in_scope(|| self.inner.call(request));
        let failure = |_: &S::Error| Failure {
            error_type: OTHER,
            description: String::new(),
        };
        ResponseFuture::new(inner, exchange, failure).instrument(span)
    }
}
