//! api_v2 over gRPC, as to a Jaeger collector: `jaeger.api_v2.CollectorService/PostSpans`.

use std::sync::Arc;

use axum::Router;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use super::{Inbox, MAX_MESSAGE, Reason, proto};
use crate::jaeger::server::{Limit, limit};
use raw::collector_service_server::{CollectorService, CollectorServiceServer};
use raw::{PostSpansRequest, PostSpansResponse};

/// Generated from `proto/raw_batch.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
mod raw {
    include!(concat!(env!("OUT_DIR"), "/raw/jaeger.api_v2.rs"));
}

/// The receiver's routes, for HTTP/2.
pub(in crate::jaeger) fn router(inbox: Arc<Inbox>) -> Router {
    let service =
        CollectorServiceServer::new(Collector(inbox)).max_decoding_message_size(MAX_MESSAGE);
    let too_slow = || Status::deadline_exceeded("the message took too long to arrive").into_http();
    Routes::new(service)
        .into_axum_router()
        .layer(axum::middleware::from_fn_with_state(
            Limit::new(too_slow),
            limit,
        ))
}

struct Collector(Arc<Inbox>);

#[tonic::async_trait]
impl CollectorService for Collector {
    async fn post_spans(
        &self,
        request: Request<PostSpansRequest>,
    ) -> Result<Response<PostSpansResponse>, Status> {
        self.0.counters.received();
        match proto::batch(&request.get_ref().batch) {
            Ok(spans) => {
                self.0.accept(spans);
                Ok(Response::new(PostSpansResponse {}))
            }
            Err(error) => {
                self.0.refuse(Reason::Malformed, &error);
                Err(Status::invalid_argument(error.to_string()))
            }
        }
    }
}
