//! api_v2 over gRPC, as to a Jaeger collector: `jaeger.api_v2.CollectorService/PostSpans`, gzipped
//! or not; and `grpc.health.v1.Health`.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use axum::{
    Router,
    extract::State,
    middleware::{Next, from_fn_with_state},
    routing::any,
};
use bytes::Bytes;
use tokio::time::timeout;
use tonic::{
    Code, Request, Response, Status,
    codec::CompressionEncoding::Gzip,
    server::{Grpc, UnaryService},
    service::Routes,
};
use tonic_health::{ServingStatus, server::health_reporter};
use tonic_prost::ProstCodec;
use tower::limit::GlobalConcurrencyLimitLayer;

use super::{MAX_MESSAGE, Reason, SpanSink, decode, foreign};
use crate::server::{MAX_REQUESTS, REQUEST_TIME};

/// The method that receives spans.
const POST_SPANS: &str = "/jaeger.api_v2.CollectorService/PostSpans";

/// The services' names.
const SERVICES: [&str; 2] = ["jaeger.api_v2.CollectorService", "grpc.health.v1.Health"];
/// The methods of health checks, which do not count as messages.
const HEALTH_CHECKS: [&str; 2] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
];

/// `PostSpansRequest` (jaeger-idl, `api_v2/collector.proto`) with its batch as bytes, which is the
/// same on the wire: `proto` decodes it within a memory bound.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansRequest {
    #[prost(bytes = "bytes", tag = "1")]
    batch: Bytes,
}

/// It has no fields.
#[derive(Clone, PartialEq, prost::Message)]
struct PostSpansResponse {}

/// The receiver's routes, for HTTP/2.
pub(crate) async fn router(sink: Arc<SpanSink>) -> Router {
    let (reporter, health) = health_reporter();
    let serving = ServingStatus::Serving;
    reporter.set_service_status(SERVICES[0], serving).await;
    let guard = Arc::clone(&sink);
    Routes::new(health)
        .into_axum_router()
        .route(POST_SPANS, any(post_spans).with_state(sink))
        .layer(from_fn_with_state(guard, guarded))
        .layer(GlobalConcurrencyLimitLayer::new(MAX_REQUESTS))
}

/// Counts requests and refusals by the answer, since tonic itself refuses unknown methods, messages
/// that are too large, and errors outside of the batch.
async fn guarded(
    State(sink): State<Arc<SpanSink>>,
    request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let too_slow = |_| Status::deadline_exceeded("the message took too long to arrive").into_http();
    let response = timeout(REQUEST_TIME, next.run(request)).await;
    let response = response.unwrap_or_else(too_slow);
    if HEALTH_CHECKS.contains(&path.as_str()) {
        return response;
    }
    sink.counters.done();
    let status = Status::from_header_map(response.headers());
    match status.filter(|status| status.code() != Code::Ok) {
        None => response,
        Some(status) if status.code() == Code::Unimplemented => {
            let why = unsupported(&path, status.message());
            sink.refuse(Reason::Unsupported, &why);
            let message = format!("{why}; {}", foreign::taken(sink.receiver));
            Status::with_metadata(status.code(), message, status.metadata().clone()).into_http()
        }
        Some(status) => {
            sink.refuse(Reason::Malformed, &status.message());
            response
        }
    }
}

/// The message for what is not supported: tonic has one for a compression, and none for an unknown
/// method.
fn unsupported(path: &str, said: &str) -> String {
    match said {
        "" => foreign::method(path, &SERVICES),
        compression => format!("{}, but gzip is", foreign::short(compression)),
    }
}

/// Handles gRPC for one request: frames, compression, and the status in the trailers.
async fn post_spans(
    State(sink): State<Arc<SpanSink>>,
    request: axum::extract::Request,
) -> axum::response::Response {
    let mut server = Grpc::new(ProstCodec::default())
        .accept_compressed(Gzip)
        // It is that of the message without compression, too.
        .max_decoding_message_size(MAX_MESSAGE);
    let response = server.unary(Collector(sink), request).await;
    response.map(axum::body::Body::new)
}

struct Collector(Arc<SpanSink>);

impl UnaryService<PostSpansRequest> for Collector {
    type Response = PostSpansResponse;
    type Future = Ready<Result<Response<PostSpansResponse>, Status>>;

    fn call(&mut self, request: Request<PostSpansRequest>) -> Self::Future {
        let spans = decode(self.0.receiver, &request.get_ref().batch);
        ready(match spans {
            Ok(spans) => {
                self.0.accept(spans);
                Ok(Response::new(PostSpansResponse {}))
            }
            Err(error) => Err(Status::invalid_argument(error.to_string())),
        })
    }
}
