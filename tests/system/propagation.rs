//! The context of a trace, as callers send it and as the services behind see it.

use embedded_jaeger::Trace;
use reqwest::header::HeaderMap;

use crate::support::{
    echo::Echo,
    jaeger::{Jaeger, MODES, span},
    service::Service,
};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const PARENT: (&str, &str) = (
    "traceparent",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
);

type Headers<'h> = [(&'static str, &'h str)];

/// The status of the answer to a request with these headers.
async fn get(service: &Service, path: &str, headers: &Headers<'_>) -> u16 {
    let mut request = service.client.get(service.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap().status().as_u16()
}

/// The headers of the two calls that `/chain`, asked with `headers`, makes to `echo`.
async fn handed_on(service: &Service, echo: &Echo, headers: &Headers<'_>) -> [HeaderMap; 2] {
    assert_eq!(get(service, "/chain", headers).await, 200);
    let seen = echo.seen().into_iter();
    let of_calls: Vec<_> = seen.map(|(_, headers)| headers).collect();
    of_calls.try_into().unwrap()
}

fn all<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

fn borrowed<'e>(env: &'e [(&'static str, String)]) -> Vec<(&'static str, &'e str)> {
    env.iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

/// A service that sends its spans to `jaeger`, and calls `echo`.
fn traced(jaeger: &Jaeger, mode: &str, echo: &Echo, more: &[(&str, &str)]) -> Service {
    let targets = echo.targets();
    let env = [&borrowed(&targets), more].concat();
    Service::traced(jaeger, mode, mode, &env)
}

#[tokio::test]
async fn without_spans_of_its_own_a_service_hands_on_what_came() {
    let echo = Echo::start().await;
    let service = Service::untraced(&borrowed(&echo.targets()));
    let b3 = format!("{TRACE}-{SPAN}-1");
    for headers in [
        vec![PARENT],
        vec![PARENT, ("tracestate", "v=1")],
        vec![PARENT, ("tracestate", "v1=a"), ("tracestate", "v2=b")],
        vec![(
            "traceparent",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later",
        )],
        vec![("uber-trace-id", "1:2:0:1"), ("uberctx-user", "a%20b")],
        vec![("b3", &b3), ("baggage", "a=1"), ("baggage", "b=2;p")],
        vec![
            ("x-b3-traceid", TRACE),
            ("x-b3-spanid", SPAN),
            ("x-b3-flags", "1"),
        ],
        vec![("jaeger-debug-id", "x"), ("jaeger-baggage", "a=1, b=2")],
    ] {
        for seen in handed_on(&service, &echo, &headers).await {
            for (name, _) in &headers {
                let sent = headers.iter().filter(|(other, _)| other == name);
                let sent: Vec<_> = sent.map(|(_, value)| *value).collect();
                assert_eq!(all(&seen, name), sent, "{headers:?}");
            }
        }
    }
    for seen in handed_on(&service, &echo, &[("x-other", "y")]).await {
        for name in ["traceparent", "baggage", "x-other"] {
            assert!(!seen.contains_key(name), "{seen:?}");
        }
    }
}

#[tokio::test]
async fn with_spans_of_its_own_a_service_hands_on_the_baggage() {
    let jaeger = Jaeger::start();
    let echo = Echo::start().await;
    let service = traced(&jaeger, "grpc", &echo, &[]);
    let baggage = [
        ("baggage", "user=a%20b;p=1,c=d"),
        ("baggage", "e=f"),
        ("uberctx-key", "value"),
        ("uberctx-other", "a%2Cb"),
        ("jaeger-baggage", "k=v"),
    ];
    for context in [vec![], vec![PARENT], vec![("uber-trace-id", "1:2:0:0")]] {
        let headers = [&context[..], &baggage].concat();
        for seen in handed_on(&service, &echo, &headers).await {
            assert_eq!(all(&seen, "baggage"), ["user=a%20b;p=1,c=d", "e=f"]);
            assert_eq!(all(&seen, "uberctx-key"), ["value"]);
            assert_eq!(all(&seen, "uberctx-other"), ["a%2Cb"]);
            assert_eq!(all(&seen, "jaeger-baggage"), ["k=v"]);
            assert_eq!(all(&seen, "traceparent").len(), 1);
            assert!(!seen.contains_key("uber-trace-id"), "{seen:?}");
        }
    }
    // As much as W3C has every service hand on, and no more: the calls must have room for it.
    let [most, more] = [8192, 8193].map(|length| format!("a={}", "b".repeat(length - 2)));
    for (value, expected) in [(&most, vec![&*most]), (&more, vec![])] {
        for seen in handed_on(&service, &echo, &[("baggage", value)]).await {
            assert_eq!(all(&seen, "baggage"), expected);
        }
    }
    for seen in handed_on(&service, &echo, &[]).await {
        assert!(
            !seen.contains_key("baggage"),
            "of another request: {seen:?}"
        );
    }
}

#[tokio::test]
async fn several_tracestate_headers_go_on_as_one() {
    let jaeger = Jaeger::start();
    let echo = Echo::start().await;
    let service = traced(&jaeger, "grpc", &echo, &[]);
    let [long, longer] = [("l", 250), ("m", 251)].map(|(key, length)| {
        let value = "x".repeat(length);
        format!("{key}={value}")
    });
    let cut = format!("s=1,{long},t=2");
    for (states, expected) in [
        (vec!["vendor1=a", "vendor2=b"], vec!["vendor1=a,vendor2=b"]),
        (vec!["", "vendor2=b"], vec!["vendor2=b"]),
        (vec![" , a=1", "b=2\t,,", "c=3"], vec!["a=1,b=2,c=3"]),
        (vec!["a@b=1", "0k=v/:;!"], vec!["a@b=1,0k=v/:;!"]),
        (vec!["a=1", "", ""], vec!["a=1"]),
        (vec!["a=1", "Not a key=2"], vec![]),
        (vec!["a=1", "b"], vec![]),
        (vec!["s=1", &long, &longer, "t=2"], vec![&cut]),
        (vec![""], vec![]),
    ] {
        let mut headers = vec![PARENT];
        headers.extend(states.iter().map(|state| ("tracestate", *state)));
        for seen in handed_on(&service, &echo, &headers).await {
            assert_eq!(all(&seen, "tracestate"), expected, "{states:?}");
            assert!(all(&seen, "traceparent")[0].contains(TRACE));
        }
    }
}

/// All spans of the only trace of `service`, once they are so many.
async fn only_trace(jaeger: &Jaeger, service: &str, spans: usize) -> Trace {
    let traces = jaeger.traces(service, spans).await;
    assert_eq!(traces.len(), 1, "{traces:#?}");
    traces[0].clone()
}

/// Jaeger's flags of the span of `/chain` and of its three calls. What goes out is W3C's, which has
/// no flag for debugging: the service that calls itself gets none.
fn flags_of(trace: &Trace) -> Vec<u32> {
    let of_chain = trace.spans().iter().filter(|span| span.name() != "GET /");
    of_chain.map(|span| span.flags()).collect()
}

#[tokio::test]
async fn a_caller_with_headers_of_jaeger_or_zipkin_goes_on() {
    let jaeger = Jaeger::start();
    let echo = Echo::start().await;
    for mode in MODES {
        let service = traced(&jaeger, mode, &echo, &[]);
        for (number, (headers, flags)) in [
            (vec![("uber-trace-id", "{trace}:{span}:0:1")], 1),
            (vec![("uber-trace-id", "{trace}:{span}:0:3")], 3),
            (vec![("uber-trace-id", "{trace}%3A{span}%3A0%3A1")], 1),
            (vec![("uber-trace-id", "{trace}%3a{span}%3a0%3a1")], 1),
            (vec![("b3", "{trace}-{span}-1")], 1),
            (vec![("b3", "{trace}-{span}-d")], 3),
            (vec![("b3", "{trace}-{span}")], 1),
            (
                vec![("x-b3-traceid", "{trace}"), ("x-b3-spanid", "{span}")],
                1,
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let mode_number = MODES.iter().position(|other| *other == mode).unwrap();
            let trace = format!("{:0>32x}", (mode_number << 8) + number + 1);
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| {
                    (
                        *name,
                        value.replace("{trace}", &trace).replace("{span}", SPAN),
                    )
                })
                .collect();
            for seen in handed_on(&service, &echo, &borrowed(&headers)).await {
                let out = all(&seen, "traceparent")[0];
                assert!(
                    out.starts_with(&format!("00-{trace}-")) && out.ends_with("-01"),
                    "{out}"
                );
            }
            let trace = jaeger.whole_trace(&trace, 5).await;
            let chain = span(&trace, "GET /chain");
            assert_eq!(chain.parent_id(), SPAN.parse().ok(), "{headers:?}");
            assert_eq!(flags_of(&trace), [flags; 4], "{mode}: {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_debug_id_begins_a_trace_that_is_kept_whatever_the_sampler_says() {
    let jaeger = Jaeger::start();
    let echo = Echo::start().await;
    for mode in MODES {
        for sampler in ["always_off", "parentbased_always_off", "always_on"] {
            let name = format!("{mode}-{sampler}");
            let more = [("OTEL_TRACES_SAMPLER", sampler), ("APP_NAME", &name)];
            let mut service = traced(&jaeger, mode, &echo, &more);
            let debug = [("jaeger-debug-id", "find me \u{e9}"), ("baggage", "a=1")];
            for seen in handed_on(&service, &echo, &debug).await {
                assert!(all(&seen, "traceparent")[0].ends_with("-01"), "{seen:?}");
                assert_eq!(all(&seen, "baggage"), ["a=1"]);
            }
            // It calls itself, too: there the sampler knows no more than that the caller keeps it.
            let spans = if sampler == "always_off" { 4 } else { 5 };
            let trace = only_trace(&jaeger, &name, spans).await;
            let chain = span(&trace, "GET /chain");
            assert_eq!(chain["jaeger-debug-id"], "find me \u{e9}");
            assert_eq!((chain.references().len(), chain.warnings().len()), (0, 0));
            assert_eq!(flags_of(&trace), [3; 4], "{name}");
            let with_tag = format!("{trace:?}").matches("find me").count();
            assert_eq!(with_tag, 1, "the first span alone: {trace:?}");
            service.terminate();
            let span_counts = format!("{spans} started, {spans} delivered, 0 dropped");
            assert_eq!(service.span_counts(), span_counts, "{name}");
        }
    }
}

#[tokio::test]
async fn a_caller_of_zipkin_may_decide_or_leave_it() {
    let jaeger = Jaeger::start();
    let whole = format!("{TRACE}-{SPAN}");
    for (name, sampler, b3, is_kept) in [
        ("a", "parentbased_always_on", "0", false),
        ("b", "parentbased_always_off", "1", true),
        ("c", "parentbased_always_on", &*whole, true),
        ("d", "parentbased_always_off", &whole, false),
        ("e", "parentbased_always_on", &format!("{whole}-0"), false),
        ("f", "always_off", "d", true),
    ] {
        let sampler = ("OTEL_TRACES_SAMPLER", sampler);
        let mut service = Service::traced(&jaeger, "grpc", name, &[sampler]);
        assert_eq!(get(&service, "/", &[("b3", b3)]).await, 200);
        service.terminate();
        let started = u8::from(is_kept);
        let span_counts = format!("{started} started, {started} delivered, 0 dropped");
        assert_eq!(service.span_counts(), span_counts, "{name}");
    }
    let trace = only_trace(&jaeger, "b", 1).await;
    assert_eq!(trace.spans()[0].references().len(), 0);
}
