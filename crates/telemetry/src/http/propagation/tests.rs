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

fn expected(sampled: bool) -> Option<(String, String, bool)> {
    Some((TRACE.to_owned(), SPAN.to_owned(), sampled))
}

#[test]
fn reads_traceparent() {
    let value = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(extracted(&[("traceparent", &value)]), expected(true));
    let value = format!("00-{TRACE}-{SPAN}-00");
    assert_eq!(extracted(&[("traceparent", &value)]), expected(false));
    let later_version = format!("cc-{TRACE}-{SPAN}-01-what-comes");
    assert_eq!(
        extracted(&[("traceparent", &later_version)]),
        expected(true)
    );
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
        &format!("00-{TRACE}-{SPAN}-0A"),
        &format!("00-{TRACE}-{SPAN}-+1"),
        &format!("00-{TRACE}-+{}-01", &SPAN[1..]),
        &format!("00-+{}-{SPAN}-01", &TRACE[1..]),
        &format!("+0-{TRACE}-{SPAN}-01"),
        &format!("CC-{TRACE}-{SPAN}-01"),
        &format!("cc-{TRACE}-{SPAN}-01.later"),
        &"9".repeat(60_000),
    ] {
        assert_eq!(extracted(&[("traceparent", value)]), None, "{value}");
    }
    let good = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(
        extracted(&[("traceparent", &good), ("traceparent", &good)]),
        None,
        "two callers are none"
    );
}

/// The trace of the caller, by the valid headers before and after each of them.
#[test]
fn the_first_valid_header_is_the_caller() {
    let trace = |n: u8| format!("{n:0>32}");
    let all = [
        ("traceparent", format!("00-{}-{SPAN}-01", trace(1))),
        ("uber-trace-id", "2:2:0:1".to_owned()),
        ("b3", format!("{}-{SPAN}-1", trace(3))),
        ("x-b3-traceid", trace(4)),
        ("x-b3-spanid", SPAN.to_owned()),
        ("jaeger-debug-id", "found by this".to_owned()),
    ];
    for (first, expected) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        let mut headers: Vec<_> = all[first..]
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(extracted(&headers).unwrap().0, trace(expected));
        headers.extend([("traceparent", "broken"), ("uber-trace-id", "1:2")]);
        let expected = expected.max(3);
        assert_eq!(extracted(&headers).unwrap().0, trace(expected), "{first}");
    }
}

#[test]
fn a_debug_id_starts_a_trace_that_is_kept() {
    let mut headers = HeaderMap::new();
    headers.append("jaeger-debug-id", HeaderValue::from_static(""));
    assert!(extract(&headers).is_none());
    headers.insert("jaeger-debug-id", HeaderValue::from_static("some-id"));
    let context = extract(&headers).unwrap();
    assert_eq!(context.get::<jaeger::DebugId>().unwrap().0, "some-id");
    let span = context.span();
    let begun = span.span_context();
    assert_eq!(begun.trace_flags(), TraceFlags::SAMPLED | DEBUG);
    assert_eq!(begun.span_id(), PLACEHOLDER_PARENT);
    let again = extract(&headers).unwrap();
    assert_ne!(again.span().span_context().trace_id(), begun.trace_id());
}

/// A span of Jaeger's flags 3: sampled, and for debugging.
fn debugged() -> Context {
    caller(1, 2, TraceFlags::SAMPLED | DEBUG).unwrap()
}

#[test]
fn a_response_names_its_span_where_there_is_one() {
    let mut headers = HeaderMap::new();
    inject_response(&Context::new(), &mut headers);
    assert!(headers.is_empty());
    inject_response(&debugged(), &mut headers);
    let text = format!("00-{:0>32}-{:0>16}-01", 1, 2);
    assert_eq!(headers[TRACERESPONSE], text.as_str());
}

#[test]
fn an_injected_context_is_extracted() {
    let mut headers = HeaderMap::new();
    inject(&debugged(), &mut headers);
    let text = format!("00-{:0>32}-{:0>16}-01", 1, 2);
    assert_eq!(headers["traceparent"], text.as_str());
    assert!(!headers.contains_key("tracestate"));
    let context = extract(&headers).unwrap();
    assert_eq!(context.span().span_context().trace_id(), TraceId::from(1));
}
