//! The context of a trace in the headers of a request.
//!
//! In, the first of these that can be read (each has a module): W3C's `traceparent` with its
//! `tracestate`; Jaeger's `uber-trace-id`; Zipkin's `b3`, or its `X-B3-…`; and Jaeger's
//! `jaeger-debug-id`, which has a trace begin here. Out: W3C alone; and `traceresponse` in the
//! answer, which tells the caller which trace it was. `baggage` and the like are handed on as they
//! came; where nothing makes spans, so is all of it.

mod b3;
mod handed_on;
mod jaeger;
mod w3c;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::handed_on::{HandedOn, Kind};
use crate::hex;

const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Jaeger's debug flag: such a trace is kept, whatever the sampler says. W3C has another flag in
/// the same place, which never comes in or goes out here.
pub(crate) const DEBUG: TraceFlags = TraceFlags::new(0b10);

/// The parent of the first span of a trace for which a caller has decided: the SDK takes a decision
/// only from a parent. The exporter leaves it out.
pub(crate) const NOBODY: SpanId = SpanId::from_bytes([0xff; 8]);

/// A value of a [`Context`]: the caller has left the decision whether the trace is kept.
pub(crate) struct Undecided;

/// Lets `span` go on with the trace of the request that has these headers, and keeps with it what
/// calls within it hand on. It must not have begun.
pub fn take_over(span: &Span, headers: &HeaderMap) {
    let mut kinds = headers.keys().filter_map(handed_on::kind);
    let Some(first) = kinds.next() else { return };
    let has_baggage = first == Kind::Baggage || kinds.any(|kind| kind == Kind::Baggage);
    // Refused where nothing makes spans.
    let is_traced = span.set_parent(Context::new()).is_ok();
    if is_traced && let Some(caller) = extract(headers) {
        if let Some(id) = caller.get::<jaeger::DebugId>() {
            span.set_attribute(jaeger::DEBUG_ID, id.0.clone());
        }
        let _ = span.set_parent(caller);
    }
    if has_baggage || !is_traced {
        HandedOn::of(headers, is_traced).keep(span);
    }
}

/// Puts the context of `span` into the headers of a request that is sent within it, and what it
/// hands on of the request that it answers.
pub fn pass_on(span: &Span, headers: &mut HeaderMap) {
    inject(&span.context(), headers);
    handed_on::add(span, headers);
}

/// The caller's context; none, for a new trace, where the headers have none or a broken one.
pub fn extract(headers: &HeaderMap) -> Option<Context> {
    w3c::extract(headers)
        .or_else(|| jaeger::extract(headers))
        .or_else(|| b3::extract(headers))
        .or_else(|| jaeger::begin_for_debugging(headers))
}

/// Puts the span of `context` into `headers`.
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    w3c::inject(context, headers);
}

/// Names the span of `context` in the headers of an answer (W3C Trace Context Level 3, a draft);
/// nothing where there is no span.
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

/// The header's value when it is there once: with two, nobody knows which one holds.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The context of a caller's span, unless an id is 0.
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

/// The context of a trace that begins here with what a caller decided for it.
fn begin(flags: TraceFlags) -> Context {
    // The lowest bit keeps it from being zero, which is no id.
    let trace_id = TraceId::from(rand::random::<u128>() | 1);
    let decided = SpanContext::new(trace_id, NOBODY, flags, true, TraceState::NONE);
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
