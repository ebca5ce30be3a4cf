//! `POST /api/transform`: a saved trace in OTLP's JSON becomes Jaeger's.

use embedded_jaeger::Jaeger;
use serde_json::{Value, json};

use crate::support::{Target, get, jaeger};

/// A file with everything that OTLP has.
pub(crate) const SAVED: &str = include_str!("saved/otlp.json");
/// The output of the functions that Jaeger 1.62.0 calls: its own converter, and OpenTelemetry's
/// 0.111.0.
const TRANSFORMED: &str = include_str!("saved/jaeger.json");

pub(crate) async fn transform(to: &impl Target, body: impl Into<String>) -> (u16, String) {
    let url = format!("http://{}/api/transform", to.at().query);
    let request = reqwest::Client::new().post(url).body(body.into());
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn data(jaeger: &Jaeger, body: &str) -> Value {
    let (status, text) = transform(jaeger, body).await;
    assert_eq!(status, 200, "{body}: {text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["errors"], Value::Null, "{body}");
    json["data"].clone()
}

#[tokio::test]
async fn a_saved_trace_becomes_what_jaeger_makes_of_it_and_is_not_stored() {
    let jaeger = jaeger(16).await;
    let expected: Value = serde_json::from_str(TRANSFORMED).unwrap();
    assert_eq!(data(&jaeger, SAVED).await, expected);
    // A parsed number does not tell how it was written.
    let (_, text) = transform(&jaeger, SAVED).await;
    for number in ["\"value\":123456789012345680000}", "\"value\":1e-7}"] {
        assert!(text.contains(number), "{number} in {text}");
    }
    assert_eq!(get(&jaeger, "/api/services").await.1["data"], Value::Null);
    let id = expected[0]["traceID"].as_str().unwrap();
    assert_eq!(get(&jaeger, &format!("/api/traces/{id}")).await.0, 404);
}

#[tokio::test]
async fn what_has_no_spans_becomes_no_traces() {
    let jaeger = jaeger(16).await;
    for body in [
        "{}",
        "null",
        r#"{"resourceSpans":null}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}"#,
        r#"{"data":[{"traceID":"1","spans":[]}]} and more"#,
    ] {
        assert_eq!(data(&jaeger, body).await, json!([]), "{body}");
    }
}

#[tokio::test]
async fn what_is_not_otlp_is_an_error_in_one_line() {
    let jaeger = jaeger(16).await;
    let span = |fields: &str| {
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#)
    };
    for (body, why) in [
        (String::new(), "EOF"),
        ("[]".into(), "expected an object"),
        ("{".into(), "EOF"),
        (r#"{"resourceSpans":{}}"#.into(), "expected a list"),
        (
            span(r#""traceId":"5b8e""#),
            "must have 32 hexadecimal digits",
        ),
        (
            span(r#""spanId":"+eee19b7ec3c1b174""#),
            "must have 16 hexadecimal digits",
        ),
        (
            span(r#""spanId":"xyz19b7ec3c1b174""#),
            "must have 16 hexadecimal digits",
        ),
        (span(r#""spanId":1"#), "invalid type"),
        (
            span(r#""kind":"SERVER""#),
            "\"SERVER\" is not one of SPAN_KIND_UNSPECIFIED, ",
        ),
        (
            span(r#""kind":true"#),
            "neither a number in its range nor a text",
        ),
        (span(r#""startTimeUnixNano":"x""#), "invalid digit"),
        (
            span(r#""startTimeUnixNano":-1"#),
            "neither a number in its range nor a text",
        ),
        (
            span(r#""attributes":[{"value":{"intValue":1.5}}]"#),
            "neither a number in its range nor a text",
        ),
        (
            span(r#""attributes":[{"value":{"bytesValue":"~"}}]"#),
            "Invalid symbol",
        ),
        (
            span(r#""attributes":[{"value":{"boolValue":"true"}}]"#),
            "expected a boolean",
        ),
    ] {
        let (status, text) = transform(&jaeger, body.clone()).await;
        assert_eq!(status, 500, "{body}");
        let json: Value = serde_json::from_str(&text).unwrap();
        let message = json["errors"][0]["msg"].as_str().unwrap();
        assert!(
            message.starts_with("cannot unmarshal OTLP : "),
            "{body}: {message}"
        );
        assert!(message.contains(why), "{body}: {message}");
        assert_eq!(message.lines().count(), 1);
    }
}

#[tokio::test]
async fn a_hostile_file_is_refused() {
    let jaeger = jaeger(16).await;
    let nested = |count| {
        let (open, close) = (
            r#"{"arrayValue":{"values":["#.repeat(count),
            "]}}".repeat(count),
        );
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"value":{open}{close}}}]}}}}]}}"#
        )
    };
    assert_eq!(transform(&jaeger, nested(30)).await.0, 200);
    let (status, text) = transform(&jaeger, nested(100_000)).await;
    assert_eq!(status, 500);
    assert!(text.contains("recursion limit exceeded"), "{text}");

    // Each of these costs a hundred times the memory that it took on the wire.
    let empty = "{},".repeat(1_000_000);
    let few = "{},".repeat(10_000);
    let long = "x".repeat(1_000_000);
    for body in [
        // Each span would have the name of its scope.
        format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"scope":{{"name":"{long}"}},"spans":[{few}{{}}]}}]}}]}}"#
        ),
        format!(r#"{{"resourceSpans":[{empty}{{}}]}}"#),
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{empty}{{}}]}}]}}]}}"#),
    ] {
        let (status, text) = transform(&jaeger, body).await;
        assert_eq!(status, 500);
        assert!(text.contains("too many empty values"), "{text}");
    }

    let (status, text) = transform(&jaeger, " ".repeat((32 << 20) + 1)).await;
    assert_eq!(status, 413);
    assert!(text.contains("of 33554432 bytes at most"), "{text}");
    assert_eq!(data(&jaeger, "{}").await, json!([]));
}
