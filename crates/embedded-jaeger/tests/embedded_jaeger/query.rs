//! The query service's API: each parameter, each shape, each error.

use std::sync::Arc;

use embedded_jaeger::{
    Jaeger,
    model::{Log, Process, RefKind, Span, SpanId, SpanRef, Tag, TraceId, Value as TagValue},
};
use serde_json::{Value, json};

use crate::support::{get, jaeger, span, store};

/// A second, in nanoseconds, on the clock of these tests.
const SECOND: i64 = 1_000_000_000;

fn at(mut span: Span, start: i64, duration: i64) -> Span {
    span.start_ns = start;
    span.duration_ns = duration;
    span
}

fn child(trace: u128, id: u64, parent: u64, service: &str, kind: &str) -> Span {
    let mut span = span(trace, id, service, &format!("{service}-op"));
    span.tags = vec![Tag::text("span.kind", kind)];
    if parent != 0 {
        let reference = SpanRef {
            kind: RefKind::ChildOf,
            trace_id: TraceId(trace),
            span_id: SpanId(parent),
        };
        span.references.push(reference);
    }
    span
}

/// The ids of the traces a search finds.
async fn search(jaeger: &Jaeger, query: &str) -> Vec<String> {
    let (status, json) = get(jaeger, &format!("/api/traces?{query}")).await;
    assert_eq!(status, 200, "{json}");
    let traces = json["data"].as_array().unwrap();
    traces
        .iter()
        .map(|trace| {
            trace["traceID"]
                .as_str()
                .unwrap()
                .trim_start_matches('0')
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn services_and_operations_are_listed() {
    let jaeger = jaeger(16).await;
    let empty = json!({"data": null, "total": 0, "limit": 0, "offset": 0, "errors": null});
    assert_eq!(get(&jaeger, "/api/services").await, (200, empty.clone()));
    assert_eq!(
        get(&jaeger, "/api/services/none/operations").await,
        (200, empty)
    );
    assert_eq!(
        get(&jaeger, "/api/operations?service=none").await.1["data"],
        json!([])
    );

    let service = "a/b c";
    store(
        &jaeger,
        &[
            child(1, 1, 0, service, "client"),
            child(1, 2, 1, service, "server"),
            child(1, 3, 1, "z", "odd"),
        ],
    )
    .await;
    let (_, services) = get(&jaeger, "/api/services").await;
    assert_eq!(
        (&services["data"], &services["total"]),
        (&json!(["a/b c", "z"]), &json!(2))
    );
    let (_, names) = get(&jaeger, "/api/services/a%2Fb%20c/operations").await;
    assert_eq!(
        (&names["data"], &names["total"]),
        (&json!(["a/b c-op"]), &json!(1))
    );
    let (_, all) = get(&jaeger, "/api/operations?service=a%2Fb+c").await;
    assert_eq!(
        all["data"],
        json!([{"name": "a/b c-op", "spanKind": "client"}, {"name": "a/b c-op", "spanKind": "server"}])
    );
    let (_, servers) = get(&jaeger, "/api/operations?service=a%2Fb+c&spanKind=server").await;
    assert_eq!(
        servers["data"],
        json!([{"name": "a/b c-op", "spanKind": "server"}])
    );
    let (_, odd) = get(&jaeger, "/api/operations?service=z").await;
    assert_eq!(
        odd["data"],
        json!([{"name": "z-op", "spanKind": "unspecified"}])
    );
}

#[tokio::test]
async fn a_search_looks_at_every_parameter() {
    let jaeger = jaeger(16).await;
    let mut first = at(span(0x1, 1, "a", "GET /"), SECOND, SECOND);
    first.tags.push(Tag {
        key: "n".into(),
        value: TagValue::Int64(7),
    });
    first.tags.push(Tag {
        key: "f".into(),
        value: TagValue::Float64(1.5),
    });
    first.tags.push(Tag {
        key: "ok".into(),
        value: TagValue::Bool(true),
    });
    first.tags.push(Tag {
        key: "bin".into(),
        value: TagValue::Binary([10, 255].into()),
    });
    first.logs.push(Log {
        timestamp_ns: SECOND,
        fields: vec![Tag::text("event", "a:b")],
    });
    let second = at(span(0x2, 1, "a", "GET /x"), 2 * SECOND, SECOND / 10);
    let third = at(span(0x3, 1, "b", "GET /"), 3 * SECOND, SECOND);
    store(&jaeger, &[first, second, third]).await;

    let range = "start=1&end=9000000";
    for (query, found) in [
        ("service=a", &["1", "2"][..]),
        ("service=b", &["3"]),
        ("service=none", &[]),
        ("service=a&operation=GET%20/x", &["2"]),
        ("service=a&operation=GET", &[]),
        ("service=a&limit=1", &["2"]),
        ("service=a&limit=0", &["1", "2"]),
        ("service=a&lookback=1h", &["1", "2"]),
        ("service=a&minDuration=500ms", &["1"]),
        ("service=a&minDuration=1s", &["1"]),
        ("service=a&maxDuration=0.1s", &["2"]),
        ("service=a&minDuration=101ms&maxDuration=999ms", &[]),
        ("service=a&tag=n:7", &["1"]),
        (
            "service=a&tag=n:7&tag=f:1.5&tag=ok:true&tag=bin:0aff",
            &["1"],
        ),
        ("service=a&tag=n:7&tag=f:1.6", &[]),
        ("service=a&tag=event:a:b", &["1"]),
        ("service=a&tag=host:h", &["1", "2"]),
        ("service=a&tag=internal.span.receiver:http", &["1", "2"]),
        (r#"service=a&tags={"n":"7","span.kind":"server"}"#, &["1"]),
        ("traceID=3&traceID=1", &["3", "1"]),
    ] {
        assert_eq!(
            search(&jaeger, &format!("{query}&{range}")).await,
            found,
            "{query}"
        );
    }
    assert_eq!(
        search(&jaeger, "service=a&start=1000000&end=1999999").await,
        ["1"]
    );
    assert_eq!(
        search(&jaeger, "service=a&start=1000001&end=2000000").await,
        ["2"]
    );
    // Without a start it is two days back, and these are of 1970.
    assert_eq!(search(&jaeger, "service=a").await, [""; 0]);
}

#[tokio::test]
async fn errors_are_in_the_envelope() {
    let jaeger = jaeger(16).await;
    let long_id = "1".repeat(33);
    for (path, status, message) in [
        ("/api/traces", 400, "parameter 'service' is required"),
        ("/api/operations", 400, "parameter 'service' is required"),
        (
            "/api/traces?service=a&limit=x",
            400,
            r#"strconv.ParseInt: parsing "x": invalid syntax"#,
        ),
        (
            "/api/dependencies?endTs=x",
            400,
            r#"unable to parse param 'endTs': strconv.ParseInt: parsing "x": invalid syntax"#,
        ),
        (
            "/api/traces/xyz",
            400,
            r#"strconv.ParseUint: parsing "xyz": invalid syntax"#,
        ),
        (
            &format!("/api/traces/{long_id}"),
            400,
            &format!("TraceID cannot be longer than 32 hex characters: {long_id}"),
        ),
        ("/api/traces/1", 404, "trace not found"),
        (
            "/api/traces/%ff",
            400,
            "Invalid URL: Invalid UTF-8 in `trace_id`",
        ),
        ("/api/nothing", 404, "not found"),
    ] {
        let errors = json!([{"code": status, "msg": message}]);
        let expected = json!({"data": null, "total": 0, "limit": 0, "offset": 0, "errors": errors});
        assert_eq!(get(&jaeger, path).await, (status, expected), "{path}");
    }
    let (status, json) = get(&jaeger, "/api/traces?traceID=2").await;
    let errors = json!([{"msg": "trace not found", "traceID": "0000000000000002"}]);
    assert_eq!(
        (status, &json["data"], &json["errors"]),
        (200, &json!([]), &errors)
    );
}

#[tokio::test]
async fn a_trace_is_shown_in_jaegers_shape() {
    let jaeger = jaeger(16).await;
    let trace = 1 << 64 | 2;
    let parent = at(span(trace, 1, "s", "parent"), SECOND, SECOND);
    let mut child = at(child(trace, 2, 1, "s", "internal"), SECOND + 1_000, 2_000);
    let tag = |key: &str, value| Tag {
        key: key.into(),
        value,
    };
    child.flags = 0;
    child.tags = vec![
        tag("large", TagValue::Int64(1 << 53)),
        tag("safe", TagValue::Int64((1 << 53) - 1)),
        tag("whole", TagValue::Float64(2.0)),
        tag("half", TagValue::Float64(0.5)),
        tag("nan", TagValue::Float64(f64::NAN)),
        tag("yes", TagValue::Bool(true)),
        tag("binary", TagValue::Binary([1, 2, 3].into())),
        tag("text", TagValue::String("\u{e4}\"<".into())),
        tag("telemetry.sdk.language", TagValue::String("rust".into())),
    ];
    child.logs = vec![Log {
        timestamp_ns: 5_000,
        fields: vec![Tag::text("a", "b"), Tag::text("event", "e")],
    }];
    child.process = Arc::new(Process {
        service: "s".into(),
        tags: vec![Tag::text("host", "h")],
    });
    store(&jaeger, &[parent, child]).await;

    let (_, json) = get(&jaeger, "/api/traces/10000000000000002").await;
    let text = |key: &str, value: &str| json!({"key": key, "type": "string", "value": value});
    let id = "00000000000000010000000000000002";
    let expected = json!({
        "traceID": id,
        "spans": [
            {
                "traceID": id, "spanID": "0000000000000001", "flags": 1, "operationName": "parent", "references": [],
                "startTime": 1_000_000, "duration": 1_000_000,
                "tags": [
                    text("internal.span.format", "jaeger"),
                    text("internal.span.receiver", "http"),
                    text("span.kind", "server"),
                ],
                "logs": [], "processID": "p1", "warnings": null,
            },
            {
                "traceID": id, "spanID": "0000000000000002", "operationName": "s-op",
                "references": [{"refType": "CHILD_OF", "traceID": id, "spanID": "0000000000000001"}],
                "startTime": 1_000_001, "duration": 2,
                "tags": [
                    {"key": "binary", "type": "binary", "value": "AQID"},
                    {"key": "half", "type": "float64", "value": 0.5},
                    text("internal.span.format", "jaeger"),
                    text("internal.span.receiver", "http"),
                    {"key": "large", "type": "int64", "value": "9007199254740992"},
                    {"key": "nan", "type": "float64", "value": "NaN"},
                    {"key": "safe", "type": "int64", "value": 9007199254740991_i64},
                    text("text", "\u{e4}\"<"),
                    {"key": "whole", "type": "float64", "value": 2},
                    {"key": "yes", "type": "bool", "value": true},
                ],
                "logs": [{"timestamp": 5, "fields": [text("event", "e"), text("a", "b")]}],
                "processID": "p2", "warnings": null,
            },
        ],
        "processes": {
            "p1": {"serviceName": "s", "tags": [text("host", "h")]},
            "p2": {"serviceName": "s", "tags": [text("host", "h"), text("telemetry.sdk.language", "rust")]},
        },
        "warnings": null,
    });
    assert_eq!(
        json,
        json!({"data": [expected], "total": 0, "limit": 0, "offset": 0, "errors": null})
    );
}

#[tokio::test]
async fn pretty_is_indented_and_the_home_page_is_text() {
    let jaeger = jaeger(16).await;
    store(&jaeger, &[span(1, 1, "s", "op")]).await;
    let text = async |path: &str| {
        let url = format!("http://{}{path}", jaeger.addresses().query);
        reqwest::get(url).await.unwrap().text().await.unwrap()
    };
    assert!(
        text("/api/traces/1?prettyPrint=true")
            .await
            .starts_with("{\n    \"data\": [\n        {\n")
    );
    assert!(
        text("/api/services?prettyPrint=1")
            .await
            .starts_with("{\n    \"data\": [\n")
    );
    assert!(
        text("/api/services?prettyPrint=false")
            .await
            .starts_with("{\"data\":")
    );
}

#[tokio::test]
async fn dependencies_are_counted_live() {
    let jaeger = jaeger(16).await;
    assert_eq!(get(&jaeger, "/api/dependencies").await.1["data"], json!([]));
    for trace in 1..=3 {
        let spans = [
            child(trace, 1, 0, "a", "server"),
            child(trace, 2, 1, "a", "client"),
            child(trace, 3, 2, "b", "server"),
            child(trace, 4, 1, "c", "server"),
            child(trace, 5, 99, "lost", "server"),
        ];
        store(&jaeger, &spans).await;
    }
    let line = |parent, child| json!({"parent": parent, "child": child, "callCount": 3});
    let data = async |query: &str| {
        get(&jaeger, &format!("/api/dependencies{query}")).await.1["data"].clone()
    };
    assert_eq!(data("").await, json!([line("a", "b"), line("a", "c")]));
    assert_eq!(
        data("?lookback=60000&service=c").await,
        json!([line("a", "c")])
    );
    assert_eq!(data("?endTs=1000").await, Value::Array(vec![]));
}

#[tokio::test]
async fn an_answer_larger_than_a_piece_arrives_whole() {
    let jaeger = jaeger(64).await;
    let spans: Vec<_> = (1..=3_000).map(|id| span(1, id, "s", "op")).collect();
    store(&jaeger, &spans).await;
    let (_, json) = get(&jaeger, "/api/traces?service=s").await;
    assert_eq!(json["data"][0]["spans"].as_array().unwrap().len(), 3_000);
}
