//! api_v2 over gRPC, as to a Jaeger collector: `jaeger.api_v2.CollectorService/PostSpans`, gzipped or not; and `grpc.health.v1.Health`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::{Next, from_fn_with_state};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};
use tonic_health::server::health_reporter;

use super::{Inbox, MAX_MESSAGE, Reason, decode, foreign};
use crate::jaeger::server::Limit;
use crate::raw_api_v2::collector_service_server::{CollectorService, CollectorServiceServer};
use crate::raw_api_v2::{PostSpansRequest, PostSpansResponse};

/// The services' names.
const SERVICES: [&str; 2] = ["jaeger.api_v2.CollectorService", "grpc.health.v1.Health"];
/// What is asked for again and again, and is no message of spans.
const HEALTH_CHECKS: [&str; 2] = [
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
];

/// The receiver's routes, for HTTP/2.
pub(in crate::jaeger) async fn router(inbox: Arc<Inbox>) -> Router {
    let collector = CollectorServiceServer::new(Collector(Arc::clone(&inbox)))
        .accept_compressed(Gzip)
        // It is that of the message without compression, too.
        .max_decoding_message_size(MAX_MESSAGE);
    let (reporter, health) = health_reporter();
    reporter
        .set_serving::<CollectorServiceServer<Collector>>()
        .await;
    let guard = Guard {
        inbox,
        limit: Limit::default(),
    };
    Routes::new(collector)
        .add_service(health)
        .into_axum_router()
        .layer(from_fn_with_state(guard, guarded))
}

#[derive(Debug, Clone)]
struct Guard {
    inbox: Arc<Inbox>,
    limit: Limit,
}

/// Counts requests and refusals by the answer, since tonic refuses by itself what is not known, too large, or broken outside of the batch.
async fn guarded(
    State(Guard { inbox, limit }): State<Guard>,
    request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    let path = request.uri().path().to_owned();
    let too_slow = || Status::deadline_exceeded("the message took too long to arrive").into_http();
    let response = limit.run(next.run(request)).await;
    let response = response.unwrap_or_else(too_slow);
    if HEALTH_CHECKS.contains(&path.as_str()) {
        return response;
    }
    inbox.counters.done();
    let status = Status::from_header_map(response.headers());
    match status.filter(|status| status.code() != Code::Ok) {
        None => response,
        Some(status) if status.code() == Code::Unimplemented => {
            let why = unsupported(&path, status.message());
            inbox.refuse(Reason::Unsupported, &why);
            let message = format!("{why}; {}", foreign::taken(inbox.receiver));
            Status::with_metadata(status.code(), message, status.metadata().clone()).into_http()
        }
        Some(status) => {
            inbox.refuse(Reason::Malformed, &status.message());
            response
        }
    }
}

/// What is not supported. tonic says it of a compression, and nothing at all of a method that is not known.
fn unsupported(path: &str, said: &str) -> String {
    match said {
        "" => foreign::method(path, &SERVICES),
        compression => format!("{}, but gzip is", foreign::short(compression)),
    }
}

struct Collector(Arc<Inbox>);

#[tonic::async_trait]
impl CollectorService for Collector {
    async fn post_spans(
        &self,
        request: Request<PostSpansRequest>,
    ) -> Result<Response<PostSpansResponse>, Status> {
        let spans = decode(self.0.receiver, &request.get_ref().batch);
        let spans = spans.map_err(|error| Status::invalid_argument(error.to_string()))?;
        self.0.accept(spans);
        Ok(Response::new(PostSpansResponse {}))
    }
}
