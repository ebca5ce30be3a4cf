//! The reports of `verify` on lost traces, and on Loki's and Grafana's answers. A server with the
//! answers of their API documentations takes the place of both; the real ones are asked on
//! Kubernetes.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};

use crate::support::{demo::free_ports, jaeger::Jaeger, process::Process, service::Service};

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// The timeouts of `verify`: as long as a busy machine may take, or shorter where it is to fail.
const LONG: &str = "60s";
const SHORT: &str = "10s";

/// The exit code and report of `verify` with these arguments, for three services and their Jaeger.
async fn verify(timeout: &str, arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let jaeger = Jaeger::start();
    let [two, one] = ["app-c", "app-b"].map(|name| Service::traced(&jaeger, "grpc", name, &[]));
    let app = app(&jaeger, &one.address.to_string(), &two.address.to_string());
    verify_of(&app, &jaeger, timeout, arguments, env).await
}

/// The service whose `/chain` is called, with these targets.
fn app(jaeger: &Jaeger, one: &str, two: &str) -> Service {
    let targets = [("TARGET_ONE_HOST", one), ("TARGET_TWO_HOST", two)];
    Service::traced(jaeger, "grpc", "app-a", &targets)
}

async fn verify_of(
    app: &Service,
    jaeger: &Jaeger,
    timeout: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> (Option<i32>, String) {
    let (app, query) = (app.url(""), jaeger.query_url());
    let mut all = vec![
        "verify",
        "--app",
        &app,
        "--jaeger",
        query,
        "--timeout",
        timeout,
    ];
    all.extend(arguments);
    let mut verify = Process::start(&all, env);
    // The servers of this test answer on the test's own thread.
    tokio::task::spawn_blocking(move || {
        let code = verify.wait().code();
        verify.wait_for("a result", |line| {
            (line == "OK" || line.starts_with("FAILED")).then_some(())
        });
        (code, verify.lines().join("\n"))
    })
    .await
    .unwrap()
}

/// An agent before `jaeger` that loses as many datagrams as `lost` says.
async fn agent(jaeger: &Jaeger, mut lost: usize) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, to) = (socket.local_addr().unwrap(), jaeger.addresses().compact);
    tokio::spawn(async move {
        let mut datagram = vec![0; 65_535];
        while let Ok(length) = socket.recv(&mut datagram).await {
            if lost > 0 {
                lost -= 1;
            } else {
                socket.send_to(&datagram[..length], to).await.unwrap();
            }
        }
    });
    address
}

/// Three services, of which app-c sends its spans to `agent`.
fn with_agent(jaeger: &Jaeger, agent: SocketAddr) -> [Service; 3] {
    let one = Service::traced(jaeger, "grpc", "app-b", &[]);
    let (host, port) = (agent.ip().to_string(), agent.port().to_string());
    let env = [
        ("AGENT_HOST_NAME", host.as_str()),
        ("AGENT_PORT", port.as_str()),
    ];
    let two = Service::traced(jaeger, "thrift-agent", "app-c", &env);
    let app = app(jaeger, &one.address.to_string(), &two.address.to_string());
    [app, one, two]
}

#[tokio::test]
async fn after_a_trace_whose_spans_are_lost_another_one_is_made() {
    let jaeger = Jaeger::start();
    let services = with_agent(&jaeger, agent(&jaeger, 1).await);
    let loki = loki(&["app-a", "app-b", "app-c"]).await;
    let (code, output) = verify_of(&services[0], &jaeger, LONG, &["--loki", &loki], &[]).await;
    assert_eq!(code, Some(0), "{output}");
    let first = "number 2 of 2 traces, the most complete one:\ntrace ";
    assert!(output.starts_with(first), "{output}");
    assert!(output.contains("8 spans of 3 services"), "{output}");
    assert!(output.contains("1 log lines of app-c in Loki"), "{output}");
}

#[tokio::test]
async fn a_path_that_loses_every_trace_is_told_as_for_one() {
    let jaeger = Jaeger::start();
    let services = with_agent(&jaeger, agent(&jaeger, usize::MAX).await);
    let (code, output) = verify_of(&services[0], &jaeger, "15s", &[], &[]).await;
    assert_eq!(code, Some(1), "{output}");
    for expected in [
        " of 2 traces, the most complete one:",
        "6 spans of 2 services",
        "FAILED   expected 8 spans\n         found    6\n",
        "expected one server span GET /cpu_task below the call",
    ] {
        assert!(output.contains(expected), "{expected}: {output}");
    }
    assert!(!output.contains("OK"), "{output}");
}

#[tokio::test]
async fn after_a_call_that_fails_another_one_is_made() {
    let jaeger = Jaeger::start();
    let two = Service::traced(&jaeger, "grpc", "app-c", &[]);
    let [port] = free_ports();
    let one = format!("127.0.0.1:{port}");
    let app = app(&jaeger, &one, &two.address.to_string());
    let verify = verify_of(&app, &jaeger, LONG, &[], &[]);
    let target = async {
        app.wait_for_line("status_code=502").await;
        let env = jaeger.env("grpc");
        let mut env: Vec<(&str, &str)> = env
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        env.extend([
            ("APP_NAME", "app-b"),
            ("EXPOSE_HOST", "127.0.0.1"),
            ("EXPOSE_PORT", &port),
        ]);
        Process::start(&["serve"], &env)
    };
    let ((code, output), _target) = tokio::join!(verify, target);
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("8 spans of 3 services"), "{output}");
    assert!(output.starts_with("number "), "{output}");
}

/// Loki with one line of each of these services for any trace.
async fn loki(services: &'static [&'static str]) -> String {
    let answer = move |query: axum::extract::RawQuery| async move {
        let query = query.0.unwrap();
        assert!(
            query.starts_with("query=%7Bapp%3D%7E%22.%2B%22%7D+%7C%3D+%22"),
            "{query}"
        );
        let streams: Vec<Value> = services
            .iter()
            .map(|service| {
                let line =
                    format!("[trace_id=1 span_id=2 resource.service.name={service}] - GET /");
                json!({ "stream": { "app": service }, "values": [["1700000000000000000", line]] })
            })
            .collect();
        Json(json!({ "status": "success", "data": { "resultType": "streams", "result": streams } }))
    };
    serve(Router::new().route("/loki/api/v1/query_range", get(answer))).await
}

#[tokio::test]
async fn a_log_line_of_each_service_is_looked_for_in_loki() {
    let loki = loki(&["app-a", "app-b", "app-c"]).await;
    let (code, output) = verify(LONG, &["--loki", &loki], &[]).await;
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("1 log lines of app-c in Loki"), "{output}");
}

#[tokio::test]
async fn a_service_without_log_lines_is_named() {
    let loki = loki(&["app-a", "app-c"]).await;
    let (code, output) = verify(SHORT, &["--loki", &loki], &[]).await;
    assert_eq!(code, Some(1), "{output}");
    assert!(
        output.contains("expected a log line of app-b with trace_id="),
        "{output}"
    );
    assert_eq!(output.matches("FAILED").count(), 1, "{output}");
}

/// Grafana with both data sources, of which Loki has this health.
async fn grafana(loki_health: &'static str) -> String {
    let list = |headers: HeaderMap| async move {
        // admin:secret
        if headers
            .get("authorization")
            .is_none_or(|value| value != "Basic YWRtaW46c2VjcmV0")
        {
            return Err(StatusCode::UNAUTHORIZED);
        }
        Ok(Json(json!([
            { "id": 1, "uid": "jaeger", "type": "jaeger", "name": "Jaeger" },
            { "id": 2, "uid": "loki", "type": "loki", "name": "Loki" },
        ])))
    };
    let health = move |Path(uid): Path<String>| async move {
        let status = if uid == "loki" { loki_health } else { "OK" };
        Json(json!({ "message": "what the data source says", "status": status }))
    };
    let router = Router::new()
        .route("/api/datasources", get(list))
        .route("/api/datasources/uid/{uid}/health", get(health));
    serve(router).await
}

#[tokio::test]
async fn both_data_sources_are_looked_for_in_grafana() {
    let grafana = grafana("OK").await;
    let env = [("GRAFANA_USER", "admin"), ("GRAFANA_PASSWORD", "secret")];
    let (code, output) = verify(LONG, &["--grafana", &grafana], &env).await;
    assert_eq!(code, Some(0), "{output}");
}

#[tokio::test]
async fn a_data_source_that_is_not_healthy_is_named() {
    let grafana = grafana("ERROR").await;
    let env = [("GRAFANA_PASSWORD", "secret")];
    let (code, output) = verify(SHORT, &["--grafana", &grafana], &env).await;
    assert_eq!(code, Some(1), "{output}");
    assert!(
        output.contains("expected the data source loki to be healthy"),
        "{output}"
    );
    assert!(
        output.contains("found    ERROR: what the data source says"),
        "{output}"
    );
}

#[tokio::test]
async fn a_wrong_password_for_grafana_is_told() {
    let grafana = grafana("OK").await;
    let (code, output) = verify(
        SHORT,
        &["--grafana", &grafana, "--grafana-password", "guess"],
        &[],
    )
    .await;
    assert_eq!(code, Some(1), "{output}");
    assert!(output.contains("found    status 401"), "{output}");
}
