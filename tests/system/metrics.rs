//! The answers of `/metrics`, which are true at every moment.

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use futures_util::{StreamExt, stream};

use crate::support::{
    jaeger::{Jaeger, MODES},
    metrics::Scrape,
    patience::Patience,
    process::Process,
    service::Service,
};

const PORT: (&str, &str) = ("METRICS_PORT", "0");

/// Scrapes until `enough`, and checks the span counts each time.
async fn scrape_until(service: &Service, enough: impl Fn(&Scrape) -> bool) -> Scrape {
    let patience = Patience::new();
    loop {
        let scrape = Scrape::of(service).await;
        scrape.check_account();
        if enough(&scrape) {
            return scrape;
        }
        patience.check(|| format!("not enough: {:#?}", service.process.lines()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Makes so many requests side by side, and scrapes meanwhile; how often.
async fn load(service: &Service, requests: usize) -> usize {
    let answered = stream::iter(0..requests)
        .map(|_| async { service.get("/").await.status() == 200 })
        .buffer_unordered(50)
        .filter(|ok| std::future::ready(*ok))
        .count();
    tokio::pin!(answered);
    let mut scrapes = 0;
    loop {
        tokio::select! {
            answered = &mut answered => {
                assert_eq!(answered, requests);
                return scrapes;
            }
            scrape = Scrape::of(service) => {
                scrape.check_account();
                scrapes += 1;
            }
        }
    }
}

#[tokio::test]
async fn each_span_is_in_the_account_at_every_moment() {
    const REQUESTS: usize = 2_000;
    let jaeger = Jaeger::start();
    for mode in MODES {
        let name = format!("counts-{mode}");
        let mut service = Service::traced(&jaeger, mode, &name, &[PORT]);
        let scrapes = load(&service, REQUESTS).await;
        assert!(scrapes > 10, "{mode}: only {scrapes} scrapes");
        scrape_until(&service, |scrape| scrape.underway() == 0).await;
        // The span counts are last in an answer: it may have the histograms of a moment before.
        let end = Scrape::of(&service).await;
        end.check_account();
        assert_eq!(end.underway(), 0, "{mode}");
        assert_eq!(end.started(), REQUESTS as u64, "{mode}");
        assert_eq!(end.delivered(), REQUESTS as u64, "{mode}");
        let counted = end.sum(
            "http_server_request_duration_seconds_count",
            &[
                ("http_request_method", "GET"),
                ("http_route", "/"),
                ("http_response_status_code", "200"),
            ],
        );
        assert_eq!(counted, REQUESTS as u64, "{mode}");
        assert_eq!(end.value("http_server_active_requests"), 0);
        assert_eq!(
            end.sum("axum_jaeger_export_batch_spans_sum", &[]),
            REQUESTS as u64,
            "{mode}"
        );
        let messages = end.value("axum_jaeger_export_batch_spans_count");
        let sent = [("mode", mode), ("error_type", "")];
        let attempts = end.sum("otel_sdk_exporter_operation_duration_seconds_count", &sent);
        assert_eq!(attempts, messages, "{mode}");
        service.terminate();
        assert_eq!(
            service.span_counts(),
            format!("{REQUESTS} started, {REQUESTS} delivered, 0 dropped")
        );
    }
}

#[tokio::test]
async fn what_is_lost_is_in_the_account_with_its_reason() {
    // Connections are taken by the system; nobody reads or answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}", silent.local_addr().unwrap());
    let service = Service::start(&[
        PORT,
        ("MODE", "thrift-collector"),
        ("COLLECTOR_THRIFT_URL", &collector),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "20"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "10"),
    ]);
    load(&service, 500).await;
    let scrape = scrape_until(&service, |scrape| {
        scrape.value("otel_sdk_exporter_span_inflight") > 0
    })
    .await;
    let full = [("error_type", "queue_full")];
    assert!(scrape.sum("otel_sdk_processor_span_processed_total", &full) > 0);
    assert_eq!(scrape.value("otel_sdk_processor_span_queue_capacity"), 20);
    assert!(scrape.value("otel_sdk_processor_span_queue_size") <= 20);
    assert_eq!(scrape.delivered(), 0);
}

#[tokio::test]
async fn a_span_that_is_too_large_is_dropped_where_it_ends_and_logged() {
    let jaeger = Jaeger::start();
    let whole_paths = ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100000");
    let service = Service::traced(&jaeger, "thrift-agent", "large", &[PORT, whole_paths]);
    let (path, query) = ("9".repeat(60_000), "a".repeat(5_000));
    let answer = service.get(&format!("/items/{path}?{query}")).await;
    assert_eq!(answer.status(), 422);
    service
        .wait_for_line("spans are lost: larger than a message to the agent at ")
        .await;
    let scrape = Scrape::of(&service).await;
    scrape.check_account();
    let too_large = [("error_type", "too_large")];
    assert_eq!(
        scrape.sum("otel_sdk_processor_span_processed_total", &too_large),
        1
    );
    assert_eq!(scrape.started(), 1);
}

#[tokio::test]
async fn an_exemplar_leads_to_its_trace() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "exemplary", &[PORT]);
    service.get("/items/5").await;
    let scrape = Scrape::of(&service).await;
    let mut exemplars = scrape
        .all("http_server_request_duration_seconds_bucket")
        .filter_map(|sample| Some((&sample.labels, sample.exemplar.as_ref()?)));
    let (labels, (ids, value)) = exemplars.next().expect("an exemplar");
    assert_eq!(labels["http_route"], "/items/{item_id}");
    let bound: f64 = labels["le"].parse().unwrap();
    assert!(*value <= bound, "{value} in {labels:?}");
    assert!(exemplars.next().is_none(), "one request, one exemplar");
    let trace = jaeger.whole_trace(&ids["trace_id"], 1).await;
    assert_eq!(trace.spans()[0].id().to_string(), ids["span_id"]);
}

#[tokio::test]
async fn requests_are_told_apart_by_route_and_status_and_not_by_what_callers_make_up() {
    let service = Service::untraced(&[PORT]);
    for path in ["/nowhere", "/else", "/items/x", "/error_test"] {
        service.get(path).await;
    }
    let strange = reqwest::Method::from_bytes(b"STRANGE").unwrap();
    let request = service.client.request(strange, service.url("/"));
    request.send().await.unwrap();
    // Health is asked all the time, and no request to measure.
    service.get("/healthz").await;
    let scrape = Scrape::of(&service).await;
    let found: Vec<_> = scrape
        .all("http_server_request_duration_seconds_count")
        .map(|sample| {
            let label = |name: &str| sample.labels[name].as_str();
            (
                label("http_request_method"),
                label("http_route"),
                label("http_response_status_code"),
                label("error_type"),
                sample.value as u64,
            )
        })
        .collect();
    assert_eq!(found.len(), 4, "{found:?}");
    for expected in [
        ("GET", "", "404", "", 2),
        ("GET", "/items/{item_id}", "422", "", 1),
        ("GET", "/error_test", "500", "500", 1),
        ("_OTHER", "/", "405", "", 1),
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    assert_eq!(scrape.all("otel_sdk_span_started_total").count(), 0);
}

#[tokio::test]
async fn a_request_whose_client_went_away_is_counted_without_a_status() {
    let service = Service::untraced(&[PORT]);
    let mut client = std::net::TcpStream::connect(service.address).unwrap();
    client
        .write_all(b"GET /io_task HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let patience = Patience::new();
    let active = async || {
        Scrape::of(&service)
            .await
            .value("http_server_active_requests")
    };
    while active().await == 0 {
        patience.check(|| "the request does not begin".to_owned());
    }
    drop(client);
    while active().await > 0 {
        patience.check(|| "the request does not end".to_owned());
    }
    let scrape = Scrape::of(&service).await;
    let gone = [
        ("http_route", "/io_task"),
        ("http_response_status_code", ""),
        ("error_type", "cancelled"),
    ];
    assert_eq!(
        scrape.sum("http_server_request_duration_seconds_count", &gone),
        1
    );
}

#[tokio::test]
async fn without_openmetrics_there_are_no_exemplars() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "plain", &[PORT]);
    service.get("/").await;
    let response = service
        .client
        .get(service.metrics_url())
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = response.text().await.unwrap();
    let counted = r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/",http_response_status_code="200",error_type=""} 1"#;
    assert!(text.lines().any(|line| line == counted), "{text}");
    assert!(!text.contains("trace_id"), "{text}");
}

#[tokio::test]
async fn the_port_answers_nothing_else() {
    let service = Service::untraced(&[PORT]);
    let metrics = service.metrics_url();
    let other = metrics.replace("/metrics", "/");
    let client = &service.client;
    assert_eq!(client.get(other).send().await.unwrap().status(), 404);
    assert_eq!(client.post(&metrics).send().await.unwrap().status(), 405);
    assert_eq!(service.get("/metrics").await.status(), 404);
    let address = metrics
        .trim_start_matches("http://")
        .trim_end_matches("/metrics");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"\x16\x03\x01 no HTTP\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    Scrape::of(&service).await;
}

#[test]
fn a_port_that_cannot_be_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let other = "is invalid: expected a port from 0 to 65535 other than EXPOSE_PORT";
    for (expose, metrics, code, line) in [
        (
            "0",
            "nine",
            2,
            r#"METRICS_PORT="nine" is invalid: expected a port from 0 to 65535"#.to_owned(),
        ),
        ("8123", "8123", 2, format!(r#"METRICS_PORT="8123" {other}"#)),
        (
            "0",
            &taken,
            1,
            format!("cannot listen on 127.0.0.1:{taken}: "),
        ),
    ] {
        let mut process = Process::start(
            &["serve"],
            &[
                ("EXPOSE_HOST", "127.0.0.1"),
                ("EXPOSE_PORT", expose),
                ("METRICS_PORT", metrics),
                ("OTEL_SDK_DISABLED", "true"),
            ],
        );
        assert_eq!(process.wait().code(), Some(code), "{metrics}");
        let said = process.wait_for_line(&line);
        if code == 1 {
            assert!(
                said.ends_with("; METRICS_PORT chooses another port"),
                "{said}"
            );
        }
    }
}
