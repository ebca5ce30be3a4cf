//! `/metrics`: what came, what was refused, what is kept and what left.

use crate::support::{datagram, eventually, jaeger, span, store};
use embedded_jaeger::Jaeger;

/// The answer's samples as lines.
async fn scrape(jaeger: &Jaeger) -> Vec<String> {
    let url = format!("http://{}/metrics", jaeger.addresses().query);
    let response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.map(str::to_owned).collect()
}

/// The value of the sample with this name and these labels.
fn value(samples: &[String], series: &str) -> u64 {
    let mut values = samples.iter().filter_map(|sample| {
        let (found, value) = sample.rsplit_once(' ')?;
        (found == series).then(|| value.parse().unwrap())
    });
    let value = values
        .next()
        .unwrap_or_else(|| panic!("no {series} in {samples:#?}"));
    assert_eq!(values.next(), None, "{series}");
    value
}

#[tokio::test]
async fn what_is_received_and_refused_is_counted_by_receiver_and_reason() {
    let jaeger = jaeger(16).await;
    store(
        &jaeger,
        &[
            span(1, 1, "s", "op"),
            span(2, 1, "s", "op"),
            span(0, 1, "s", "op"),
        ],
    )
    .await;
    let again = span(3, 1, "s", "op");
    store(&jaeger, std::slice::from_ref(&again)).await;
    store(&jaeger, &[again.clone(), again]).await;
    let url = format!("http://{}/v1/traces", jaeger.addresses().http);
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404);
    datagram(jaeger.addresses().compact, b"no message");
    let seen = || async {
        let samples = scrape(&jaeger).await;
        let malformed = r#"axum_jaeger_receiver_messages_rejected_total{transport="udp-compact",reason="malformed"}"#;
        (value(&samples, malformed) == 1).then_some(samples)
    };
    let samples = eventually(seen).await;
    for (series, expected) in [
        (
            r#"jaeger_collector_spans_received_total{transport="http"}"#,
            6,
        ),
        (
            r#"jaeger_collector_spans_rejected_total{transport="http",reason="zero_id"}"#,
            1,
        ),
        (
            r#"jaeger_collector_spans_rejected_total{transport="http",reason="duplicate"}"#,
            2,
        ),
        (
            r#"jaeger_collector_spans_received_total{transport="grpc"}"#,
            0,
        ),
        (
            r#"axum_jaeger_receiver_messages_total{transport="http"}"#,
            4,
        ),
        (
            r#"axum_jaeger_receiver_messages_rejected_total{transport="http",reason="unsupported"}"#,
            1,
        ),
        (
            r#"axum_jaeger_receiver_messages_rejected_total{transport="udp-binary",reason="queue_full"}"#,
            0,
        ),
        ("axum_jaeger_store_traces", 3),
        ("axum_jaeger_store_spans", 3),
        ("axum_jaeger_store_spans_evicted_total", 0),
        ("axum_jaeger_store_capacity_bytes", 16 * 1024 * 1024),
    ] {
        assert_eq!(value(&samples, series), expected, "{series}");
    }
    if cfg!(target_os = "linux") {
        let dropped = r#"axum_jaeger_receiver_datagrams_dropped_total{transport="udp-compact"}"#;
        assert_eq!(value(&samples, dropped), 0);
    }
}

#[tokio::test]
async fn what_leaves_for_want_of_room_is_counted() {
    const SPANS: u64 = 5_000;
    let jaeger = jaeger(1).await;
    for batch in 0..50 {
        let spans: Vec<_> = (1..=100u128)
            .map(|n| span(batch * 100 + n, 1, "s", &"x".repeat(1_000)))
            .collect();
        store(&jaeger, &spans).await;
    }
    let samples = scrape(&jaeger).await;
    let kept = value(&samples, "axum_jaeger_store_spans");
    let evicted = value(&samples, "axum_jaeger_store_spans_evicted_total");
    assert!(kept > 0 && evicted > 0, "{kept} kept, {evicted} evicted");
    assert_eq!(kept + evicted, SPANS);
    let bytes = value(&samples, "axum_jaeger_store_bytes");
    assert!(bytes > 0 && bytes <= value(&samples, "axum_jaeger_store_capacity_bytes"));
}
