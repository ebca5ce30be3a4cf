//! The exporters against the real Jaeger, and the embedded Jaeger's answers against the real one's.

use std::time::{Duration, SystemTime};

use axum_jaeger::verify;
use serde_json::{Value, json};

use crate::support::{
    jaeger::{Jaeger, count_spans},
    real_jaeger::RealJaeger,
    rich,
    service::Service,
};

const MODES: [&str; 3] = ["grpc", "thrift-collector", "thrift-agent"];

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn a_chain_is_found_in_the_real_jaeger_in_each_mode() {
    for mode in MODES {
        let real = RealJaeger::start().await;
        let env = real.jaeger.env(mode);
        let start = |name, more: &[(&str, &str)]| {
            let mut env: Vec<(&str, &str)> = env
                .iter()
                .map(|(key, value)| (*key, value.as_str()))
                .collect();
            env.push(("APP_NAME", name));
            env.extend(more);
            Service::start(&env)
        };
        let [two, one] = ["app-c", "app-b"].map(|name| start(name, &[]));
        let [one_at, two_at] = [&one, &two].map(|service| service.address.to_string());
        let app = start(
            "app-a",
            &[("TARGET_ONE_HOST", &one_at), ("TARGET_TWO_HOST", &two_at)],
        );
        let report = verify::run(&verify::Settings {
            app: app.url("").parse().unwrap(),
            jaeger: real.jaeger.url(),
            loki: None,
            timeout: Duration::from_secs(30),
        })
        .await;
        assert_eq!(report.failures, [], "{mode}: {report}");
    }
}

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn rich_spans_are_shown_alike_by_the_real_and_the_embedded_jaeger() {
    let start = rich::start_time();
    let mut shown = Vec::new();
    for mode in 0..MODES.len() {
        let real = RealJaeger::start().await;
        shown.push((
            format!("real, {}", MODES[mode]),
            exported(&real.jaeger, mode, start).await,
        ));
        let embedded = Jaeger::start();
        shown.push((
            format!("embedded, {}", MODES[mode]),
            exported(&embedded, mode, start).await,
        ));
    }
    let (first_name, first) = &shown[0];
    for (name, other) in &shown[1..] {
        assert_eq!(other, first, "{name} against {first_name}");
    }
}

/// The rich trace as `jaeger` shows it after it came by the mode of this number.
async fn exported(jaeger: &Jaeger, mode: usize, start: SystemTime) -> Value {
    let (_, destination) = &rich::destinations(jaeger)[mode];
    rich::export(destination, "rich", rich::spans(start)).await;
    let path = format!("/api/traces/{}", rich::trace_id());
    let count = rich::spans(start).len();
    let data = jaeger
        .wait_for(&path, |data| count_spans(data) == count)
        .await;
    rich::normalised(data)
}

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn the_same_questions_get_the_same_answers() {
    let start = rich::start_time();
    let real = RealJaeger::start().await;
    let embedded = Jaeger::start();
    for jaeger in [&real.jaeger, &embedded] {
        let [(_, collector), ..] = rich::destinations(jaeger);
        rich::export(&collector, "rich", rich::spans(start)).await;
        for (service, trace) in [
            ("one", 0xa1_u128),
            ("two", 0xa2),
            ("two", 0x1_0000_0000_0000_00a3),
        ] {
            rich::export(&collector, service, vec![simple(trace, start)]).await;
        }
        jaeger
            .wait_for("/api/services", |data| {
                data.as_array().map(Vec::len) == Some(3)
            })
            .await;
        jaeger
            .wait_for("/api/traces?service=two", |data| count_spans(data) == 2)
            .await;
    }
    for question in questions(start) {
        let answers = [
            ask(&embedded, &question).await,
            ask(&real.jaeger, &question).await,
        ];
        assert_eq!(answers[0], answers[1], "embedded against real: {question}");
    }
}

/// A span of its own trace.
fn simple(trace: u128, start: SystemTime) -> opentelemetry_sdk::trace::SpanData {
    let mut span = rich::spans(start).swap_remove(4);
    span.span_context = opentelemetry::trace::SpanContext::new(
        trace.into(),
        9.into(),
        span.span_context.trace_flags(),
        false,
        Default::default(),
    );
    span.parent_span_id = opentelemetry::SpanId::INVALID;
    span
}

fn questions(start: SystemTime) -> Vec<String> {
    let start = start.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let at = |milliseconds: u128| start.as_micros() + milliseconds * 1_000;
    let rich = rich::trace_id();
    let mut questions: Vec<String> = [
        "/api/services",
        "/api/services/rich/operations",
        "/api/services/nobody/operations",
        "/api/operations?service=rich",
        "/api/operations?service=rich&spanKind=server",
        "/api/operations?service=rich&spanKind=nonsense",
        "/api/operations",
        "/api/traces",
        "/api/traces?service=rich",
        "/api/traces?service=rich&prettyPrint=true",
        "/api/traces?service=nobody",
        "/api/traces?service=rich&operation=client",
        "/api/traces?service=rich&operation=nothing",
        "/api/traces?service=rich&tag=text:gr%C3%B6%C3%9Fer",
        "/api/traces?service=rich&tag=yes:true",
        "/api/traces?service=rich&tag=yes:false",
        "/api/traces?service=rich&tag=negative:-1&tag=no:false",
        "/api/traces?service=rich&tag=half:0.5",
        "/api/traces?service=rich&tag=max:9223372036854775807",
        "/api/traces?service=rich&tag=process.pid:42",
        "/api/traces?service=rich&tag=event:bare",
        "/api/traces?service=rich&tag=broken",
        "/api/traces?service=rich&tag=a:b:c",
        "/api/traces?service=rich&tags=%7B%22span.kind%22%3A%22server%22%7D",
        "/api/traces?service=rich&tags=%7B%22span.kind%22%3A%22client%22%2C%22error%22%3A%22true%22%7D",
        "/api/traces?service=rich&tags=%7B%22a%22%3A1%7D",
        "/api/traces?service=rich&tags=nonsense",
        "/api/traces?service=rich&minDuration=1ms",
        "/api/traces?service=rich&minDuration=2.4ms&maxDuration=2600us",
        "/api/traces?service=rich&minDuration=10s",
        "/api/traces?service=rich&maxDuration=499us",
        "/api/traces?service=rich&minDuration=2s&maxDuration=1s",
        "/api/traces?service=rich&minDuration=5",
        "/api/traces?service=rich&minDuration=nonsense",
        "/api/traces?service=two&limit=2",
        "/api/traces?service=rich&limit=-1",
        "/api/traces?service=rich&limit=nonsense",
        "/api/traces?service=rich&start=nonsense",
        "/api/traces?service=rich&end=nonsense",
        "/api/traces?service=rich&lookback=1h",
        "/api/traces?traceID=a1",
        "/api/traces?traceID=a1&traceID=a2",
        "/api/traces?traceID=a1&traceID=ffff",
        "/api/traces?traceID=nonsense",
        "/api/traces/a1",
        "/api/traces/000000000000000000000000000000a1",
        "/api/traces/100000000000000a3",
        "/api/traces/ffff",
        "/api/traces/nonsense",
        "/api/traces/0",
        "/api/dependencies",
        "/api/dependencies?endTs=nonsense",
        "/api/dependencies?endTs=1&lookback=nonsense",
    ]
    .map(str::to_owned)
    .to_vec();
    questions.extend([
        format!("/api/traces/{rich}"),
        format!("/api/traces?traceID={rich}"),
        format!("/api/traces?service=rich&start={}&end={}", at(0), at(1_000)),
        format!("/api/traces?service=rich&start={}&end={}", at(3), at(4)),
        format!("/api/traces?service=rich&end={}", at(0)),
        format!(
            "/api/dependencies?endTs={}&lookback=86400000",
            at(600_000) / 1_000
        ),
    ]);
    questions
}

/// The status and the whole answer.
async fn ask(jaeger: &Jaeger, question: &str) -> (u16, Value) {
    let response = reqwest::get(format!("http://{}{question}", jaeger.query))
        .await
        .unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let mut answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!({ "text": text }));
    if question.contains("/traces") {
        answer["data"] = rich::normalised(answer["data"].take());
    } else if let Some(data) = answer["data"].as_array_mut() {
        data.sort_by_key(ToString::to_string);
    }
    (status, answer)
}
