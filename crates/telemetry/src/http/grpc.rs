//! gRPC over HTTP/2 ("gRPC over HTTP2", "Statuses" and "HTTP to gRPC Status Code Mapping" in the
//! documents of gRPC): recognition of a call, and its status.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, StatusCode, header::CONTENT_TYPE};
use http_body::{Body, Frame, SizeHint};
use percent_encoding::percent_decode;
use pin_project_lite::pin_project;
use tracing::{Instrument, Span, instrument::Instrumented};

use super::exchange::{Exchange, Failure};
use crate::OTHER;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// True if a request with these headers is a call. One of gRPC-Web is not: its status is in the
/// body.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    let rest = value.and_then(|value| value.strip_prefix(b"application/grpc"));
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The fully qualified name of the method, `package.Service/Method`, of a request's path.
pub(super) fn method(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// A status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code(usize);

/// The names of the codes, by their numbers.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Code {
    pub(super) const OK: Self = Self(0);
    const UNKNOWN: Self = Self(2);
    const DEADLINE_EXCEEDED: Self = Self(4);
    const PERMISSION_DENIED: Self = Self(7);
    pub(super) const UNIMPLEMENTED: Self = Self(12);
    const INTERNAL: Self = Self(13);
    const UNAVAILABLE: Self = Self(14);
    const DATA_LOSS: Self = Self(15);
    const UNAUTHENTICATED: Self = Self(16);

    /// Parses a number; `UNKNOWN` for one that is not a code.
    fn parse(text: &[u8]) -> Self {
        let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        let number = number.filter(|&number| number < NAMES.len());
        number.map_or(Self::UNKNOWN, Self)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.get(self.0).copied().unwrap_or("UNKNOWN")
    }

    /// True if it is an error of the server's; the others are the client's fault (semantic
    /// conventions, "gRPC", "Server").
    pub(super) fn is_server_error(self) -> bool {
        matches!(
            self,
            Self::UNKNOWN
                | Self::DEADLINE_EXCEEDED
                | Self::UNIMPLEMENTED
                | Self::INTERNAL
                | Self::UNAVAILABLE
                | Self::DATA_LOSS
        )
    }
}

/// The status of a call.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Status {
    /// The status in the trailers, or in the headers of a response that has only these.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let code = Code::parse(headers.get(GRPC_STATUS)?.as_bytes());
        let message = headers.get(GRPC_MESSAGE).map(|message| {
            let message = percent_decode(message.as_bytes());
            message.decode_utf8_lossy().into_owned()
        });
        let message = message.unwrap_or_default();
        Some(Self { code, message })
    }

    /// The status of a response without one.
    pub(super) fn of_http(status: StatusCode) -> Self {
        let code = match status.as_u16() {
            400 => Code::INTERNAL,
            401 => Code::UNAUTHENTICATED,
            403 => Code::PERMISSION_DENIED,
            404 => Code::UNIMPLEMENTED,
            429 | 502..=504 => Code::UNAVAILABLE,
            _ => Code::UNKNOWN,
        };
        let message = String::new();
        Self { code, message }
    }
}

pin_project! {
    /// The body of a response. That of a gRPC call is polled within the span of the call, and ends
    /// it; any other is passed on unchanged.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: Instrumented<B>,
        call: Option<Exchange>,
    }
}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, call: Option<Exchange>) -> Self {
        let span = call
            .as_ref()
            .map_or_else(Span::none, |call| call.span().clone());
        let inner = body.instrument(span);
        Self { inner, call }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: fmt::Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut inner = this.inner;
        if this.call.is_none() {
            return inner.inner_pin_mut().poll_frame(context);
        }
        let span = inner.span().clone();
        let _entered = span.enter();
        let frame = ready!(inner.as_mut().inner_pin_mut().poll_frame(context));
        let end = match &frame {
            None => Some(Ok(Status::of_http(StatusCode::OK))),
            Some(Err(error)) => Some(Err(Failure {
                error_type: OTHER,
                description: error.to_string(),
            })),
            Some(Ok(frame)) => match frame.trailers_ref() {
                Some(trailers) => Some(Ok(
                    Status::of(trailers).unwrap_or_else(|| Status::of_http(StatusCode::OK))
                )),
                // The reader of the body may not poll it again then.
                None if inner.inner().is_end_stream() => Some(Ok(Status::of_http(StatusCode::OK))),
                None => None,
            },
        };
        if let Some(end) = end
            && let Some(mut call) = this.call.take()
        {
            match end {
                Ok(status) => call.end_call(status),
                Err(failure) => call.fail(failure),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.inner().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.inner().size_hint()
    }
}
