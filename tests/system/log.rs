//! The log lines, as Promtail and people read them.

use crate::support::service::Service;
use serde_json::Value;

/// Spans are made, though there is no collector to take them.
const TRACED: [(&str, &str); 2] = [
    ("APP_NAME", "app-x"),
    ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", "127.0.0.1:1"),
];

/// The match of the regular expression `(?:trace_id)=(\w+)` in a line.
fn trace_id(line: &str) -> &str {
    let rest = line.split_once("trace_id=").unwrap().1;
    let end = rest
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap();
    &rest[..end]
}

#[tokio::test]
async fn a_text_line_has_the_form_that_grafana_expects() {
    let service = Service::start(&TRACED);
    service.get("/items/5?q=x").await;
    let line = service.process.wait_for_line("- GET /items/5");
    let (time, rest) = line.split_at("2026-11-22 21:00:00,123".len());
    assert_eq!(
        time.replace(|c: char| c.is_ascii_digit(), "0"),
        "0000-00-00 00:00:00,000"
    );
    let id = trace_id(&line);
    assert!(
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{line}"
    );
    let span_id = line
        .split_once("span_id=")
        .unwrap()
        .1
        .split(' ')
        .next()
        .unwrap();
    assert_eq!(span_id.len(), 16, "{line}");
    let form = rest.replace(id, "T").replace(span_id, "S");
    assert!(
        form.starts_with(" INFO [axum_jaeger_telemetry::server] [access_log.rs:"),
        "{form}"
    );
    assert!(form.contains("] [trace_id=T span_id=S resource.service.name=app-x] - GET /items/5 "));
    assert!(
        form.contains("http.route=/items/{item_id} http.response.status_code=200 duration_ms=")
    );
}

#[tokio::test]
async fn the_lines_of_one_request_have_one_trace() {
    let service = Service::start(&TRACED);
    service.get("/error_test").await;
    let error = service.process.wait_for_line(" ERROR ");
    assert!(error.contains("- value error"), "{error}");
    let access = service.process.wait_for_line("- GET /error_test");
    assert_eq!(trace_id(&error), trace_id(&access));
}

#[tokio::test]
async fn without_a_span_the_ids_are_0() {
    let service = Service::start(&TRACED);
    let line = service.process.wait_for_line("listening on");
    assert!(
        line.contains("[trace_id=0 span_id=0 resource.service.name=app-x]"),
        "{line}"
    );
}

#[tokio::test]
async fn a_filter_hides_lines_and_keeps_the_ids() {
    let service = Service::start(&[
        TRACED[0],
        TRACED[1],
        ("RUST_LOG", "axum_jaeger=error,axum_jaeger::service=info"),
    ]);
    service.get("/error_test").await;
    service.get("/").await;
    let line = service.process.wait_for_line("Hello World");
    assert_eq!(trace_id(&line).len(), 32);
    assert!(
        !service
            .process
            .lines()
            .iter()
            .any(|line| line.contains("- GET "))
    );
}

#[tokio::test]
async fn a_json_line_has_the_same_fields() {
    let service = Service::start(&[TRACED[0], TRACED[1], ("LOG_FORMAT", "json")]);
    service.get("/items/5").await;
    let line = service.process.wait_for_line("GET /items/5");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["target"], "axum_jaeger_telemetry::server");
    assert_eq!(line["file"], "access_log.rs");
    assert_eq!(line["resource.service.name"], "app-x");
    assert_eq!(line["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    assert_eq!(line["http.response.status_code"], 200);
    assert!(line["duration_ms"].is_f64(), "{line}");
    assert!(line["line"].is_u64(), "{line}");
    assert_eq!(line["timestamp"].as_str().unwrap().len(), 23);
}

#[tokio::test]
async fn a_hostile_path_stays_one_line_and_cannot_fake_an_id() {
    let service = Service::start(&TRACED);
    service.get("/items/a%0a2026-11-22%20trace_id=fake").await;
    let line = service.process.wait_for_line("/items/a");
    assert_eq!(trace_id(&line).len(), 32, "{line}");
    assert!(line.contains("%0a"), "{line}");
}
