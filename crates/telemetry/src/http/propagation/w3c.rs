//! W3C Trace Context: `traceparent` and `tracestate`.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::TraceContextExt,
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::only;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The most members of a `tracestate` (3.3.1.1).
const MAX_MEMBERS: usize = 32;

/// The bytes of a `tracestate` that vendors must carry at least (3.3.1.5).
const MAX_LENGTH: usize = 512;

/// Longer members are removed first where there is no room (3.3.1.5).
const LONG_MEMBER: usize = 128;

/// The span that `traceparent` names, with its trace's state.
pub(super) fn extract(headers: &HeaderMap) -> Option<Context> {
    let parent = only(headers, TRACEPARENT).filter(|text| is_traceparent(text))?;
    let state = tracestate(headers);
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &In { parent, state });
    context.span().span_context().is_valid().then_some(context)
}

/// Writes both headers, where `context` has a span.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(context, &mut Out(headers));
}

/// Checks the exact lengths and digits of the fields (3.2), which the SDK's propagator does not: it
/// reads `00-1-1-01` and a `+` before a number as a trace.
fn is_traceparent(text: &str) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut fields = text.split('-');
    let has_all = [2, 32, 16, 2].into_iter().all(|length| {
        let field = fields.next();
        field.is_some_and(|field| field.len() == length && field.bytes().all(is_digit))
    });
    has_all && (fields.next().is_none() || !text.starts_with("00-"))
}

/// The members of all `tracestate` headers, in their order, without the empty ones (3.3.1; RFC
/// 9110, 5.6.1). None of them where one is broken or there are too many.
fn tracestate(headers: &HeaderMap) -> Option<String> {
    let mut members = Vec::new();
    for list in headers.get_all(TRACESTATE) {
        let list = list.to_str().ok()?.split(',');
        let list = list.map(|member| member.trim_matches([' ', '\t']));
        for member in list.filter(|member| !member.is_empty()) {
            let (key, value) = member.split_once('=')?;
            if key.is_empty() || value.contains('=') || members.len() == MAX_MEMBERS {
                return None;
            }
            members.push(member);
        }
    }
    let length = |member: &&str| member.len() + ",".len();
    while members.iter().map(length).sum::<usize>() > MAX_LENGTH + ",".len() {
        match members
            .iter()
            .rposition(|member| member.len() > LONG_MEMBER)
        {
            Some(long) => members.remove(long),
            None => members.pop()?,
        };
    }
    (!members.is_empty()).then(|| members.join(","))
}

struct In<'h> {
    parent: &'h str,
    state: Option<String>,
}

impl Extractor for In<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => Some(self.parent),
            TRACESTATE => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

struct Out<'h>(&'h mut HeaderMap);

impl Injector for Out<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` has no meaning.
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

    fn joined(lists: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for list in lists {
            headers.append(TRACESTATE, list.parse().unwrap());
        }
        tracestate(&headers)
    }

    #[test]
    fn several_tracestate_headers_are_one_list() {
        for (lists, expected) in [
            (vec!["v1=a", "v2=b"], Some("v1=a,v2=b")),
            (vec!["", "v2=b"], Some("v2=b")),
            (vec!["v1=a,", " , ,v2=b\t", ","], Some("v1=a,v2=b")),
            (vec!["v1=a , v2=b", "v3=c"], Some("v1=a,v2=b,v3=c")),
            (vec![], None),
            (vec!["", ","], None),
            (vec!["v1=a", "broken"], None),
            (vec!["v1=a", "=b"], None),
            (vec!["v1=a=b"], None),
            (vec!["v1= a b\t,", "t@v=~[]{;}"], Some("v1= a b,t@v=~[]{;}")),
            (vec!["\t", "v1=,,,v2=b"], Some("v1=,v2=b")),
            (vec!["v1=\u{e9}", "v2=b"], None),
        ] {
            assert_eq!(joined(&lists).as_deref(), expected, "{lists:?}");
        }
    }

    #[test]
    fn a_tracestate_has_32_members_and_512_bytes() {
        let members =
            |count: usize| -> Vec<String> { (0..count).map(|n| format!("k{n}=v")).collect() };
        let all = members(32);
        assert_eq!(
            joined(&[&all[..20].join(","), &all[20..].join(",")]),
            Some(all.join(","))
        );
        assert_eq!(joined(&[&members(33).join(",")]), None);

        let of = |key: char, length: usize| format!("{key}={}", "x".repeat(length - 2));
        let exact = [of('a', 256), of('b', 255)].join(",");
        assert_eq!(joined(&[&exact]), Some(exact));
        let (short, long) = (of('a', 128), of('l', 129));
        let kept = [&*short, &short, &short].join(",");
        assert_eq!(joined(&[&short, &long, &short, &short]), Some(kept));
        let fours = [&*short, &short, &short, &short].join(",");
        assert_eq!(joined(&[&fours]), Some([&*short, &short, &short].join(",")));
    }
}
