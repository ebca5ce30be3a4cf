//! The embedded Jaeger and the real one get the same spans by the same ways and are asked the same;
//! their answers agree but for the order that the real one leaves to chance, and for our tag that
//! names the receiver.
use std::{io::Read, sync::Arc};

use crate::{
    real_jaeger::RealJaeger,
    support::{self, Target, api_v2_span, datagram, grpc, jaeger, raw::Raw, request, span, thrift},
    transform::SAVED,
};
use embedded_jaeger::model::{
    Log, Process, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value as TagValue,
};
use flate2::read::GzDecoder;
use serde_json::Value;
use tonic::codec::CompressionEncoding::Gzip;

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn the_two_answer_alike() {
    let real = RealJaeger::start().await;
    let ours = jaeger(64).await;
    let now = span(1, 1, "", "").start_ns;
    for to in [real.addresses, *ours.addresses()] {
        send(&to, now).await;
    }
    let mut different = Vec::new();
    let mut compare = |what: String, real: String, ours: String| {
        if real != ours {
            different.push(format!("{what}\nreal: {real}\nours: {ours}"));
        }
    };
    for path in paths(now) {
        let (real, ours) = (ask(&real.addresses, &path).await, ask(&ours, &path).await);
        compare(path, format!("{real:#?}"), format!("{ours:#?}"));
    }
    for (path, body) in posts() {
        let (real, ours) = (
            post(&real.addresses, path, &body).await,
            post(&ours, path, &body).await,
        );
        compare(
            format!("POST {path} {body}"),
            format!("{real:#?}"),
            format!("{ours:#?}"),
        );
    }
    for path in ["/api/traces/3", "/api/traces/3?raw=true"] {
        let (real, ours) = (
            floats(&real.addresses, path).await,
            floats(&ours, path).await,
        );
        assert_eq!(ours.len(), FLOATS.len() + 3);
        compare(format!("floats of {path}"), real.join(" "), ours.join(" "));
    }
    let (real_says, ours_says) = (
        without_service(&real.addresses).await,
        without_service(&ours).await,
    );
    for (real, ours) in real_says.into_iter().zip(ours_says) {
        // Ours goes on with what is taken.
        let ours = ours.get(..real.len()).unwrap_or(&ours).to_owned();
        compare("gRPC".into(), real, ours);
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// The requests of type POST, in an order in which none changes the answers to those after it.
fn posts() -> Vec<(&'static str, String)> {
    let span = |fields: &str| {
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#)
    };
    vec![
        ("/api/transform", SAVED.into()),
        ("/api/transform?prettyPrint=true", SAVED.into()),
        ("/api/transform", "{}".into()),
        ("/api/transform", "null".into()),
        ("/api/transform", "{} {".into()),
        ("/api/transform", "".into()),
        ("/api/transform", "[]".into()),
        ("/api/transform", span("")),
        ("/api/transform", span(r#""spanId":"12""#)),
        ("/api/transform", span(r#""kind":"SERVER""#)),
        (
            "/api/transform",
            span(r#""kind":99,"status":{"code":7,"message":"m"}"#),
        ),
        (
            "/api/transform",
            span(r#""name":null,"events":null,"status":null"#),
        ),
        ("/api/transform", span(r#""startTimeUnixNano":"-1""#)),
        (
            "/api/transform",
            span(r#""attributes":[{"key":"a"},{"key":"a","value":null}]"#),
        ),
        ("/api/archive/7", "".into()),
        ("/api/archive/xyz", "".into()),
        ("/api/archive/6", "".into()),
    ]
}

/// Status and JSON of a post. Of a message about bad JSON the beginning: the rest is the library's.
async fn post(to: &impl Target, path: &str, body: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", to.at().query);
    let response = reqwest::Client::new()
        .post(url)
        .body(body.to_owned())
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let mut json: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    if let Some(Value::String(message)) = json.pointer_mut("/errors/0/msg")
        && let Some((start, _)) = message.split_once("OTLP : ")
    {
        *message = start.into();
    }
    (status, json)
}

/// The floats of a trace as they are written, sorted; gzipped on the way.
async fn floats(to: &impl Target, path: &str) -> Vec<String> {
    let url = format!("http://{}{path}", to.at().query);
    let request = reqwest::Client::new()
        .get(url)
        .header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let packed = response.bytes().await.unwrap();
    let mut text = String::new();
    GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
    let values = text.split(r#""type":"float64","value":"#).skip(1);
    let mut values: Vec<_> = values
        .map(|rest| rest.split('}').next().unwrap().to_owned())
        .collect();
    values.sort();
    values
}

/// The answers to a sender of OTLP, to one of an unknown method, and to one that asks for health.
async fn without_service(to: &impl Target) -> Vec<String> {
    let url = format!("http://{}", to.at().grpc);
    let channel = tonic::transport::Channel::from_shared(url)
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut said = Vec::new();
    for path in [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/jaeger.api_v2.CollectorService/PostSpan",
        "/grpc.health.v1.Health/Check",
    ] {
        let mut client = tonic::client::Grpc::new(channel.clone());
        client.ready().await.unwrap();
        let message = tonic::Request::new(bytes::Bytes::new());
        let path = http::uri::PathAndQuery::from_static(path);
        said.push(match client.unary(message, path, Raw).await {
            Ok(_) => "OK".into(),
            Err(status) => format!("{:?}: {}", status.code(), status.message()),
        });
    }
    said
}

/// Everything, and then waits until the last of each way is there.
async fn send(to: &impl Target, now: i64) {
    let at = to.at();
    let rich = |trace| rich(trace, now);
    let message = thrift::compact_message(&rich(0x1).process, &[rich(0x1)]);
    datagram(at.compact, &message);
    datagram(
        at.binary,
        &thrift::binary_message(&rich(0x2).process, &[rich(0x2)]),
    );
    support::store(to, &[rich(0x3)]).await;
    support::store(to, &odd(now)).await;
    support::store(to, &calls(now)).await;
    let mut client = grpc(to).await;
    let mut span = api_v2_span(1 << 100 | 4, 1);
    span.start_time = Some(prost_types::Timestamp {
        seconds: now / 1_000_000_000,
        nanos: (now % 1_000_000_000) as i32,
    });
    span.duration = Some(prost_types::Duration {
        seconds: 1,
        nanos: 999,
    });
    span.warnings = vec!["a warning".into()];
    client
        .post_spans(request("grpc", vec![span.clone()]))
        .await
        .unwrap();
    let client = grpc(to).await.send_compressed(Gzip);
    let mut client = client.accept_compressed(Gzip);
    span.trace_id = 8_u128.to_be_bytes().into();
    client
        .post_spans(request("my svc", vec![span]))
        .await
        .unwrap();
    for id in [0x1, 0x2, 0x3, 0x5, 0x6, 0x8, 1 << 100 | 4] {
        support::trace(to, id).await;
    }
    // The real one stores the spans of a message one by one, and in any order.
    let all = async |id, count| {
        let all = || async {
            let trace = support::trace(to, id).await;
            (trace["spans"].as_array()?.len() == count).then_some(())
        };
        support::eventually(all).await;
    };
    all(0x5, 8).await;
    all(0x6, 6).await;
    support::store(to, &[another_of_the_same_id(now)]).await;
    all(0x5, 9).await;
}

/// Floats that Go and Rust write in different ways.
const FLOATS: [f64; 12] = [
    9_007_199_254_740_992.0,
    123_456_789_012_345_678.0,
    1.2345678901234568e20,
    999_999_999_999_999_900_000.0,
    1e21,
    -1.5e22,
    -0.0,
    1e-6,
    1e-7,
    -2.5e-10,
    0.1_f32 as f64,
    f64::MIN_POSITIVE,
];

/// A span with everything.
fn rich(trace: u128, now: i64) -> Span {
    let tag = |key: &str, value| Tag {
        key: key.into(),
        value,
    };
    let tags = vec![
        Tag::text("span.kind", "client"),
        tag("int", TagValue::Int64(-7)),
        tag("large", TagValue::Int64(i64::MAX)),
        tag("float", TagValue::Float64(1.0 / 3.0)),
        tag("whole", TagValue::Float64(3.0)),
        tag("small", TagValue::Float64(1e-9)),
        tag("bool", TagValue::Bool(true)),
        tag("binary", TagValue::Binary([0, 1, 254, 255].into())),
        tag("empty", TagValue::Binary([].into())),
        Tag::text("text", "\u{e4}\u{1f600}\"\\<&>\n"),
        Tag::text("double", "2"),
        Tag::text("double", "1"),
        tag("ip", TagValue::Int64(0x7f00_0001)),
        Tag::text("telemetry.sdk.language", "rust"),
    ];
    let floats = FLOATS.map(|value| tag("f", TagValue::Float64(value)));
    let tags = [tags, floats.into()].concat();
    let process = Process {
        service: format!("s-{trace}").into(),
        tags: vec![Tag::text("z", "1"), tag("ip", TagValue::Int64(1))],
    };
    let reference = |kind, trace, span| SpanRef {
        kind,
        trace_id: TraceId(trace),
        span_id: SpanId(span),
    };
    Span {
        operation: "GET /\u{e4}".into(),
        references: vec![
            reference(RefKind::FollowsFrom, 9, 9),
            reference(RefKind::ChildOf, trace, 8),
            reference(RefKind::ChildOf, 0, 1),
        ],
        start_ns: now,
        logs: vec![Log {
            timestamp_ns: now,
            fields: vec![
                Tag::text("b", "2"),
                Tag::text("event", "e"),
                Tag::text("a", "1"),
            ],
        }],
        process: Arc::new(process),
        tags,
        ..span(trace, 1, "", "")
    }
}

/// A trace with what the adjusters look for.
fn odd(now: i64) -> Vec<Span> {
    let new = |id, parent, kind: &str, shift: i64, host: &str| {
        odd_span(now, id, parent, kind, shift, host)
    };
    vec![
        new(1, 0, "server", 0, "10.0.0.1"),
        new(20, 1, "client", 1_000_000, "10.0.0.1"),
        // Zipkin's way: the same id on both sides.
        new(20, 1, "server", -300_000_000, "10.0.0.2"),
        new(30, 20, "internal", -290_000_000, "10.0.0.2"),
        new(40, 99, "", 0, "10.0.0.3"),
        new(50, 1, "", 700_000_000, "10.0.0.4"),
        new(60, 1, "", -123_456_000, ""),
        new(70, 1, "", 1_000, "10.0.0.1"),
    ]
}

/// A span that, sent twice, is one here, as in later Jaegers, and two there.
fn another_of_the_same_id(now: i64) -> Span {
    odd_span(now, 70, 1, "client", 1_000, "10.0.0.1")
}

fn odd_span(now: i64, id: u64, parent: u64, kind: &str, shift: i64, host: &str) -> Span {
    let mut span = span(0x5, id, "odd", "op");
    span.start_ns = now + shift;
    span.duration_ns = 1_000_000_000 - shift.abs() / 2 / 1_000 * 1_000;
    span.tags = vec![Tag::text("span.kind", kind)];
    if parent != 0 {
        span.references.push(SpanRef {
            kind: RefKind::ChildOf,
            trace_id: TraceId(0x5),
            span_id: SpanId(parent),
        });
    }
    let tags = vec![Tag::text("ip", host)];
    span.process = Arc::new(Process {
        service: "odd".into(),
        tags,
    });
    span
}

/// Three services that call each other.
fn calls(now: i64) -> Vec<Span> {
    let new = |id, parent, service: &str| {
        let mut span = span(0x6, id, service, &format!("op-{id}"));
        span.start_ns = now + id as i64 * 1_000;
        if parent != 0 {
            span.references.push(SpanRef {
                kind: RefKind::ChildOf,
                trace_id: TraceId(0x6),
                span_id: SpanId(parent),
            });
        }
        span
    };
    vec![
        new(1, 0, "a"),
        new(2, 1, "a"),
        new(3, 2, "b"),
        new(4, 2, "b"),
        new(5, 3, "c"),
        new(6, 77, "c"),
    ]
}

fn paths(now: i64) -> Vec<String> {
    let now = now / 1_000;
    let mut paths: Vec<String> = [
        // Its memory storage changes the ids of the stored spans when it is asked for the
        // dependencies.
        "/api/traces/1?raw=true",
        "/api/traces/2?raw=1",
        "/api/traces/3?raw=t",
        "/api/traces/5?raw=True",
        "/api/traces/5?raw=yes",
        "/api/traces/6?raw=true&prettyPrint=true",
        "/api/traces/7?raw=true",
        "/api/traces?traceID=6&raw=true",
        "/api/traces/8",
        "/api/services/my+svc/operations",
        "/api/services/my%20svc/operations",
        "/api/services/my%2Bsvc/operations",
        "/api/services/%ff/operations",
        "/api/metrics/latencies?service=a&quantile=0.95",
        "/api/metrics/calls?service=a&groupByOperation=true",
        "/api/metrics/errors?service=a&endTs=1&lookback=1&step=1&ratePer=1",
        "/api/metrics/minstep",
        "/api/services",
        "/api/services/none/operations",
        "/api/services/odd/operations",
        "/api/operations?service=odd",
        "/api/operations?service=odd&spanKind=client",
        "/api/operations?service=odd&spanKind=unspecified",
        "/api/operations?service=none",
        "/api/operations",
        "/api/dependencies",
        "/api/dependencies?service=c",
        "/api/dependencies?endTs=1",
        "/api/dependencies?endTs=x",
        "/api/dependencies?lookback=x",
        "/api/traces/1",
        "/api/traces/0000000000000000000000000000001",
        "/api/traces/2",
        "/api/traces/3",
        "/api/traces/10000000000000000000000004",
        "/api/traces/5",
        "/api/traces/6",
        "/api/traces/7",
        "/api/traces/xyz",
        "/api/traces/111111111111111111111111111111111",
        "/api/traces/x1111111111111111",
        "/api/traces?traceID=5&traceID=7&traceID=6",
        "/api/traces?traceID=x",
        "/api/traces?prettyPrint=true&traceID=6",
    ]
    .map(Into::into)
    .into();
    let searches = [
        "",
        "service=",
        "service=none",
        "service=odd",
        "service=a&operation=op-1",
        "service=a&operation=op-3",
        "service=s-1&tag=int:-7",
        "service=s-1&tag=int:7",
        "service=s-1&tag=large:9223372036854775807",
        "service=s-1&tag=float:0.3333333333",
        "service=s-1&tag=whole:3",
        "service=s-1&tag=small:1e-09",
        "service=s-1&tag=bool:true",
        "service=s-1&tag=binary:0001feff",
        "service=s-1&tag=double:1",
        "service=s-1&tag=double:1&tag=double:3",
        "service=s-1&tag=event:e",
        "service=s-1&tag=z:1",
        "service=s-1&tag=internal.span.format:proto",
        "service=s-3&tag=internal.span.format:jaeger",
        "service=s-3&tag=",
        "service=s-3&tag=k",
        "service=s-1&tags=%7B%22int%22%3A%22-7%22%7D",
        "service=s-1&tags=null",
        "service=grpc&minDuration=1s",
        "service=grpc&minDuration=1000000999ns",
        "service=grpc&minDuration=1000001us",
        "service=grpc&maxDuration=1000001us",
        "service=grpc&maxDuration=1s",
        "service=grpc&minDuration=2s&maxDuration=1s",
        "service=grpc&minDuration=1",
        "service=grpc&minDuration=1x",
        "service=grpc&maxDuration=x",
        "service=grpc&limit=0",
        "service=grpc&limit=-1",
        "service=grpc&limit=x",
        "service=grpc&limit=99999999999",
        "service=grpc&limit=99999999999999999999",
        "service=grpc&start=x",
        "service=grpc&end=1.5",
        "service=grpc&start=99999999999999999999",
        "service=grpc&lookback=5",
    ];
    paths.extend(searches.map(|query| format!("/api/traces?{query}")));
    for (start, end) in [(now, now), (now + 1, now + 2), (now - 1, now - 1)] {
        paths.push(format!("/api/traces?service=grpc&start={start}&end={end}"));
        paths.push(format!("/api/traces?service=s-1&start={start}&end={end}"));
    }
    paths
}

/// The answer with what is left to chance put in order.
async fn ask(to: &impl Target, path: &str) -> (u16, Value) {
    let (status, mut json) = support::get(to, path).await;
    if let Some(list) = json["data"].as_array_mut() {
        list.iter_mut()
            .filter(|item| item["spans"].is_array())
            .for_each(normalise);
        list.sort_by_key(Value::to_string);
    }
    (status, json)
}

fn normalise(trace: &mut Value) {
    let processes = trace["processes"].take();
    let spans = trace["spans"].as_array_mut().unwrap();
    for span in spans.iter_mut() {
        // The numbers of the processes depend on the order of the spans.
        span["processID"] = processes[span["processID"].as_str().unwrap()].clone();
        let tags = span["tags"].as_array_mut().unwrap();
        tags.retain(|tag| tag["key"] != "internal.span.receiver");
    }
    spans.sort_by_key(|span| {
        (
            span["spanID"].to_string(),
            span["tags"].to_string(),
            span["warnings"].to_string(),
        )
    });
}
