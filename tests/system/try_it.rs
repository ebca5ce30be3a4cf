//! The demo's additions to Jaeger's page: requests to try, and the log lines of the services.

use embedded_jaeger::{Addresses, TraceId};
use reqwest::Client;
use serde_json::Value;

use crate::support::{
    demo::Demo,
    jaeger_process::{JaegerProcess, count_spans},
};

fn jaeger(demo: &Demo) -> JaegerProcess {
    let query = demo.jaeger.trim_start_matches("http://").parse().unwrap();
    JaegerProcess::at(&Addresses {
        compact: query,
        binary: query,
        http: query,
        grpc: query,
        query,
    })
}

/// Status and JSON of what the page does for a click on the button `name`.
async fn press(demo: &Demo, name: &str, header: Option<(&str, &str)>) -> (u16, Value) {
    let mut url: reqwest::Url = format!("{}/page/try", demo.jaeger).parse().unwrap();
    url.query_pairs_mut().append_pair("name", name);
    let mut request = Client::new().post(url);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn one_click_on_chain_makes_a_trace_with_the_lines_of_three_services() {
    for format in ["text", "json"] {
        let demo = Demo::start_with(&[], &[("LOG_FORMAT", format)]);
        let (status, mut answer) = press(&demo, "/chain", None).await;
        let data = &mut answer["data"];
        assert_eq!((status, &data["status"]), (200, &200.into()), "{data}");
        let id = data["traceID"].take();
        let id = id.as_str().unwrap();
        let jaeger = jaeger(&demo);
        let path = format!("/api/traces?traceID={id}");
        let complete = |data: &Value| count_spans(data) == 8;
        let trace = jaeger.wait_for(&path, complete).await.to_string();
        // The page is no part of the trace: its root has no parent, which Jaeger would warn of.
        assert!(!trace.contains("invalid parent"), "{trace}");

        for (service, last) in [
            ("app-a", "GET /chain "),
            ("app-b", "GET /io_task "),
            ("app-c", "GET /cpu_task "),
        ] {
            let path = format!("/page/logs?trace={id}&service={service}");
            let says = |data: &Value| data["lines"].to_string().contains(last);
            let found = jaeger.wait_for(&path, says).await;
            let line = found["lines"].as_array().unwrap().last().unwrap();
            assert_eq!(line["level"], "INFO");
            assert_eq!(line["traceID"], id);
            let span = line["spanID"].as_str().unwrap();
            assert!(trace.contains(span), "{span} in {trace}");
            for line in found["lines"].as_array().unwrap() {
                assert_is_what_was_written(&demo, line);
            }
        }
    }
}

/// The service wrote the line that the page shows, with this time, level, target, ids and message.
fn assert_is_what_was_written(demo: &Demo, line: &Value) {
    let text = |key: &str| line[key].as_str().unwrap();
    let time = jiff::Timestamp::from_microsecond(line["time"].as_i64().unwrap()).unwrap();
    let time = time.strftime("%Y-%m-%d %H:%M:%S,%3f").to_string();
    let [service, level, target, message] = ["service", "level", "target", "message"].map(text);
    let [trace_id, span_id] = ["traceID", "spanID"].map(text);
    let is_it = |written: &str| {
        let written = written.strip_prefix(&format!("{service} | "))?;
        let Ok(json) = serde_json::from_str::<Value>(written) else {
            let head = format!("{time} {level} [{target}] [");
            let tail = format!(
                "[trace_id={trace_id} span_id={span_id} resource.service.name={service}] - {message}"
            );
            return (written.starts_with(&head) && written.ends_with(&tail)).then_some(());
        };
        let keys = ["timestamp", "level", "target", "trace_id", "span_id"];
        let head = keys.map(|key| json[key].as_str());
        let same_head = head == [&time, level, target, trace_id, span_id].map(Some);
        let same_message = message.starts_with(json["message"].as_str()?);
        (same_head && same_message).then_some(())
    };
    demo.process.wait_for(message, is_it);
}

#[tokio::test]
async fn every_button_leads_to_a_trace_whatever_its_status() {
    let demo = Demo::start(&[]);
    let names = [
        "/",
        "/items/5?q=x",
        "/io_task",
        "/cpu_task",
        "/random_status",
        "/random_sleep",
        "/error_test",
        "/chain",
    ];
    let answers = names.map(|name| press(&demo, name, None));
    let answers = futures_util::future::join_all(answers).await;
    for (name, (status, answer)) in names.iter().zip(answers) {
        assert_eq!(status, 200, "{name}: {answer}");
        let trace = answer["data"]["traceID"].as_str().unwrap();
        assert!(trace.parse::<TraceId>().is_ok(), "{trace}");
        if *name == "/error_test" {
            assert_eq!(answer["data"]["status"], 500);
        }
    }
}

#[tokio::test]
async fn only_the_page_may_ask_and_only_for_what_it_has_buttons_for() {
    let demo = Demo::start(&[]);
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://elsewhere.example"),
        ("origin", "null"),
    ] {
        let (status, answer) = press(&demo, "/", Some(header)).await;
        assert_eq!(status, 403, "{header:?} {answer}");
    }
    for header in [
        ("sec-fetch-site", "same-origin"),
        ("origin", demo.jaeger.as_str()),
    ] {
        assert_eq!(press(&demo, "/", Some(header)).await.0, 200);
    }
    for name in ["", "chain", "http://127.0.0.1/", "/%2e%2e", "//x"] {
        let (status, answer) = press(&demo, name, None).await;
        assert_eq!(status, 400, "{name}");
        let message = answer["errors"][0]["msg"].as_str().unwrap();
        let expected = format!("name={name:?} is invalid: expected one of /chain / /items/5?q=x ");
        assert!(message.starts_with(&expected), "{message}");
    }
    let url = format!("{}/page/try?name=/", demo.jaeger);
    assert_eq!(reqwest::get(url).await.unwrap().status(), 405);
}
