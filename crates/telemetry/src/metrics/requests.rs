//! Metrics of incoming requests: number, duration, and an exemplar for each bucket (semantic
//! conventions, "HTTP server metrics").

use std::{
    fmt::{self, Write},
    hash::{Hash, Hasher},
    thread,
    time::{Instant, SystemTime},
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    SpanId, TraceId,
    trace::{SpanContext, TraceContextExt},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder},
    metrics::{exemplar::HistogramWithExemplars, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::Metrics;
use crate::{CANCELLED, OTHER, server::known_method};

/// Bounds in seconds, as the conventions recommend.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

#[derive(Clone, Debug)]
pub(super) struct Requests {
    active: Gauge,
    duration: Family<Labels, HistogramWithExemplars<Exemplar>>,
}

/// The labels, made for each request: none of them allocates.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    http_request_method: &'static str,
    /// Empty if no route matched.
    http_route: Option<Route>,
    /// Empty if there was no response.
    http_response_status_code: Option<u16>,
    /// The span's; empty if there was no error.
    error_type: Option<ErrorType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ErrorType {
    Cancelled,
    Panic,
    Status(u16),
}

#[derive(Clone, Debug)]
struct Route(MatchedPath);

#[derive(Clone, Debug, EncodeLabelSet)]
struct Exemplar {
    trace_id: Hex<TraceId>,
    span_id: Hex<SpanId>,
}

#[derive(Clone, Debug)]
struct Hex<T>(T);

/// Measures a request: a middleware of axum's, inside that of the span, so that a sampled request
/// leaves its ids as an exemplar.
///
/// # Examples
/// ```
/// use axum::{
///     Router,
///     middleware::{from_fn, from_fn_with_state},
/// };
/// use axum_jaeger_telemetry::{Telemetry, metrics::requests, server};
///
/// fn traced(app: Router, telemetry: &Telemetry) -> Router {
///     app.layer(from_fn_with_state(telemetry.metrics(), requests::record))
///         .layer(from_fn(server::trace))
/// }
/// ```
pub async fn record(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let mut exchange = metrics.requests.begin(&request);
    let response = next.run(request).await;
    exchange.answered(response.status());
    response
}

/// A request until its response, or until the client goes away.
struct Exchange {
    requests: Requests,
    labels: Labels,
    since: Instant,
    span: SpanContext,
}

impl Requests {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "http_server_request_duration",
            "Duration of incoming requests",
            Unit::Seconds,
            self.duration.clone(),
        );
        registry.register(
            "http_server_active_requests",
            "Requests without a response so far",
            self.active.clone(),
        );
    }

    fn begin(&self, request: &Request) -> Exchange {
        self.active.inc();
        let route = request.extensions().get::<MatchedPath>();
        Exchange {
            requests: self.clone(),
            labels: Labels {
                http_request_method: known_method(request.method()).unwrap_or("_OTHER"),
                http_route: route.cloned().map(Route),
                http_response_status_code: None,
                error_type: Some(ErrorType::Cancelled),
            },
            since: Instant::now(),
            span: Span::current().context().span().span_context().clone(),
        }
    }
}

impl Exchange {
    fn answered(&mut self, status: StatusCode) {
        let code = status.as_u16();
        self.labels.http_response_status_code = Some(code);
        let failed = status.is_server_error();
        self.labels.error_type = failed.then_some(ErrorType::Status(code));
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self {
            active: Gauge::default(),
            duration: Family::new_with_constructor(|| {
                HistogramWithExemplars::new(BUCKETS.into_iter())
            }),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if thread::panicking() && self.labels.http_response_status_code.is_none() {
            self.labels.error_type = Some(ErrorType::Panic);
        }
        let exemplar = self.span.is_sampled().then(|| Exemplar {
            trace_id: Hex(self.span.trace_id()),
            span_id: Hex(self.span.span_id()),
        });
        let duration = self.since.elapsed().as_secs_f64();
        let now = exemplar.is_some().then(SystemTime::now);
        let histogram = self.requests.duration.get_or_create(&self.labels);
        histogram.observe(duration, exemplar, now);
        self.requests.active.dec();
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.0.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for ErrorType {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        match self {
            Self::Cancelled => CANCELLED.encode(encoder),
            Self::Panic => OTHER.encode(encoder),
            Self::Status(code) => code.encode(encoder),
        }
    }
}

impl<T: fmt::Display> EncodeLabelValue for Hex<T> {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        write!(encoder, "{}", self.0)
    }
}
