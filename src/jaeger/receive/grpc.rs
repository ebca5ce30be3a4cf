//! api_v2 over gRPC, as to a Jaeger collector: `jaeger.api_v2.CollectorService/PostSpans`.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::{Next, from_fn_with_state};
use tonic::service::Routes;
use tonic::{Code, Request, Response, Status};

use super::{Inbox, MAX_MESSAGE, Reason, decode};
use crate::jaeger::server::{Limit, limit};
use crate::raw_api_v2::collector_service_server::{CollectorService, CollectorServiceServer};
use crate::raw_api_v2::{PostSpansRequest, PostSpansResponse};

/// The receiver's routes, for HTTP/2.
pub(in crate::jaeger) fn router(inbox: Arc<Inbox>) -> Router {
    let collector = Collector(Arc::clone(&inbox));
    let service = CollectorServiceServer::new(collector).max_decoding_message_size(MAX_MESSAGE);
    let too_slow = || Status::deadline_exceeded("the message took too long to arrive").into_http();
    Routes::new(service)
        .into_axum_router()
        .layer(from_fn_with_state(Limit::new(too_slow), limit))
        .layer(from_fn_with_state(inbox, count))
}

/// Counts requests and refusals by the answer, since tonic refuses what is broken outside of the batch or too large by itself.
async fn count(
    State(inbox): State<Arc<Inbox>>,
    request: axum::extract::Request,
    next: Next,
) -> axum::response::Response {
    let response = next.run(request).await;
    if let Some(status) = Status::from_header_map(response.headers())
        && status.code() != Code::Ok
    {
        inbox.refuse(Reason::Malformed, &status.message());
    }
    inbox.counters.done();
    response
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
