//! The context of a trace in the headers of a request.
//!
//! In: W3C `traceparent` and `tracestate`, and where there is none, Jaeger's `uber-trace-id`.
//! Out: W3C alone; and `traceresponse` in the answer, which tells the caller which trace it was.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::hex;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const UBER_TRACE_ID: &str = "uber-trace-id";
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Vendors must carry at least so many bytes of `tracestate`, and may discard a longer one
/// (W3C Trace Context, 3.3.1.5).
const MAX_TRACESTATE: usize = 512;

/// The caller's context; none, for a new trace, where the headers have none or a broken one.
pub fn extract(headers: &HeaderMap) -> Option<Context> {
    let empty = Context::new();
    let context = match only(headers, TRACEPARENT) {
        Some(parent) if is_traceparent(parent) => {
            TraceContextPropagator::new().extract_with_context(&empty, &In(headers))
        }
        _ => {
            let caller = only(headers, UBER_TRACE_ID).and_then(parse_uber_trace_id)?;
            empty.with_remote_span_context(caller)
        }
    };
    context.span().span_context().is_valid().then_some(context)
}

/// Puts the span of `context` into `headers`.
pub fn inject(context: &Context, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(context, &mut Out(headers));
}

/// Names the span of `context` in the headers of an answer (W3C Trace Context Level 3, a draft);
/// nothing where there is no span.
pub fn respond(context: &Context, headers: &mut HeaderMap) {
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
    hex::push(&mut text, [own.trace_flags().to_u8()]);
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

/// Whether the fields have their exact lengths (W3C Trace Context, 3.2), which the SDK's
/// propagator does not look at: it reads `00-1-1-01` as a trace.
fn is_traceparent(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let later_version = !text.starts_with("00-");
    matches!(lengths.as_slice(), [2, 32, 16, 2])
        || (later_version && lengths.starts_with(&[2, 32, 16, 2]))
}

/// `{trace-id}:{span-id}:{parent-span-id}:{flags}` in hexadecimal, leading zeros left out
/// (Jaeger, "Propagation Format").
fn parse_uber_trace_id(text: &str) -> Option<SpanContext> {
    // Some clients send the colons percent-encoded.
    let text = text.replace("%3A", ":");
    let mut fields = text.split(':');
    let mut next = |longest: usize| {
        let field = fields.next()?;
        let is_hex = field.bytes().all(|b| b.is_ascii_hexdigit());
        (is_hex && (1..=longest).contains(&field.len())).then_some(field)
    };
    let trace_id = u128::from_str_radix(next(32)?, 16).ok()?;
    let span_id = u64::from_str_radix(next(16)?, 16).ok()?;
    let _deprecated_parent = next(16)?;
    let flags = u8::from_str_radix(next(2)?, 16).ok()?;
    let context = SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(span_id),
        TraceFlags::new(flags) & TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    (fields.next().is_none() && context.is_valid()).then_some(context)
}

struct In<'h>(&'h HeaderMap);

impl Extractor for In<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.get(key)?.to_str().ok()?;
        (key != TRACESTATE || value.len() <= MAX_TRACESTATE).then_some(value)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Out<'h>(&'h mut HeaderMap);

impl Injector for Out<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` says nothing.
        if let (Ok(name), Ok(header), false) = (
            HeaderName::try_from(key),
            HeaderValue::try_from(&value),
            value.is_empty(),
        ) {
            self.0.insert(name, header);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extracted(headers: &[(&'static str, &str)]) -> Option<(String, String, bool)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let context = extract(&map)?;
        let span = context.span();
        let caller = span.span_context();
        Some((
            caller.trace_id().to_string(),
            caller.span_id().to_string(),
            caller.is_sampled(),
        ))
    }

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    fn caller(sampled: bool) -> Option<(String, String, bool)> {
        Some((TRACE.to_owned(), SPAN.to_owned(), sampled))
    }

    #[test]
    fn reads_traceparent() {
        let value = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(extracted(&[(TRACEPARENT, &value)]), caller(true));
        let value = format!("00-{TRACE}-{SPAN}-00");
        assert_eq!(extracted(&[(TRACEPARENT, &value)]), caller(false));
        let later_version = format!("cc-{TRACE}-{SPAN}-01-what-comes");
        assert_eq!(extracted(&[(TRACEPARENT, &later_version)]), caller(true));
    }

    #[test]
    fn a_broken_traceparent_is_no_caller() {
        for value in [
            "",
            "00",
            "00-1-1-01",
            "garbage",
            &format!("00-{}-{SPAN}-01", "0".repeat(32)),
            &format!("00-{TRACE}-{}-01", "0".repeat(16)),
            &format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            &format!("00-{TRACE}-{SPAN}-01-more"),
            &format!("ff-{TRACE}-{SPAN}-01"),
            &format!("00-{TRACE}-{SPAN}-0g"),
            &"9".repeat(60_000),
        ] {
            assert_eq!(extracted(&[(TRACEPARENT, value)]), None, "{value}");
        }
        let good = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(
            extracted(&[(TRACEPARENT, &good), (TRACEPARENT, &good)]),
            None,
            "two callers are none"
        );
    }

    #[test]
    fn reads_uber_trace_id_where_there_is_no_traceparent() {
        let value = format!("{TRACE}:{SPAN}:0:1");
        assert_eq!(extracted(&[(UBER_TRACE_ID, &value)]), caller(true));
        let short = extracted(&[(UBER_TRACE_ID, "1f:2:0:3")]).unwrap();
        assert_eq!(short.0, format!("{:0>32}", "1f"));
        assert_eq!(short.1, format!("{:0>16}", "2"));
        let w3c = format!("00-{TRACE}-{SPAN}-01");
        assert_eq!(
            extracted(&[(TRACEPARENT, &w3c), (UBER_TRACE_ID, "1:2:0:1")]),
            caller(true)
        );
        for broken in [
            "",
            "1:2:0",
            "0:2:0:1",
            "1:0:0:1",
            "1:2:0:1:1",
            "x:2:0:1",
            "+1:2:0:1",
        ] {
            assert_eq!(extracted(&[(UBER_TRACE_ID, broken)]), None, "{broken}");
        }
    }

    #[test]
    fn an_answer_names_its_span_where_there_is_one() {
        let mut headers = HeaderMap::new();
        respond(&Context::new(), &mut headers);
        assert!(headers.is_empty());
        let own = parse_uber_trace_id("1:2:0:1").unwrap();
        respond(&Context::new().with_remote_span_context(own), &mut headers);
        let text = format!("00-{:0>32}-{:0>16}-01", 1, 2);
        assert_eq!(headers[TRACERESPONSE], text.as_str());
    }

    #[test]
    fn what_goes_out_comes_in() {
        let mut headers = HeaderMap::new();
        let caller = parse_uber_trace_id("1:2:0:1").unwrap();
        inject(
            &Context::new().with_remote_span_context(caller.clone()),
            &mut headers,
        );
        assert_eq!(
            headers[TRACEPARENT],
            format!("00-{:0>32}-{:0>16}-01", 1, 2).as_str()
        );
        assert!(!headers.contains_key(TRACESTATE));
        let context = extract(&headers).unwrap();
        assert_eq!(context.span().span_context().trace_id(), caller.trace_id());
    }
}
