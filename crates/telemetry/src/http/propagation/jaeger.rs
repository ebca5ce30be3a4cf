//! Jaeger's own headers: `uber-trace-id` and `jaeger-debug-id` (Jaeger, "Propagation Format"; the
//! READMEs of its clients).

use http::HeaderMap;
use opentelemetry::{Context, TraceFlags};
use percent_encoding::percent_decode_str;

use super::{DEBUG, caller, from_hex, only, start};

/// The header, and the tag of the first span of the trace that it starts.
pub(super) const DEBUG_ID: &str = "jaeger-debug-id";

/// A value of a [`Context`]: the caller's text for the trace that starts here.
pub(super) struct DebugId(pub(super) String);

/// The span that `uber-trace-id` names.
pub(super) fn extract(headers: &HeaderMap) -> Option<Context> {
    parse(only(headers, "uber-trace-id")?)
}

/// A new trace that is kept, with a tag to find it by.
pub(super) fn start_for_debugging(headers: &HeaderMap) -> Option<Context> {
    let id = headers.get(DEBUG_ID).filter(|id| !id.is_empty())?;
    let id = String::from_utf8_lossy(id.as_bytes()).into_owned();
    Some(start(TraceFlags::SAMPLED | DEBUG).with_value(DebugId(id)))
}

/// `{trace-id}:{span-id}:{parent-span-id}:{flags}` in hexadecimal, without leading zeros. Some
/// clients send it percent-encoded.
fn parse(text: &str) -> Option<Context> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    let mut fields = text.split(':');
    let mut next = |longest| from_hex(fields.next()?, longest);
    let (trace_id, span_id) = (next(32)?, next(16)?);
    let _deprecated_parent = next(16)?;
    let flags = TraceFlags::new(next(2)? as u8) & (TraceFlags::SAMPLED | DEBUG);
    if fields.next().is_some() {
        return None;
    }
    caller(
        trace_id,
        span_id as u64,
        flags.with_sampled(flags != TraceFlags::NOT_SAMPLED),
    )
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TraceContextExt;

    use super::*;

    fn parsed(text: &str) -> Option<(String, String, u8)> {
        let context = parse(text)?;
        let span = context.span();
        let caller = span.span_context();
        Some((
            caller.trace_id().to_string(),
            caller.span_id().to_string(),
            caller.trace_flags().to_u8(),
        ))
    }

    #[test]
    fn the_four_fields_are_read_in_every_percent_encoding() {
        let flags = |text| parsed(text).map(|(_, _, flags)| flags);
        assert_eq!(
            parsed("1f:2:0:1"),
            Some((format!("{:0>32}", "1f"), format!("{:0>16}", "2"), 1))
        );
        for same in [
            "1f%3A2%3A0%3A1",
            "1f%3a2%3a0%3a1",
            "1f%3A2%3a0:1",
            "%31%66%3a%32%3a%30%3a%31",
            "1F:02:0:01",
        ] {
            assert_eq!(parsed(same), parsed("1f:2:0:1"), "{same}");
        }
        for (text, expected) in [
            ("1:2:0:0", 0),
            ("1:2:0:1", 1),
            ("1:2:0:2", 3),
            ("1:2:0:3", 3),
            ("1:2:0:f", 3),
            ("1:2:0:8", 0),
        ] {
            assert_eq!(flags(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_broken_header_has_no_caller() {
        let long = format!("{}:2:0:1", "1".repeat(33));
        for broken in [
            "",
            "1:2:0",
            "0:2:0:1",
            "1:0:0:1",
            "1:2:0:1:1",
            "x:2:0:1",
            "+1:2:0:1",
            "1%2:0:1",
            "1:2%",
            "1:2:0:%ff",
            &long,
        ] {
            assert_eq!(parsed(broken), None, "{broken}");
        }
    }
}
