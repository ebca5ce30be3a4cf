//! Log lines and buttons, which the embedding program adds to the page.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use embedded_jaeger::{Button, Jaeger, LogLine, Logs, Pressed, Settings};
use serde_json::{Value, json};
use tracing::Level;

use super::support::{get, jaeger, live, settings, span, store};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn line(service: &str, trace: &str, message: &str) -> LogLine {
    let mut line = LogLine::new(service, message);
    line.time = UNIX_EPOCH + Duration::from_millis(1_795_381_200_123);
    line.level = Some(Level::WARN);
    line.trace_id = trace.parse().ok();
    line.span_id = "b7ad6b7169203331".parse().ok();
    line.target = Some("shop::cart".to_owned());
    line
}

async fn with_logs() -> (Jaeger, Arc<Logs>) {
    let logs = Arc::new(Logs::new(1024 * 1024));
    let mut settings = settings(16);
    settings.logs = Some(Arc::clone(&logs));
    (Jaeger::start(&settings).await.unwrap(), logs)
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
    logs.push(line("app-b", TRACE, "first"));
    logs.push(line("app-a", TRACE, "Second <b> å"));
    logs.push(line("app-a", "0", "third"));
    let (status, answer) = get(&jaeger, &format!("/page/logs?trace={TRACE}")).await;
    assert_eq!((status, &answer["data"]["more"]), (200, &false.into()));
    assert_eq!(messages(&answer), ["first", "Second <b> å"]);
    let expected = json!({
        "number": 0, "time": 1_795_381_200_123_000_i64, "service": "app-b", "level": "WARN",
        "traceID": TRACE, "spanID": "b7ad6b7169203331", "target": "shop::cart", "message": "first",
    });
    assert_eq!(answer["data"]["lines"][0], expected);

    let (_, answer) = get(
        &jaeger,
        "/page/logs?service=app-a&text=SECOND%20%3Cb%3E&trace=&limit=",
    )
    .await;
    assert_eq!(messages(&answer), ["Second <b> å"]);
    assert_eq!(answer["data"]["services"], json!(["app-a", "app-b"]));
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
            r#"trace="x" is invalid: expected a trace id of 1 to 32 hexadecimal digits"#,
        ),
        ("trace=0", "trace="),
        ("limit=0", r#"limit="0" is invalid: expected 1 to 1000"#),
        ("limit=1001", "limit="),
        ("limit=-1", "limit="),
        ("limit=99999999999999999999999", "limit="),
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
    logs.push(line("app-a", "b", "of another"));
    let event = all.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: lines\ndata: lines\n\n");
    logs.push(line("app-a", "a", "its own"));
    let event = own.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"event: lines\ndata: lines\n\n");
    // Had it been told of the other trace's span, that would come first, and the count below would
    // be off.
    store(&jaeger, &[span(0xb, 1, "s", "o")]).await;
    logs.push(line("app-a", "a", "one more"));
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

async fn with_buttons(buttons: Vec<Button>) -> Jaeger {
    let mut settings = Settings::on_free_ports();
    settings.buttons = buttons;
    Jaeger::start(&settings).await.unwrap()
}

/// Status and JSON of what the page's script gets when the button `name` is pressed.
async fn press(jaeger: &Jaeger, name: &str) -> (u16, Value) {
    let url = format!("{}/page/try?name={name}", jaeger.query_url());
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_button_runs_its_action_and_answers_with_the_trace() {
    let made = |trace_id| async move { Ok(Pressed::new(201, trace_id)) };
    let jaeger = with_buttons(vec![
        Button::new("traced", move || made(TRACE.parse().ok())),
        Button::new("untraced", move || made(None)),
        Button::new("broken", || async { Err("no luck".into()) }),
        Button::new("panics", || async { panic!("no luck") }),
    ])
    .await;
    let (status, answer) = press(&jaeger, "traced").await;
    assert_eq!(status, 200);
    assert_eq!(answer["data"], json!({"status": 201, "traceID": TRACE}));
    let (_, answer) = press(&jaeger, "untraced").await;
    assert_eq!(answer["data"], json!({"status": 201, "traceID": null}));
    let (status, answer) = press(&jaeger, "broken").await;
    assert_eq!(status, 502);
    assert_eq!(answer["errors"][0]["msg"], "no luck");
    let (status, answer) = press(&jaeger, "panics").await;
    assert_eq!(status, 500);
    assert_eq!(answer["errors"][0]["msg"], "the action panicked");
    let (status, answer) = press(&jaeger, "other").await;
    assert_eq!(status, 400);
    let expected = r#"name="other" is invalid: expected one of traced untraced broken panics"#;
    assert_eq!(answer["errors"][0]["msg"], expected);
}

#[tokio::test]
async fn more_than_eight_actions_at_once_are_refused() {
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let slow = Button::new("slow", move || {
        started.send(()).unwrap();
        std::future::pending()
    });
    let jaeger = Arc::new(with_buttons(vec![slow]).await);
    let mut presses = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let jaeger = Arc::clone(&jaeger);
        presses.spawn(async move { press(&jaeger, "slow").await });
        starts.recv().await.unwrap();
    }
    assert_eq!(press(&jaeger, "slow").await.0, 503);
}
