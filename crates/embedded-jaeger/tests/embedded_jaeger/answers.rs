//! Properties of all answers: they are compressed for clients that ask for it, have a head without
//! a body, and show equal spans once.

use std::{io::Read, sync::Arc};

use embedded_jaeger::{
    Button, Jaeger, Logs,
    model::{RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value as TagValue},
};
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{get, grpc, jaeger, request, settings, span, store};

/// The paths of all kinds of answers, of which none depends on time.
const PATHS: [&str; 11] = [
    "/api/services",
    "/api/services/s/operations",
    "/api/operations?service=s",
    "/api/traces?service=s",
    "/api/traces/1",
    "/api/traces/2",
    "/api/dependencies",
    "/api/metrics/calls?service=s",
    "/page/stats",
    "/page/trace.js",
    "/search",
];

async fn ask(jaeger: &Jaeger, method: Method, path: &str, accept: &str) -> reqwest::Response {
    let url = format!("http://{}{path}", jaeger.addresses().query);
    let request = reqwest::Client::new().request(method, url);
    let request = request.header("accept-encoding", accept);
    request.send().await.unwrap()
}

fn child_of(parent: u64) -> SpanRef {
    SpanRef {
        kind: RefKind::ChildOf,
        trace_id: TraceId(1),
        span_id: SpanId(parent),
    }
}

#[tokio::test]
async fn they_are_gzipped_for_those_who_accept_it() {
    let jaeger = jaeger(16).await;
    let spans: Vec<_> = (1..=500).map(|id| span(1, id, "s", "op")).collect();
    store(&jaeger, &spans).await;
    for path in PATHS {
        let plain = ask(&jaeger, Method::GET, path, "identity").await;
        assert_eq!(plain.headers().get("content-encoding"), None, "{path}");
        let status = plain.status();
        let plain = plain.bytes().await.unwrap();
        for accept in ["gzip", "deflate, gzip;q=0.5, br"] {
            let answer = ask(&jaeger, Method::GET, path, accept).await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.headers()["content-encoding"], "gzip", "{path}");
            assert_eq!(answer.headers()["vary"], "accept-encoding", "{path}");
            let packed = answer.bytes().await.unwrap();
            let mut unpacked = Vec::new();
            GzDecoder::new(&*packed).read_to_end(&mut unpacked).unwrap();
            assert!(unpacked == plain, "{path}");
        }
        for accept in ["", "br", "gzip;q=0"] {
            let answer = ask(&jaeger, Method::GET, path, accept).await;
            assert_eq!(answer.headers().get("content-encoding"), None, "{path}");
        }
    }
    let metrics = ask(&jaeger, Method::GET, "/metrics", "gzip").await;
    assert_eq!(metrics.headers()["content-encoding"], "gzip");
}

#[tokio::test]
async fn events_are_not_compressed_since_they_would_wait_for_more() {
    let jaeger = jaeger(16).await;
    let mut events = ask(&jaeger, Method::GET, "/page/live", "gzip").await;
    assert_eq!(events.headers().get("content-encoding"), None);
    let event = events.chunk().await.unwrap().unwrap();
    assert!(event.starts_with(b": ready\n"));
    store(&jaeger, &[span(1, 1, "s", "o")]).await;
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"data: spans\n\n");
}

#[tokio::test]
async fn each_has_a_head_without_a_body() {
    let jaeger = jaeger(16).await;
    store(&jaeger, &[span(1, 1, "s", "op")]).await;
    for path in PATHS.into_iter().chain(["/metrics", "/page/live"]) {
        let head = ask(&jaeger, Method::HEAD, path, "identity").await;
        let whole = ask(&jaeger, Method::GET, path, "identity").await;
        assert_eq!(head.status(), whole.status(), "{path}");
        let kind = |answer: &reqwest::Response| answer.headers()["content-type"].clone();
        assert_eq!(kind(&head), kind(&whole), "{path}");
        assert_eq!(head.bytes().await.unwrap(), "", "{path}");
    }
}

#[tokio::test]
async fn there_is_an_archive_and_there_are_no_metrics() {
    let jaeger = jaeger(16).await;
    store(&jaeger, &[span(1, 1, "s", "op")]).await;
    let (ok, not_found) = (
        json!({"data": [], "total": 0, "limit": 0, "offset": 0, "errors": []}),
        "trace not found",
    );
    let post = async |path: &str| {
        let answer = ask(&jaeger, Method::POST, path, "identity").await;
        let status = answer.status().as_u16();
        (status, answer.json::<Value>().await.unwrap())
    };
    assert_eq!(post("/api/archive/1").await, (200, ok.clone()));
    assert_eq!(post("/api/archive/0001").await, (200, ok));
    let message = |json: Value| json["errors"][0]["msg"].as_str().unwrap().to_owned();
    let (status, answer) = post("/api/archive/2").await;
    assert_eq!((status, message(answer)), (404, not_found.into()));
    let (status, answer) = post("/api/archive/x").await;
    let why = r#"strconv.ParseUint: parsing "x": invalid syntax"#;
    assert_eq!((status, message(answer)), (400, why.into()));
    for what in [
        "latencies?service=s&quantile=0.95",
        "calls?service=s",
        "errors?service=s",
        "minstep",
    ] {
        let (status, answer) = get(&jaeger, &format!("/api/metrics/{what}")).await;
        let disabled = "metrics querying is currently disabled".to_owned();
        assert_eq!((status, message(answer)), (501, disabled), "{what}");
    }
}

#[tokio::test]
async fn a_plus_in_the_name_of_a_service_is_a_blank() {
    let jaeger = jaeger(16).await;
    store(
        &jaeger,
        &[
            span(1, 1, "my svc", "op"),
            span(2, 1, "a+b/c", "op"),
            span(3, 1, "ä", "op"),
        ],
    )
    .await;
    for (path, expected) in [
        ("my+svc", json!(["op"])),
        ("my%20svc", json!(["op"])),
        ("my%2Bsvc", Value::Null),
        ("a%2Bb%2Fc", json!(["op"])),
        ("a+b%2fc", Value::Null),
        ("%C3%A4", json!(["op"])),
        ("%ff", Value::Null),
    ] {
        let (status, answer) = get(&jaeger, &format!("/api/services/{path}/operations")).await;
        assert_eq!((status, &answer["data"]), (200, &expected), "{path}");
    }
}

#[tokio::test]
async fn a_raw_trace_is_as_it_came() {
    let jaeger = jaeger(16).await;
    let mut orphan = span(1, 3, "s", "op");
    orphan.references = vec![child_of(0x77)];
    orphan.tags = vec![
        Tag::text("z", "1"),
        Tag {
            key: "ip".into(),
            value: TagValue::Int64(0x7f00_0001),
        },
        Tag::text("a", "2"),
        Tag::text("telemetry.sdk.name", "x"),
    ];
    store(&jaeger, &[orphan.clone()]).await;
    // Of an equal process, in a message of its own.
    store(&jaeger, &[span(1, 4, "s", "op")]).await;
    let trace =
        async |raw: &str| get(&jaeger, &format!("/api/traces/1{raw}")).await.1["data"][0].clone();
    let keys = |span: &Value| -> Vec<String> {
        let tags = span["tags"].as_array().unwrap();
        tags.iter()
            .map(|tag| tag["key"].as_str().unwrap().into())
            .collect()
    };
    for raw in ["1", "t", "T", "TRUE", "true", "True"] {
        let trace = trace(&format!("?raw={raw}")).await;
        let span = &trace["spans"][0];
        assert_eq!(span["warnings"], Value::Null, "{raw}");
        let expected = [
            "z",
            "ip",
            "a",
            "telemetry.sdk.name",
            "internal.span.format",
            "internal.span.receiver",
        ];
        assert_eq!(keys(span), expected, "{raw}");
        assert_eq!(span["tags"][1]["value"], 0x7f00_0001, "{raw}");
        assert_eq!(trace["processes"].as_object().unwrap().len(), 1, "{raw}");
    }
    for adjusted in ["", "?raw=", "?raw=false", "?raw=yes", "?raw=tRUE"] {
        let trace = trace(adjusted).await;
        let warning = "invalid parent span IDs=0000000000000077; skipping clock skew adjustment";
        assert_eq!(
            trace["spans"][0]["warnings"],
            json!([warning]),
            "{adjusted}"
        );
        assert_eq!(keys(&trace["spans"][0])[0], "a", "{adjusted}");
        assert_eq!(
            trace["processes"].as_object().unwrap().len(),
            2,
            "{adjusted}"
        );
    }
}

#[tokio::test]
async fn whole_numbers_are_written_as_go_writes_them() {
    let jaeger = jaeger(16).await;
    let mut with_floats = span(1, 1, "s", "op");
    let floats = [
        1.2345678901234568e20,
        9007199254740992.0,
        1e21,
        -0.0,
        1e-7,
        0.5,
        3.0,
    ];
    with_floats.tags = floats
        .map(|value| Tag {
            key: "f".into(),
            value: TagValue::Float64(value),
        })
        .into();
    store(&jaeger, &[with_floats]).await;
    let text = ask(&jaeger, Method::GET, "/api/traces/1?raw=true", "identity").await;
    let text = text.text().await.unwrap();
    for written in [
        "123456789012345680000",
        "9007199254740992",
        "1e+21",
        "0",
        "1e-7",
        "0.5",
        "3",
    ] {
        let tag = format!(r#"{{"key":"f","type":"float64","value":{written}}}"#);
        assert!(text.contains(&tag), "{written} in {text}");
    }
}

#[tokio::test]
async fn a_span_that_came_twice_is_one_wherever_it_is_counted() {
    let jaeger = jaeger(16).await;
    let calling = span(1, 1, "a", "op");
    let called = Span {
        references: vec![child_of(1)],
        start_ns: calling.start_ns,
        ..span(1, 2, "b", "called")
    };
    let spans = [calling, called];
    // As messages of their own, and in one.
    store(&jaeger, &spans).await;
    store(&jaeger, &spans).await;
    let twice: Vec<Span> = [spans.clone(), spans.clone()].concat();
    store(&jaeger, &twice).await;

    for path in [
        "/api/traces/1",
        "/api/traces/1?raw=true",
        "/api/traces?service=a",
        "/api/traces?traceID=1",
    ] {
        let (_, json) = get(&jaeger, path).await;
        let spans = json["data"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len(), 2, "{path}");
        assert!(
            spans.iter().all(|span| span["warnings"].is_null()),
            "{path}"
        );
    }
    let (_, json) = get(&jaeger, "/api/dependencies").await;
    assert_eq!(
        json["data"],
        json!([{"parent": "a", "child": "b", "callCount": 1}])
    );
    let (_, json) = get(&jaeger, "/page/stats").await;
    assert_eq!(json["data"]["calls"][0]["calls"], 1);
    assert_eq!(json["data"]["operations"][0]["requests"], 1);

    // One that differs in anything is another, which is warned of for its id as ever.
    let mut longer = spans[1].clone();
    longer.duration_ns += 1_000;
    store(&jaeger, &[longer]).await;
    let (_, json) = get(&jaeger, "/api/traces/1").await;
    let warnings: Vec<_> = json["data"][0]["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| span["warnings"].clone())
        .collect();
    let duplicate = json!(["duplicate span IDs; skipping clock skew adjustment"]);
    assert_eq!(warnings, [Value::Null, Value::Null, duplicate]);

    // By another way it is another, too: its tags say so.
    let by_grpc = crate::support::api_v2_span(5, 1);
    for _ in 0..2 {
        grpc(&jaeger)
            .await
            .post_spans(request("g", vec![by_grpc.clone()]))
            .await
            .unwrap();
    }
    let (_, json) = get(&jaeger, "/api/traces/5").await;
    assert_eq!(json["data"][0]["spans"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_told_to_store_none() {
    let mut settings = settings(16);
    settings.logs = Some(Arc::new(Logs::new(1024)));
    settings.buttons = vec![Button::new("b", || async { Err("no luck".into()) })];
    let jaeger = Jaeger::start(&settings).await.unwrap();
    let is_file = |path: &str| path.ends_with(".js") || path == "/search";
    let data = PATHS.into_iter().filter(|path| !is_file(path));
    let others = [
        "/api/none",
        "/page/logs",
        "/page/logs?limit=x",
        "/page/stats?lookback=x",
    ];
    let gets = data.chain(others).map(|path| (Method::GET, path));
    let posts = [
        "/api/services",
        "/api/archive/1",
        "/page/try?name=b",
        "/page/try",
    ];
    for (method, path) in gets.chain(posts.map(|path| (Method::POST, path))) {
        let answer = ask(&jaeger, method, path, "identity").await;
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
    }
}
