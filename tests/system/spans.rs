//! The spans of a service, as Jaeger shows them.

use embedded_jaeger::{SpanId, Value};

use crate::support::{
    jaeger::{Jaeger, MODES, span},
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
            ("span.kind", "server".into()),
            ("http.request.method", "GET".into()),
            ("http.route", "/items/{item_id}".into()),
            ("http.response.status_code", 200.into()),
            ("url.scheme", "http".into()),
            ("url.path", "/items/5".into()),
            ("url.query", "q=x".into()),
            ("server.address", "127.0.0.1".into()),
            ("server.port", i64::from(service.address.port()).into()),
            ("client.address", "127.0.0.1".into()),
            ("network.protocol.version", "1.1".into()),
            ("user_agent.original", "test/1".into()),
            ("otel.scope.name", "axum-jaeger".into()),
        ] {
            let value: Value = value;
            assert_eq!(span[key], value, "{mode}: {key}");
        }
        assert_eq!(
            (span.tag("error"), span.tag("otel.status_code")),
            (None, None)
        );
        assert_eq!(span.service(), mode);
        for (key, value) in [
            ("service.name", mode),
            ("telemetry.sdk.language", "rust"),
            ("team", "blue"),
        ] {
            assert_eq!(span.process_tag(key), Some(&value.into()), "{mode}: {key}");
        }
    }
}

#[tokio::test]
async fn only_5xx_is_an_error() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    service.get("/items/x").await;
    service.get("/error_test").await;
    let traces = jaeger.traces("app", 2).await;
    let find = |name| traces.iter().find_map(|trace| trace.span(name)).unwrap();
    let bad_request = find("GET /items/{item_id}");
    assert_eq!(bad_request["http.response.status_code"], 422);
    assert_eq!(bad_request.tag("error"), None);

    let failed = find("GET /error_test");
    assert_eq!(failed["http.response.status_code"], 500);
    assert_eq!(failed["error"], true);
    assert_eq!(failed["otel.status_code"], "ERROR");
    assert_eq!(failed["error.type"], "500");
    let event = failed.events().next().unwrap();
    assert_eq!(event.name(), Some("exception"));
    assert_eq!(event["exception.type"], "ValueError");
    assert_eq!(event["exception.message"], "value error");
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
    assert_eq!(jaeger.operations("app"), ["GET", "HTTP /"]);
}

#[tokio::test]
async fn health_is_not_traced() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    service.get("/healthz").await;
    service.get("/readyz").await;
    service.get("/").await;
    jaeger.traces("app", 1).await;
    assert_eq!(jaeger.operations("app"), ["GET /"]);
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
    let traces = jaeger.traces("app-a", 8).await;
    assert_eq!(traces.len(), 1);
    let spans = traces[0].spans().iter();
    let mut names: Vec<_> = spans
        .map(|span| format!("{} {}", span.kind(), span.name()))
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "client GET",
            "client GET",
            "client GET",
            "server GET /",
            "server GET /chain",
            "server GET /cpu_task",
            "server GET /io_task",
            "unspecified count primes",
        ]
    );
    let io_task = span(&traces[0], "GET /io_task");
    let client = traces[0].parent(io_task).unwrap();
    assert_eq!(client["url.full"], *format!("http://{address}/io_task"));
    assert_eq!(client["server.address"], "127.0.0.1");
    assert_eq!(client["server.port"], i64::from(target.address.port()));
    assert_eq!(client["http.response.status_code"], 200);
}

#[tokio::test]
async fn noise_of_the_libraries_below_makes_no_spans() {
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[("RUST_LOG", "trace")]);
    for _ in 0..5 {
        service.get("/").await;
    }
    jaeger.traces("app", 5).await;
    assert_eq!(jaeger.operations("app"), ["GET /"]);
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
    assert_eq!(chain["error"], true);
    let event = chain.events().next().unwrap();
    let message = event["exception.message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("{target} cannot be reached")),
        "{message}"
    );
    let port = Value::from(i64::from(gone.port()));
    let to_target = |span: &&embedded_jaeger::Span| span.tag("server.port") == Some(&port);
    let failed = traces[0].spans().iter().find(to_target).unwrap();
    assert_eq!(failed["span.kind"], "client");
    assert_eq!(failed["error"], true);
    assert_eq!(failed["error.type"], "connection_error");
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
    let trace = jaeger.whole_trace(TRACE, 2).await;
    for parent in [0xb7ad6b7169203331, 0xb7ad6b7169203332] {
        let parent = Some(SpanId(parent));
        let mut spans = trace.spans().iter();
        assert!(spans.any(|span| span.parent_id() == parent), "{trace:?}");
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
        assert_eq!(trace.spans()[0].references().len(), 0);
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
    assert_eq!(jaeger.operations("app"), ["GET /"]);
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
    assert!(jaeger.services().is_empty());
}
