//! Zipkin's headers, which Istio's proxies send too: `b3`, or an `X-B3-…` for each part of it
//! (openzipkin/b3-propagation).

use http::HeaderMap;
use opentelemetry::{Context, TraceFlags};

use super::{DEBUG, Undecided, caller, from_hex, only, start};

/// The span that the headers name, or a trace that starts here with their decision.
pub(super) fn extract(headers: &HeaderMap) -> Option<Context> {
    only(headers, "b3")
        .and_then(single)
        .or_else(|| multiple(headers))
}

/// `{trace-id}-{span-id}-{state}-{parent-span-id}`, where the last two are optional; or the
/// state alone.
fn single(text: &str) -> Option<Context> {
    if let Some(flags) = decided(text) {
        return Some(start(flags));
    }
    let mut fields = text.split('-');
    let (trace_id, span_id) = (fields.next()?, fields.next()?);
    let state = match fields.next() {
        Some(state) => Some(decided(state)?),
        None => None,
    };
    let _parent = fields.next();
    if fields.next().is_some() {
        return None;
    }
    span(trace_id, span_id, state)
}

fn multiple(headers: &HeaderMap) -> Option<Context> {
    let first = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let state = match first("x-b3-flags") {
        Some("1") => Some(TraceFlags::SAMPLED | DEBUG),
        _ => first("x-b3-sampled").and_then(decided),
    };
    match (first("x-b3-traceid"), first("x-b3-spanid")) {
        (Some(trace_id), Some(span_id)) => span(trace_id, span_id, state),
        (None, None) => state.map(start),
        _ => None,
    }
}

/// The decision of a state; old tracers write `true` and `false`.
fn decided(state: &str) -> Option<TraceFlags> {
    match state {
        "0" | "false" => Some(TraceFlags::NOT_SAMPLED),
        "1" | "true" => Some(TraceFlags::SAMPLED),
        "d" => Some(TraceFlags::SAMPLED | DEBUG),
        _ => None,
    }
}

fn span(trace_id: &str, span_id: &str, state: Option<TraceFlags>) -> Option<Context> {
    if !matches!((trace_id.len(), span_id.len()), (16 | 32, 16)) {
        return None;
    }
    let (trace_id, span_id) = (from_hex(trace_id, 32)?, from_hex(span_id, 16)? as u64);
    match state {
        Some(flags) => caller(trace_id, span_id, flags),
        None => caller(trace_id, span_id, TraceFlags::NOT_SAMPLED)
            .map(|context| context.with_value(Undecided)),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt;

    use super::*;
    use crate::propagation::PLACEHOLDER_PARENT;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    /// The ids and flags of the caller: no ids where a trace starts here, no flags where it is
    /// undecided.
    type Read = (Option<(String, String)>, Option<u8>);

    fn read(headers: &[(&'static str, &str)]) -> Option<Read> {
        let headers = headers.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        let context = extract(&headers.collect())?;
        let span = context.span();
        let caller = span.span_context();
        let ids = (caller.trace_id().to_string(), caller.span_id().to_string());
        let decided = context.get::<Undecided>().is_none();
        Some((
            (caller.span_id() != PLACEHOLDER_PARENT).then_some(ids),
            decided.then(|| caller.trace_flags().to_u8()),
        ))
    }

    fn ids(trace_id: &str) -> Option<(String, String)> {
        Some((format!("{trace_id:0>32}"), SPAN.to_owned()))
    }

    #[test]
    fn one_header_is_read() {
        let short = &TRACE[16..];
        for (text, expected) in [
            (format!("{TRACE}-{SPAN}-1"), (ids(TRACE), Some(1))),
            (format!("{TRACE}-{SPAN}-0"), (ids(TRACE), Some(0))),
            (format!("{TRACE}-{SPAN}-d"), (ids(TRACE), Some(3))),
            (format!("{TRACE}-{SPAN}"), (ids(TRACE), None)),
            (
                format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90"),
                (ids(TRACE), Some(1)),
            ),
            (format!("{short}-{SPAN}-1"), (ids(short), Some(1))),
            ("0".to_owned(), (None, Some(0))),
            ("1".to_owned(), (None, Some(1))),
            ("d".to_owned(), (None, Some(3))),
        ] {
            assert_eq!(read(&[("b3", &text)]), Some(expected), "{text}");
        }
        for broken in [
            "",
            "x",
            TRACE,
            &format!("{TRACE}-"),
            &format!("{TRACE}-{SPAN}-x"),
            &format!("{TRACE}-{SPAN}-1-{SPAN}-1"),
            &format!("1-{SPAN}-1"),
            &format!("{TRACE}-1-1"),
            &format!("{}-{SPAN}-1", "0".repeat(32)),
            &format!("{}-{SPAN}-1", "x".repeat(32)),
        ] {
            assert_eq!(read(&[("b3", broken)]), None, "{broken}");
        }
    }

    #[test]
    fn several_headers_are_read() {
        const ID: (&str, &str) = ("x-b3-traceid", TRACE);
        const OF: (&str, &str) = ("x-b3-spanid", SPAN);
        for (headers, expected) in [
            (vec![ID, OF, ("x-b3-sampled", "1")], (ids(TRACE), Some(1))),
            (
                vec![ID, OF, ("x-b3-sampled", "true")],
                (ids(TRACE), Some(1)),
            ),
            (vec![ID, OF, ("x-b3-sampled", "0")], (ids(TRACE), Some(0))),
            (vec![ID, OF, ("x-b3-flags", "1")], (ids(TRACE), Some(3))),
            (vec![ID, OF, ("x-b3-flags", "0")], (ids(TRACE), None)),
            (
                vec![ID, OF, ("x-b3-parentspanid", SPAN)],
                (ids(TRACE), None),
            ),
            (vec![("x-b3-sampled", "0")], (None, Some(0))),
            (vec![ID, OF, ("b3", "broken")], (ids(TRACE), None)),
            (vec![ID, OF, ("b3", "0")], (None, Some(0))),
        ] {
            assert_eq!(read(&headers), Some(expected), "{headers:?}");
        }
        for broken in [
            vec![ID],
            vec![OF, ("x-b3-sampled", "1")],
            vec![],
            vec![("x-b3-sampled", "")],
        ] {
            assert_eq!(read(&broken), None, "{broken:?}");
        }
    }
}
