//! A request and its response, on either side: the attributes and the status of the span at its
//! end.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    thread,
};

use http::{Response, StatusCode};
use http_body::Body;
use opentelemetry::trace::{Status, TraceContextExt};
use pin_project_lite::pin_project;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    grpc::{self, Code, ResponseBody},
    propagation,
    server::AccessLog,
};
use crate::{CANCELLED, OTHER, clock::StepGuard, record_cancelled};

/// A request under way. Dropped before its end, it marks the span as cancelled, or as failed if a
/// panic dropped it.
#[derive(Debug)]
pub(super) struct Exchange {
    clock: StepGuard,
    side: Side,
    protocol: Protocol,
    has_ended: bool,
}

#[derive(Debug)]
pub(super) enum Side {
    Server(AccessLog),
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Grpc,
}

/// The failure of a request without a response.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error_type: &'static str,
    pub(super) description: String,
}

impl Exchange {
    /// Starts the exchange of a request whose `span` starts now.
    pub(super) fn new(span: Span, side: Side, protocol: Protocol) -> Self {
        Self {
            clock: StepGuard::new(span),
            side,
            protocol,
            has_ended: false,
        }
    }

    pub(super) fn span(&self) -> &Span {
        self.clock.span()
    }

    /// Records the head of the response. Returns the exchange if it is a gRPC call that goes on
    /// until the trailers. To be called within the span.
    pub(super) fn answered<B: Body>(mut self, response: &mut Response<B>) -> Option<Self> {
        if let Side::Server(_) = self.side {
            let context = self.span().context();
            propagation::inject_response(&context, response.headers_mut());
        }
        let status = response.status();
        if self.protocol == Protocol::Http {
            self.end_with_status(status);
            return None;
        }
        let is_whole = status != StatusCode::OK || response.body().is_end_stream();
        match grpc::Status::of(response.headers()) {
            Some(status) => self.end_call(status),
            None if is_whole => self.end_call(grpc::Status::of_http(status)),
            None => return Some(self),
        }
        None
    }

    /// Ends an exchange of HTTP (semantic conventions, "HTTP spans").
    pub(super) fn end_with_status(&mut self, status: StatusCode) {
        self.has_ended = true;
        let span = self.clock.span();
        span.record("http.response.status_code", i64::from(status.as_u16()));
        let is_error = match self.side {
            Side::Server(_) => status.is_server_error(),
            Side::Client => status.is_client_error() || status.is_server_error(),
        };
        if is_error {
            span.record("error.type", status.as_str());
            span.set_status(Status::error(""));
        }
        if let Side::Server(log) = &self.side {
            log.answered(status, self.clock.elapsed());
        }
    }

    /// Ends a gRPC call (semantic conventions, "gRPC").
    pub(super) fn end_call(&mut self, status: grpc::Status) {
        self.has_ended = true;
        let span = self.clock.span();
        let code = status.code;
        span.record("rpc.response.status_code", code.name());
        let is_error = match self.side {
            Side::Server(_) => code.is_server_error(),
            Side::Client => code != Code::OK,
        };
        if is_error {
            span.record("error.type", code.name());
            span.set_status(Status::error(status.message));
        }
        let Side::Server(log) = &self.side else {
            return;
        };
        // A method that the server does not have may not be the name of a span, or clients could
        // make up any number of names.
        if code == Code::UNIMPLEMENTED {
            span.record("rpc.method", "_OTHER");
            span.record("rpc.method_original", log.rpc_method());
            span.context().span().update_name("grpc");
        } else {
            span.record("rpc.method", log.rpc_method());
        }
        log.called(code, self.clock.elapsed());
    }

    /// Ends an exchange that failed.
    pub(super) fn fail(&mut self, failure: Failure) {
        self.has_ended = true;
        let span = self.clock.span();
        span.record("error.type", failure.error_type);
        span.set_status(Status::error(failure.description));
        if let Side::Server(log) = &self.side {
            log.failed(failure.error_type, self.clock.elapsed());
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let span = self.clock.span().clone();
        let _entered = span.enter();
        if thread::panicking() {
            return self.fail(Failure {
                error_type: OTHER,
                description: "panic".to_owned(),
            });
        }
        record_cancelled(&span);
        if let Side::Server(log) = &self.side {
            log.failed(CANCELLED, self.clock.elapsed());
        }
    }
}

pin_project! {
    /// The future of a response. Polled and dropped within the span of the request.
    #[derive(Debug)]
    pub struct ResponseFuture<F, E> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
        failure: fn(&E) -> Failure,
    }
}

impl<F, E> ResponseFuture<F, E> {
    pub(super) fn new(inner: F, exchange: Exchange, failure: fn(&E) -> Failure) -> Self {
        Self {
            inner,
            exchange: Some(exchange),
            failure,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut result = ready!(this.inner.poll(context));
        let mut call = None;
        if let Some(mut exchange) = this.exchange.take() {
            match &mut result {
                Ok(response) => call = exchange.answered(response),
                Err(error) => exchange.fail((this.failure)(error)),
            }
        }
        Poll::Ready(result.map(|response| response.map(|body| ResponseBody::new(body, call))))
    }
}
