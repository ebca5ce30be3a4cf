//! What a service hands on of the headers of a request, with each call that it makes to answer it.

use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;
use tracing_subscriber::{
    Registry,
    registry::{LookupSpan, SpanRef},
};

/// What a header has to do with propagation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It names a trace.
    Trace,
    /// It has what callers want to be known further on.
    Baggage,
}

/// `None` for a header that has nothing to do with it.
pub(super) fn kind(name: &HeaderName) -> Option<Kind> {
    match name.as_str() {
        "traceparent" | "tracestate" | "uber-trace-id" | "jaeger-debug-id" | "b3" => {
            Some(Kind::Trace)
        }
        "baggage" | "jaeger-baggage" => Some(Kind::Baggage),
        name if name.starts_with("x-b3-") => Some(Kind::Trace),
        name if name.starts_with("uberctx-") => Some(Kind::Baggage),
        _ => None,
    }
}

/// So many bytes of baggage must be handed on (W3C Baggage, 3.3.2); more could leave a call no room for
/// its own headers.
const MAX_BAGGAGE: usize = 8192;

/// Headers that are kept with the span of the request that they came with.
pub(super) struct HandedOn(HeaderMap);

impl HandedOn {
    /// The baggage among `headers`; and where nothing makes spans, so that none `is_traced`, all that
    /// names a trace.
    pub(super) fn of(headers: &HeaderMap, is_traced: bool) -> Self {
        let mut room = MAX_BAGGAGE;
        let mut is_kept = |name: &HeaderName, value: &HeaderValue| match kind(name) {
            Some(Kind::Trace) => !is_traced,
            // Whole headers: of a part nobody knows that it is one.
            Some(Kind::Baggage) => match room.checked_sub(value.len()) {
                Some(left) => {
                    room = left;
                    true
                }
                None => false,
            },
            None => false,
        };
        let mut kept = HeaderMap::new();
        for (name, value) in headers {
            if is_kept(name, value) {
                kept.append(name, value.clone());
            }
        }
        Self(kept)
    }

    pub(super) fn keep(self, span: &Span) {
        with_registry(span, |span| span.extensions_mut().replace(self));
    }
}

/// Adds what the request that `span` belongs to has handed on, but for headers that are there.
pub(super) fn add(span: &Span, headers: &mut HeaderMap) {
    with_registry(span, |span| {
        for span in span.scope() {
            if let Some(HandedOn(kept)) = span.extensions().get() {
                for name in kept.keys() {
                    if !headers.contains_key(name) {
                        for value in kept.get_all(name) {
                            headers.append(name, value.clone());
                        }
                    }
                }
                return;
            }
        }
    });
}

/// Spans keep what belongs to them in the registry, whatever layers there are.
fn with_registry<T>(span: &Span, of: impl FnOnce(SpanRef<'_, Registry>) -> T) -> Option<T> {
    span.with_subscriber(|(id, subscriber)| {
        let registry = subscriber.downcast_ref::<Registry>()?;
        registry.span(id).map(of)
    })?
}
