//! The tower layer.

use std::{
    error::Error,
    io,
    task::{Context, Poll},
};

use http::{Request, Response, Uri};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, Span, field::Empty, info_span, instrument::Instrumented};

use super::{TARGET, span_of_request};
use crate::{
    LayerSettings, OTHER, Requests,
    http::{
        exchange::{Exchange, Failure, Protocol, ResponseFuture, Side},
        grpc::{self, ResponseBody},
        propagation,
    },
    with_causes,
};

/// Makes the span of each request of a client that is a tower service.
///
/// It goes right around the client, inside of any layer that changes the type of its error.
/// `error.type` is `timeout` or `connection_error` if the operating system caused the error, else
/// `_OTHER`.
///
/// # Examples
///
/// A gRPC client. Its requests do not name the server before the channel adds it:
///
/// ```no_run
/// use axum_jaeger_telemetry::client::TraceLayer;
/// use tonic::transport::Endpoint;
/// use tower::ServiceBuilder;
///
/// # async fn connect() -> Result<(), tonic::transport::Error> {
/// let endpoint = Endpoint::from_static("http://app-b:50051");
/// let trace = TraceLayer::new().with_origin(endpoint.uri().clone());
/// let channel = ServiceBuilder::new().layer(trace).service(endpoint.connect().await?);
/// // let client = GreeterClient::new(channel);
/// # Ok(())
/// # }
/// ```
///
/// Any client with requests of the `http` crate, such as another version of reqwest than that of
/// [`send`](super::send):
///
/// ```
/// use axum_jaeger_telemetry::client::TraceLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// async fn send(
///     client: &reqwest::Client,
///     request: reqwest::Request,
/// ) -> reqwest::Result<reqwest::Response> {
///     let client = service_fn(async |request: http::Request<reqwest::Body>| {
///         let response = client.execute(request.try_into()?).await?;
///         reqwest::Result::Ok(http::Response::<reqwest::Body>::from(response))
///     });
///     let traced = TraceLayer::new().layer(client);
///     let response = traced.oneshot(request.try_into()?).await?;
///     Ok(response.map(reqwest::Body::wrap).into())
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct TraceLayer {
    settings: LayerSettings,
    origin: Option<Uri>,
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

    /// Sets the server of requests whose URI has only a path, for the attributes of their spans.
    #[must_use]
    pub fn with_origin(mut self, origin: Uri) -> Self {
        self.origin = Some(origin);
        self
    }
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        let layer = self.clone();
        Trace { inner, layer }
    }
}

/// The service of a [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S, B, R> Service<Request<B>> for Trace<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Error + 'static,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = Instrumented<ResponseFuture<S::Future, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let exchange = self.layer.begin(&request);
        let span = exchange.span().clone();
        propagation::inject_span(&span, request.headers_mut());
        let inner = span.in_scope(|| self.inner.call(request));
        ResponseFuture::new(inner, exchange, failure).instrument(span)
    }
}

impl TraceLayer {
    fn begin<B>(&self, request: &Request<B>) -> Exchange {
        let uri = request.uri();
        let origin = Some(uri).filter(|uri| uri.authority().is_some());
        let origin = origin.or(self.origin.as_ref());
        let host = origin.and_then(Uri::host);
        let port = origin.and_then(port);
        if grpc::is_call(request.headers()) {
            let span = span_of_call(grpc::method(uri.path()), host, port);
            return Exchange::new(span, Side::Client, Protocol::Grpc);
        }
        let settings = self.settings.get();
        let url = uri.to_string();
        let span = span_of_request(request.method().as_str(), &url, host, port, settings);
        Exchange::new(span, Side::Client, Protocol::Http)
    }
}

fn span_of_call(method: &str, host: Option<&str>, port: Option<u16>) -> Span {
    info_span!(
        target: TARGET,
        "gRPC call",
        otel.name = method,
        otel.kind = "client",
        rpc.system.name = "grpc",
        rpc.method = method,
        rpc.response.status_code = Empty,
        server.address = host,
        server.port = port.map(i64::from),
        error.type = Empty,
    )
}

fn port(uri: &Uri) -> Option<u16> {
    let known = || match uri.scheme_str()? {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    uri.port_u16().or_else(known)
}

fn failure<E: Error + 'static>(error: &E) -> Failure {
    Failure {
        error_type: error_type(error),
        description: with_causes(error),
    }
}

/// The type of an error, by the first error of the operating system among its causes.
fn error_type(error: &(dyn Error + 'static)) -> &'static str {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::TimedOut) => return "timeout",
            Some(_) => return "connection_error",
            None => cause = error.source(),
        }
    }
    OTHER
}
