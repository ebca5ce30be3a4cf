//! What the program that Jaeger is embedded in adds to the page: log lines, and requests to try.

use std::{net::TcpListener, sync::Arc};

use embedded_jaeger::{Extras, Jaeger, Logs, Request};
use serde_json::Value;

use super::support::{get, jaeger, live, settings, span, store};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn line(trace: &str, message: &str) -> Vec<u8> {
    format!("2026-11-22 21:00:00,123 WARN [t] [f.rs:1] [trace_id={trace} span_id=b7ad6b7169203331 resource.service.name=x] - {message}").into_bytes()
}

async fn with_logs() -> (Jaeger, Arc<Logs>) {
    let logs = Arc::new(Logs::new(1024 * 1024));
    let extras = Extras {
        logs: Some(Arc::clone(&logs)),
        ..Extras::default()
    };
    let jaeger = Jaeger::start_with(&settings(16), extras).await.unwrap();
    (jaeger, logs)
}

fn messages(answer: &Value) -> Vec<&str> {
    let lines = answer["data"]["lines"].as_array().unwrap().iter();
    lines
        .map(|line| line["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lines_are_found_by_trace_service_and_text() {
    let (jaeger, logs) = with_logs().await;
    logs.push("app-b", &line(TRACE, "first"));
    logs.push("app-a", &line(TRACE, "Second <b> å"));
    logs.push("app-a", &line("0", "third"));
    let (status, answer) = get(&jaeger, &format!("/page/logs?trace={TRACE}")).await;
    assert_eq!((status, &answer["data"]["more"]), (200, &false.into()));
    assert_eq!(messages(&answer), ["first", "Second <b> å"]);
    let expected = serde_json::json!({
        "number": 0, "time": 1_795_381_200_123_000_i64, "service": "app-b", "level": "WARN",
        "traceID": TRACE, "spanID": "b7ad6b7169203331", "message": "first",
    });
    assert_eq!(answer["data"]["lines"][0], expected);

    let (_, answer) = get(
        &jaeger,
        "/page/logs?service=app-a&text=SECOND%20%3Cb%3E&trace=&limit=",
    )
    .await;
    assert_eq!(messages(&answer), ["Second <b> å"]);
    assert_eq!(
        answer["data"]["services"],
        serde_json::json!(["app-a", "app-b"])
    );
    let (_, answer) = get(&jaeger, "/page/logs?limit=1").await;
    assert_eq!(messages(&answer), ["third"]);
    assert_eq!(answer["data"]["more"], true);
    assert_eq!(answer["data"]["lines"][0]["traceID"], Value::Null);
}

#[tokio::test]
async fn bad_parameters_are_named_with_what_is_allowed() {
    let (jaeger, _) = with_logs().await;
    for (query, message) in [
        (
            "trace=x",
            r#"trace is "x"; allowed is an id of 1 to 32 hexadecimal digits"#,
        ),
        ("trace=0", "trace is"),
        ("limit=0", r#"limit is "0"; allowed is 1 to 1000"#),
        ("limit=1001", "limit is"),
        ("limit=-1", "limit is"),
        ("limit=99999999999999999999999", "limit is"),
        ("text=a&text=b", "duplicate field `text`"),
    ] {
        let (status, answer) = get(&jaeger, &format!("/page/logs?{query}")).await;
        assert_eq!(status, 400, "{query}");
        let said = answer["errors"][0]["msg"].as_str().unwrap();
        assert!(
            said.contains(message) && said.lines().count() == 1,
            "{said}"
        );
    }
    let (status, _) = get(&jaeger, "/page/live?trace=x").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_page_is_told_of_lines_and_only_of_its_own_trace() {
    let (jaeger, logs) = with_logs().await;
    let url = format!("http://{}/page/live", jaeger.addresses().query);
    let mut all = live(url.clone()).await;
    let mut own = live(format!("{url}?trace=a")).await;
    logs.push("app-a", &line("b", "of another"));
    let event = all.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: lines\ndata: lines\n\n");
    logs.push("app-a", &line("a", "its own"));
    let event = own.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: lines\ndata: lines\n\n");
    // Had it been told of the other trace's span, that would come first, and the count below would
    // be off.
    store(&jaeger, &[span(0xb, 1, "s", "o")]).await;
    logs.push("app-a", &line("a", "one more"));
    let event = own.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: lines\ndata: lines\n\n");
    store(&jaeger, &[span(0xa, 1, "s", "o")]).await;
    let event = own.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"data: spans\n\n");
    jaeger.shutdown().await;
    assert_eq!(own.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn alone_it_has_no_place_for_either() {
    let jaeger = jaeger(16).await;
    let at = |path: &str| format!("http://{}{path}", jaeger.addresses().query);
    for path in ["/logs", "/page/logs", "/page/logs.js", "/page/try"] {
        assert_eq!(
            reqwest::get(at(path)).await.unwrap().status(),
            404,
            "{path}"
        );
    }
    let html = reqwest::get(at("/")).await.unwrap().text().await.unwrap();
    assert!(html.contains("<header data-requests=\"[]\">"), "{html}");
    assert!(!html.contains("/logs"), "{html}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let request = Request {
        label: "/x".into(),
        url: format!("http://{address}/x"),
    };
    let extras = Extras {
        requests: vec![request],
        ..Extras::default()
    };
    let jaeger = Jaeger::start_with(&settings(16), extras).await.unwrap();
    let url = format!("http://{}/page/try?name=/x", jaeger.addresses().query);
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    assert_eq!(answer.status(), 502);
    let answer: Value = answer.json().await.unwrap();
    let expected = format!("no answer from http://{address}/x: does the service run?");
    assert_eq!(answer["errors"][0]["msg"], expected.as_str());
}
