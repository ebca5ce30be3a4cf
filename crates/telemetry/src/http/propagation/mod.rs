//! The context of a trace in the headers of a request.
//!
//! Incoming, the first of these that is valid counts (each has a module): W3C's `traceparent` with
//! its `tracestate`; Jaeger's `uber-trace-id`; Zipkin's `b3`, or its `X-B3-…`; and Jaeger's
//! `jaeger-debug-id`, which starts a trace here. Outgoing, W3C alone; and `traceresponse` in the
//! response, so that the client knows the trace. `baggage` and the like are relayed unchanged; so
//! are all of these headers in a process that makes no spans.

mod b3;
mod jaeger;
mod relayed;
mod w3c;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::relayed::{Kind, Relayed};
use crate::hex;

const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Jaeger's debug flag: such a trace is kept, whatever the sampler decides. W3C has another flag in
/// the same bit, which is neither read nor written here.
pub(crate) const DEBUG: TraceFlags = TraceFlags::new(0b10);

/// The parent of the first span of a trace whose sampling the caller has decided, since the SDK
/// takes a decision only from a parent. The exporter leaves it out.
pub(crate) const PLACEHOLDER_PARENT: SpanId = SpanId::from_bytes([0xff; 8]);

/// A value of a [`Context`]: the caller has not decided whether the trace is kept.
pub(crate) struct Undecided;

/// Makes `span` continue the trace of the request with these headers, and keeps the headers that
/// calls within it relay. Must be called before the span is entered.
pub fn continue_trace(span: &Span, headers: &HeaderMap) {
    let mut kinds = headers.keys().filter_map(relayed::kind);
    let Some(first) = kinds.next() else { return };
    let has_baggage = first == Kind::Baggage || kinds.any(|kind| kind == Kind::Baggage);
    // Fails where nothing makes spans.
    let is_traced = span.set_parent(Context::new()).is_ok();
    if is_traced && let Some(caller) = extract(headers) {
        if let Some(id) = caller.get::<jaeger::DebugId>() {
            span.set_attribute(jaeger::DEBUG_ID, id.0.clone());
        }
        let _ = span.set_parent(caller);
    }
    if has_baggage || !is_traced {
        Relayed::of(headers, is_traced).keep(span);
    }
}

/// Writes the context of `span` into the headers of an outgoing request, and those that the
/// incoming request it belongs to relays.
pub fn inject_span(span: &Span, headers: &mut HeaderMap) {
    inject(&span.context(), headers);
    relayed::add(span, headers);
}

/// Reads the caller's context. `None`, for a new trace, where the headers have none or an invalid
/// one.
///
/// # Examples
///
/// ```
/// use axum_jaeger_telemetry::propagation;
/// use http::HeaderMap;
/// use opentelemetry::trace::TraceContextExt;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("uber-trace-id", "1f:2:0:1".parse()?);
/// let context = propagation::extract(&headers).ok_or("no context")?;
/// assert!(context.span().span_context().is_sampled());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn extract(headers: &HeaderMap) -> Option<Context> {
    w3c::extract(headers)
        .or_else(|| jaeger::extract(headers))
        .or_else(|| b3::extract(headers))
        .or_else(|| jaeger::start_for_debugging(headers))
}

/// Writes the span of `context` into `headers`: `traceparent` and, unless it is empty,
/// `tracestate`.
///
/// # Examples
///
/// ```
/// use axum_jaeger_telemetry::propagation;
/// use http::HeaderMap;
///
/// let mut incoming = HeaderMap::new();
/// let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// incoming.insert("traceparent", caller.parse()?);
/// let context = propagation::extract(&incoming).ok_or("no context")?;
///
/// let mut outgoing = HeaderMap::new();
/// propagation::inject(&context, &mut outgoing);
/// assert_eq!(outgoing["traceparent"], caller);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    w3c::inject(context, headers);
}

/// Names the span of `context` in the headers of a response (W3C Trace Context Level 3, a draft);
/// writes nothing where there is no span.
pub fn inject_response(context: &Context, headers: &mut HeaderMap) {
    let span = context.span();
    let own = span.span_context();
    if !own.is_valid() {
        return;
    }
    let mut text = String::with_capacity("00-".len() + 32 + "-".len() + 16 + "-01".len());
    text.push_str("00-");
    hex::push(&mut text, own.trace_id().to_bytes());
    text.push('-');
    hex::push(&mut text, own.span_id().to_bytes());
    text.push('-');
    let flags = own.trace_flags() & TraceFlags::SAMPLED;
    hex::push(&mut text, [flags.to_u8()]);
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(TRACERESPONSE, value);
    }
}

/// The value of a header that is there once: with two, it is open which one counts.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The context of a caller's span; `None` if an id is 0.
fn caller(trace_id: u128, span_id: u64, flags: TraceFlags) -> Option<Context> {
    let caller = SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(span_id),
        flags,
        true,
        TraceState::NONE,
    );
    let is_valid = caller.is_valid();
    is_valid.then(|| Context::new().with_remote_span_context(caller))
}

/// The context of a trace that starts here with a decision that the caller has made.
fn start(flags: TraceFlags) -> Context {
    // The lowest bit keeps the id from being zero, which is invalid.
    let trace_id = TraceId::from(rand::random::<u128>() | 1);
    let decided = SpanContext::new(trace_id, PLACEHOLDER_PARENT, flags, true, TraceState::NONE);
    Context::new().with_remote_span_context(decided)
}

/// A number of one to `longest` hexadecimal digits.
fn from_hex(text: &str, longest: usize) -> Option<u128> {
    let is_number = (1..=longest).contains(&text.len());
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_number && is_hex)
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests;
