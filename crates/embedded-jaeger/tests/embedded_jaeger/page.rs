//! The page's files, as a browser gets them; what it does with them is in `tests/page/`.

use embedded_jaeger::{
    Jaeger,
    model::{RefKind, SpanId, SpanRef, Tag, TraceId, Value},
};
use reqwest::redirect::Policy;
use serde_json::json;

use super::support::{get, jaeger, live, settings, span, store};

#[tokio::test]
async fn each_file_comes_with_its_type_and_the_policy() {
    let jaeger = jaeger(16).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/search?service=any", "text/html"),
        ("/services?sort=p95", "text/html"),
        ("/trace/00000000000000ff?span=1", "text/html"),
        ("/page/base.css", "text/css"),
        ("/page/trace.js", "text/javascript"),
        ("/page/icon.svg", "image/svg+xml"),
    ] {
        let url = format!("http://{}{path}", jaeger.addresses().query);
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name| answer.headers()[name].to_str().unwrap();
        assert!(header("content-type").starts_with(kind), "{path}");
        assert!(
            header("content-security-policy").contains("default-src 'none'; script-src 'self';")
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn what_is_no_file_is_not_found() {
    let jaeger = jaeger(16).await;
    for path in ["/page/", "/page/mod.rs", "/page/../Cargo.toml", "/trace"] {
        let url = format!("http://{}{path}", jaeger.addresses().query);
        assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn everything_is_under_the_base_path_and_what_has_a_slash_too_many_leads_on() {
    let mut settings = settings(16);
    settings.base_path = "/tools/jaeger".parse().unwrap();
    let jaeger = Jaeger::start(&settings).await.unwrap();
    let host = format!("http://{}", jaeger.addresses().query);
    assert_eq!(jaeger.query_url(), format!("{host}/tools/jaeger"));
    let http = reqwest::Client::builder().redirect(Policy::none());
    let http = http.build().unwrap();
    for (path, status, location) in [
        ("/tools/jaeger/", 200, None),
        ("/tools/jaeger/search", 200, None),
        ("/tools/jaeger/trace/a", 200, None),
        ("/tools/jaeger/page/base.css", 200, None),
        ("/tools/jaeger/page/live", 200, None),
        ("/tools/jaeger/api/services", 200, None),
        ("/tools/jaeger/metrics", 200, None),
        ("/tools/jaeger", 307, Some("jaeger/")),
        ("/tools/jaeger?a=b", 307, Some("jaeger/?a=b")),
        ("/tools/jaeger/search/?a=b", 307, Some("../search?a=b")),
        ("/tools/jaeger/trace/a/", 307, Some("../a")),
        (
            "/tools/jaeger/trace/%2F%2Fevil/",
            307,
            Some("../%2F%2Fevil"),
        ),
        ("/tools/jaeger/nothing", 404, None),
        ("/", 404, None),
        ("/tools/", 404, None),
        ("/tools/jaegers", 404, None),
        ("/search", 404, None),
        ("/api/services", 404, None),
    ] {
        let answer = http.get(format!("{host}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let headers = answer.headers();
        let found = headers.get("location").map(|it| it.to_str().unwrap());
        assert_eq!(found, location, "{path}");
    }
    let elsewhere = reqwest::get(&host).await.unwrap().text().await.unwrap();
    assert_eq!(elsewhere, "not found: everything is under /tools/jaeger/\n");
}

#[tokio::test]
async fn messages_come_through_proxies_from_the_first_one_on() {
    let jaeger = jaeger(16).await;
    store(&jaeger, &[span(1, 1, "s", "o"), span(1, 2, "s", "o")]).await;
    for (query, spans) in [
        ("", 0),
        ("?trace=1", 2),
        ("?trace=2", 0),
        ("?service=s&limit=20", 0),
    ] {
        let url = format!("http://{}/page/live{query}", jaeger.addresses().query);
        let request = reqwest::Client::new().get(url);
        let request = request.header("accept-encoding", "gzip");
        let mut events = request.send().await.unwrap();
        let header = |name| events.headers()[name].to_str().unwrap();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store, no-transform");
        assert_eq!(header("x-accel-buffering"), "no");
        assert!(!events.headers().contains_key("content-encoding"));
        // At once, without any news.
        let first = events.chunk().await.unwrap().unwrap();
        let expected = format!(": ready\nevent: ready\ndata: {spans}\n\n");
        assert_eq!(first, expected.as_bytes(), "{query}");
    }
}

#[tokio::test]
async fn keep_alives_are_events_that_scripts_see() {
    let jaeger = jaeger(16).await;
    let mut events = live(format!("http://{}/page/live", jaeger.addresses().query)).await;
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: keep-alive\ndata: keep-alive\n\n");
}

#[tokio::test]
async fn a_page_is_told_of_spans_and_does_not_hold_up_the_end() {
    let jaeger = jaeger(16).await;
    let url = format!("http://{}/page/live", jaeger.addresses().query);
    let mut events = live(url).await;
    store(&jaeger, &[span(1, 1, "s", "o")]).await;
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"data: spans\n\n");
    jaeger.shutdown().await;
    assert_eq!(events.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_page_with_a_search_is_told_of_its_traces_alone() {
    let jaeger = jaeger(16).await;
    store(&jaeger, &[span(1, 1, "s", "o")]).await;
    let url = |query| format!("http://{}/page/live?{query}", jaeger.addresses().query);
    let mut events = live(url("service=s&operation=o")).await;
    // What does not match comes first, and again with what does.
    store(&jaeger, &[span(2, 1, "s", "other"), span(3, 1, "t", "o")]).await;
    let mut grown = span(1, 2, "t", "other");
    grown.start_ns = 1;
    store(&jaeger, &[grown, span(4, 1, "t", "o")]).await;
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: traces\ndata: 0000000000000001\n\n");
    // Of a range of time, what is in it; by ids, these.
    let mut range = live(url("service=s&start=1&end=1000")).await;
    let mut by_ids = live(url("traceID=6&traceID=5")).await;
    let mut within = span(5, 1, "s", "o");
    within.start_ns = 1_000_000;
    store(&jaeger, &[span(4, 2, "s", "o"), within]).await;
    for events in [&mut range, &mut by_ids] {
        let event = events.chunk().await.unwrap().unwrap();
        assert_eq!(event.as_ref(), b"event: traces\ndata: 0000000000000005\n\n");
    }
    let wrong = reqwest::get(url("service=s&minDuration=x")).await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn figures_are_computed_from_the_spans() {
    let jaeger = jaeger(16).await;
    let at = |lookback| format!("/page/stats?lookback={lookback}");
    let none = json!({"services": [], "calls": [], "operations": [], "leftOut": 0});
    assert_eq!(get(&jaeger, "/page/stats").await.1["data"], none);

    let mut called = span(1, 2, "bank", "pay");
    called.references.push(SpanRef {
        kind: RefKind::ChildOf,
        trace_id: TraceId(1),
        span_id: SpanId(1),
    });
    called.duration_ns = 3_000_000;
    called.tags.push(Tag {
        key: "error".into(),
        value: Value::Bool(true),
    });
    let mut old = span(2, 1, "bank", "pay");
    old.start_ns -= 10 * 60 * 1_000_000_000;
    old.duration_ns = 7_000_000;
    store(&jaeger, &[span(1, 1, "shop", "buy"), called, old]).await;

    let operation = |service, operation, requests, errors, [p50, p95, p99]: [u32; 3]| {
        json!({
            "service": service, "operation": operation, "requests": requests, "errors": errors,
            "p50": p50, "p95": p95, "p99": p99,
        })
    };
    let service =
        |name, requests, errors| json!({"name": name, "requests": requests, "errors": errors});
    let calls = json!([{"parent": "shop", "child": "bank", "calls": 1, "errors": 1}]);
    let buy = operation("shop", "buy", 1, 0, [5_000; 3]);
    assert_eq!(
        get(&jaeger, &at("5m")).await.1["data"],
        json!({
            "services": [service("bank", 1, 1), service("shop", 1, 0)],
            "calls": calls,
            "operations": [operation("bank", "pay", 1, 1, [3_000; 3]), buy],
            "leftOut": 0,
        })
    );
    assert_eq!(
        get(&jaeger, &at("1h")).await.1["data"],
        json!({
            "services": [service("bank", 2, 1), service("shop", 1, 0)],
            "calls": calls,
            "operations": [operation("bank", "pay", 2, 1, [3_000, 7_000, 7_000]), buy],
            "leftOut": 0,
        })
    );
    let (status, wrong) = get(&jaeger, &at("1y")).await;
    let message = r#"lookback="1y" is invalid: expected one of 5m, 1h, 12h, 2d, 30d"#;
    assert_eq!((status, &wrong["errors"][0]["msg"]), (400, &json!(message)));
}
