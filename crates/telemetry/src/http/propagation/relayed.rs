//! Headers of an incoming request that go with each call that a service makes to answer it.

use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;
use tracing_subscriber::{
    Registry,
    registry::{LookupSpan, SpanRef},
};

/// The role of a header in propagation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Names a trace.
    Trace,
    /// Has values for the services further on.
    Baggage,
}

/// The role of the header of this name; `None` for most.
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

/// The bytes of baggage that are relayed, the least that must be (W3C Baggage, 3.3.2): more could
/// leave a call no room for its own headers.
const MAX_BAGGAGE: usize = 8192;

/// Headers that are kept with the span of the request that they came with.
pub(super) struct Relayed(Vec<(HeaderName, HeaderValue)>);

impl Relayed {
    /// The baggage among `headers`; if the request is not traced since nothing makes spans, also
    /// the headers that name a trace.
    pub(super) fn of(headers: &HeaderMap, is_traced: bool) -> Self {
        let mut room = MAX_BAGGAGE;
        let mut is_kept = |name: &HeaderName, value: &HeaderValue| match kind(name) {
            Some(Kind::Trace) => !is_traced,
            // Whole headers only: a cut one may end within a member.
            Some(Kind::Baggage) => match room.checked_sub(value.len()) {
                Some(left) => {
                    room = left;
                    true
                }
                None => false,
            },
            None => false,
        };
        let kept = headers.iter().filter(|(name, value)| is_kept(name, value));
        Self(
            kept.map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Keeps them with `span`.
    pub(super) fn keep(self, span: &Span) {
        with_registry(span, |span| span.extensions_mut().replace(self));
    }
}

/// Adds the headers kept with the request that `span` belongs to, except for those already there.
pub(super) fn add(span: &Span, headers: &mut HeaderMap) {
    with_registry(span, |span| {
        for span in span.scope() {
            if let Some(Relayed(kept)) = span.extensions().get() {
                // Values of one name follow each other.
                let mut added = None;
                for (name, value) in kept {
                    if added == Some(name) || !headers.contains_key(name) {
                        headers.append(name, value.clone());
                        added = Some(name);
                    }
                }
                return;
            }
        }
    });
}

/// Runs `f` on the span's data in the registry, which exists whatever layers there are.
fn with_registry<T>(span: &Span, f: impl FnOnce(SpanRef<'_, Registry>) -> T) -> Option<T> {
    span.with_subscriber(|(id, subscriber)| {
        let registry = subscriber.downcast_ref::<Registry>()?;
        registry.span(id).map(f)
    })?
}
