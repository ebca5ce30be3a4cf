//! The spans of a service, as Jaeger shows them.

use serde_json::{Value, json};

use crate::support::{
    jaeger::{Jaeger, MODES, count_spans, span, tag},
    service::Service,
};

#[tokio::test]
async fn a_server_span_has_the_attributes_of_the_semantic_conventions() {
    let jaeger = Jaeger::start();
    for mode in MODES {
        let service = Service::traced(
            &jaeger,
            mode,
            mode,
            &[("OTEL_RESOURCE_ATTRIBUTES", "team=blue")],
        );
        let request = service
            .client
            .get(service.url("/items/5?q=x"))
            .header("user-agent", "test/1");
        request.send().await.unwrap();
        let traces = jaeger.traces(mode, 1).await;
        let span = span(&traces[0], "GET /items/{item_id}");
        for (key, value) in [
            ("span.kind", json!("server")),
            ("http.request.method", json!("GET")),
            ("http.route", json!("/items/{item_id}")),
            ("http.response.status_code", json!(200)),
            ("url.scheme", json!("http")),
            ("url.path", json!("/items/5")),
            ("url.query", json!("q=x")),
            ("server.address", json!("127.0.0.1")),
            ("server.port", json!(service.address.port())),
            ("client.address", json!("127.0.0.1")),
            ("network.protocol.version", json!("1.1")),
            ("user_agent.original", json!("test/1")),
            ("otel.scope.name", json!("axum-jaeger")),
            ("error", Value::Null),
            ("otel.status_code", Value::Null),
        ] {
            assert_eq!(tag(span, key), &value, "{mode}: {key}");
        }
        let process = &traces[0]["processes"]["p1"];
        assert_eq!(process["serviceName"], mode);
        assert_eq!(tag(process, "service.name"), mode);
        assert_eq!(tag(process, "telemetry.sdk.language"), "rust");
        assert_eq!(tag(process, "team"), "blue");
    }
}

#[tokio::test]
async fn only_5xx_is_an_error() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    service.get("/items/x").await;
    service.get("/error_test").await;
    let traces = jaeger.traces("app", 2).await;
    let find = |name| {
        let spans: Vec<_> = traces
            .iter()
            .flat_map(|trace| trace["spans"].as_array().unwrap())
            .collect();
        *spans
            .iter()
            .find(|span| span["operationName"] == name)
            .unwrap()
    };
    let bad_request = find("GET /items/{item_id}");
    assert_eq!(tag(bad_request, "http.response.status_code"), 422);
    assert_eq!(tag(bad_request, "error"), &Value::Null);

    let failed = find("GET /error_test");
    assert_eq!(tag(failed, "http.response.status_code"), 500);
    assert_eq!(tag(failed, "error"), true);
    assert_eq!(tag(failed, "otel.status_code"), "ERROR");
    assert_eq!(tag(failed, "error.type"), "500");
    let log = &failed["logs"][0];
    assert_eq!(tag(log, "event"), "exception");
    assert_eq!(tag(log, "exception.type"), "ValueError");
    assert_eq!(tag(log, "exception.message"), "value error");
}

#[tokio::test]
async fn names_stay_few_whatever_is_asked_for() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    for path in ["/a", "/b", "/items", "/items/1/2"] {
        service.get(path).await;
    }
    for method in ["BREW", "WHEN"] {
        let method = method.parse().unwrap();
        service
            .client
            .request(method, service.url("/"))
            .send()
            .await
            .unwrap();
    }
    jaeger.traces("app", 6).await;
    let operations = jaeger.get("/api/services/app/operations").await;
    assert_eq!(operations, json!(["GET", "HTTP /"]));
}

#[tokio::test]
async fn health_is_not_traced() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    service.get("/healthz").await;
    service.get("/readyz").await;
    service.get("/").await;
    jaeger.traces("app", 1).await;
    assert_eq!(
        jaeger.get("/api/services/app/operations").await,
        json!(["GET /"])
    );
}

#[tokio::test]
async fn a_chain_is_one_trace_of_eight_spans() {
    let jaeger = Jaeger::start();
    let target = Service::traced(&jaeger, "thrift-collector", "app-b", &[]);
    let address = target.address.to_string();
    let targets = [
        ("TARGET_ONE_HOST", address.as_str()),
        ("TARGET_TWO_HOST", &address),
    ];
    let service = Service::traced(&jaeger, "grpc", "app-a", &targets);
    service.get("/chain").await;
    // All levels of logging and tracing of the libraries below must not add a span.
    let traces = jaeger
        .wait_for("/api/traces?service=app-a", |data| count_spans(data) >= 8)
        .await;
    assert_eq!(traces.as_array().unwrap().len(), 1);
    let mut names: Vec<_> = traces[0]["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| {
            format!(
                "{} {}",
                tag(span, "span.kind").as_str().unwrap_or("-"),
                span["operationName"].as_str().unwrap()
            )
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "- count primes",
            "client GET",
            "client GET",
            "client GET",
            "server GET /",
            "server GET /chain",
            "server GET /cpu_task",
            "server GET /io_task",
        ]
    );
    let client = traces[0]["spans"].as_array().unwrap().iter().find(|span| {
        tag(span, "url.full")
            .as_str()
            .is_some_and(|url| url.ends_with("/io_task"))
    });
    let client = client.unwrap();
    assert_eq!(
        tag(client, "url.full"),
        &json!(format!("http://{address}/io_task"))
    );
    assert_eq!(tag(client, "server.address"), "127.0.0.1");
    assert_eq!(tag(client, "server.port"), target.address.port());
    assert_eq!(tag(client, "http.response.status_code"), 200);
}

#[tokio::test]
async fn noise_of_the_libraries_below_makes_no_spans() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[("RUST_LOG", "trace")]);
    for _ in 0..5 {
        service.get("/").await;
    }
    jaeger.traces("app", 5).await;
    assert_eq!(
        jaeger.get("/api/services/app/operations").await,
        json!(["GET /"])
    );
}

#[tokio::test]
async fn a_failed_call_names_its_target_in_the_trace() {
    let jaeger = Jaeger::start();
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let target = gone.to_string();
    let service = Service::traced(&jaeger, "grpc", "app", &[("TARGET_ONE_HOST", &target)]);
    assert_eq!(service.get("/chain").await.status(), 502);
    let traces = jaeger.traces("app", 4).await;
    let chain = span(&traces[0], "GET /chain");
    assert_eq!(tag(chain, "error"), true);
    let message = tag(&chain["logs"][0], "exception.message")
        .as_str()
        .unwrap();
    assert!(
        message.starts_with(&format!("{target} cannot be reached")),
        "{message}"
    );
    let spans = traces[0]["spans"].as_array().unwrap();
    let failed = spans
        .iter()
        .find(|span| tag(span, "server.port") == gone.port())
        .unwrap();
    assert_eq!(tag(failed, "span.kind"), "client");
    assert_eq!(tag(failed, "error"), true);
    assert_eq!(tag(failed, "error.type"), "connection_error");
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn a_caller_s_trace_goes_on() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    let callers = [
        ("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01")),
        ("uber-trace-id", format!("{TRACE}:b7ad6b7169203332:0:1")),
    ];
    for (header, value) in &callers {
        service
            .client
            .get(service.url("/"))
            .header(*header, value)
            .send()
            .await
            .unwrap();
    }
    let path = format!("/api/traces/{TRACE}");
    let traces = jaeger.wait_for(&path, |data| count_spans(data) == 2).await;
    for parent in ["b7ad6b7169203331", "b7ad6b7169203332"] {
        let spans = traces[0]["spans"].as_array().unwrap();
        assert!(
            spans
                .iter()
                .any(|span| span["references"][0]["spanID"] == parent),
            "{traces:#}"
        );
    }
}

#[tokio::test]
async fn a_hostile_traceparent_starts_a_new_trace() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    let long = "9".repeat(8_000);
    let hostile = [
        "",
        "00-00000000000000000000000000000000-0000000000000000-01",
        "00-1-1-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "\u{fffd}\u{fffd}",
        &long,
    ];
    for value in hostile {
        let request = service.client.get(service.url("/"));
        let request = request
            .header("traceparent", value)
            .header("tracestate", &long);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let traces = jaeger.traces("app", hostile.len()).await;
    assert_eq!(
        traces.len(),
        hostile.len(),
        "each starts a trace of its own"
    );
    for trace in &traces {
        assert_eq!(trace["spans"][0]["references"], json!([]));
    }
}

#[tokio::test]
async fn a_trace_that_the_caller_does_not_sample_is_not_sent() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    let request = service.client.get(service.url("/items/1"));
    let request = request.header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-00"));
    request.send().await.unwrap();
    service.get("/").await;
    jaeger.traces("app", 1).await;
    assert_eq!(
        jaeger.get("/api/services/app/operations").await,
        json!(["GET /"])
    );
    let line = service.process.wait_for_line("GET /items/1");
    assert!(
        line.contains(TRACE),
        "the log has the trace's id all the same: {line}"
    );
}

#[tokio::test]
async fn the_sampler_is_a_setting() {
    let jaeger = Jaeger::start();
    let mut never = Service::traced(
        &jaeger,
        "grpc",
        "never",
        &[("OTEL_TRACES_SAMPLER", "always_off")],
    );
    never.get("/").await;
    assert!(never.terminate().success());
    assert_eq!(
        jaeger.get("/api/services").await,
        Value::Null,
        "as Jaeger says none"
    );
}
