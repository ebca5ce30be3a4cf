//! What `verify` asks of Loki and Grafana, and what it says of their answers. Both are stood in for
//! by a server with the answers that their API documentations give; the real ones are asked on
//! Kubernetes.

use axum::{
    Json, Router,
    extract::Path,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{jaeger::Jaeger, process::Process, service::Service};

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// How long `verify` looks: as long as a busy machine may take, or shorter where it is to fail.
const LONG: &str = "60s";
const SHORT: &str = "10s";

/// Three services, their Jaeger, and what `verify` with these further arguments says of them.
async fn verify(timeout: &str, arguments: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String) {
    let jaeger = Jaeger::start();
    let [two, one] = ["app-c", "app-b"].map(|name| Service::traced(&jaeger, "grpc", name, &[]));
    let [one_at, two_at] = [&one, &two].map(|service| service.address.to_string());
    let targets = [
        ("TARGET_ONE_HOST", one_at.as_str()),
        ("TARGET_TWO_HOST", &two_at),
    ];
    let app = Service::traced(&jaeger, "grpc", "app-a", &targets);
    let (app, query) = (app.url(""), jaeger.url());
    let mut all = vec![
        "verify",
        "--app",
        &app,
        "--jaeger",
        query.as_str(),
        "--timeout",
        timeout,
    ];
    all.extend(arguments);
    let env: Vec<(String, String)> = env
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
    // The servers of this test answer on the test's own thread.
    tokio::task::spawn_blocking(move || {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut verify = Process::start(&all, &env);
        let code = verify.wait().code();
        verify.wait_for("a result", |line| {
            (line == "OK" || line.starts_with("FAILED")).then_some(())
        });
        (code, verify.lines().join("\n"))
    })
    .await
    .unwrap()
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
