//! Server spans of HTTP, by axum's middleware and by the layer.

use std::{collections::BTreeMap, convert::Infallible, future::pending, net::SocketAddr};

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use axum_jaeger_telemetry::{
    Requests,
    metrics::{Format, requests},
    propagation,
    server::{self, ClientAddress, TraceLayer},
};
use embedded_jaeger::{Span, Value};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{io::AsyncWriteExt, sync::Notify};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{has_tags, is, listen, metrics, of_kind, root, run, spans, trace_of};

/// Serves `app` by axum.
async fn serve(app: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async { axum::serve(listener, app).await });
    address
}

/// A request for `/never` has come.
static BEGUN: Notify = Notify::const_new();

/// Serves one service of tower's by hyper alone: `/5xx` fails, `/never` is not answered.
async fn serve_by_hyper(layer: TraceLayer) -> SocketAddr {
    let (listener, address) = listen().await;
    let answer = async |request: Request<Incoming>| {
        let status = match request.uri().path() {
            "/5xx" => StatusCode::SERVICE_UNAVAILABLE,
            "/never" => {
                BEGUN.notify_one();
                pending().await
            }
            _ => StatusCode::OK,
        };
        let mut response = Response::new(Full::<Bytes>::from("an answer"));
        *response.status_mut() = status;
        Ok::<_, Infallible>(response)
    };
    tokio::spawn(async move {
        loop {
            let (stream, peer) = listener.accept().await.unwrap();
            let service = layer.layer(service_fn(answer));
            let address = ClientAddress::from(peer.ip());
            let service = tower::util::MapRequest::new(service, move |mut request: Request<_>| {
                request.extensions_mut().insert(address.clone());
                request
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

/// The one span of a request to this URL, and its answer's text.
async fn span_of(url: &str, headers: &[(&'static str, &str)]) -> (Span, String) {
    let mut request = reqwest::Client::new().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let trace = trace_of(response.headers());
    let text = response.text().await.unwrap();
    (spans(&trace, 1).await.remove(0), text)
}

#[test]
fn axum_s_connect_info_is_the_client_s_address() {
    run(async {
        let app = Router::new().route("/items/{item_id}", get(async || "an item"));
        let traced = [
            app.clone().layer(from_fn(server::trace)),
            app.layer(TraceLayer::new()),
        ];
        for app in traced {
            let address = serve(app).await;
            let (span, text) = span_of(&format!("http://{address}/items/5?q=x"), &[]).await;
            assert_eq!(text, "an item");
            assert_eq!(span.name(), "GET /items/{item_id}");
            has_tags(
                &span,
                &[
                    ("client.address", is("127.0.0.1")),
                    ("network.peer.address", None),
                    ("http.route", is("/items/{item_id}")),
                ],
            );
        }
    });
}

#[test]
fn the_layer_s_spans_are_those_of_the_middleware() {
    run(async {
        let app = Router::new()
            .fallback(async || "an answer")
            .layer(from_fn(server::trace));
        let by_axum = serve(app).await;
        let by_hyper = serve_by_hyper(TraceLayer::new()).await;
        let mut seen = Vec::new();
        for address in [by_axum, by_hyper] {
            let url = format!("http://{address}/items/5?q=x&sig=SECRET");
            let headers = [("user-agent", "test/1"), ("x-forwarded-for", "192.0.2.1")];
            let (span, text) = span_of(&url, &headers).await;
            assert_eq!(text, "an answer");
            has_tags(&span, &[("server.port", is(i64::from(address.port())))]);
            let tags = span
                .tags()
                .map(|(key, value)| (key.to_owned(), value.clone()));
            let mut tags: BTreeMap<_, _> = tags.collect();
            tags.remove("server.port");
            assert_eq!(tags["url.query"], Value::from("q=x&sig=REDACTED"));
            seen.push((span.name().to_owned(), tags));
        }
        assert_eq!(seen[0], seen[1]);
    });
}

#[test]
fn a_layer_may_have_settings_of_its_own() {
    run(async {
        let mut settings = Requests::default();
        settings.sensitive_keys = "token".parse().unwrap();
        settings.trusts_forwarded = true;
        let address = serve_by_hyper(TraceLayer::new().with_settings(settings)).await;
        let forwarded = [("x-forwarded-for", "192.0.2.1")];
        let url = format!("http://{address}/?token=SECRET&sig=kept");
        let (span, _) = span_of(&url, &forwarded).await;
        has_tags(
            &span,
            &[
                ("url.query", is("token=REDACTED&sig=kept")),
                ("client.address", is("192.0.2.1")),
                ("network.peer.address", is("127.0.0.1")),
            ],
        );
    });
}

#[test]
fn an_answer_of_500_and_above_is_an_error() {
    run(async {
        let address = serve_by_hyper(TraceLayer::new()).await;
        let (span, _) = span_of(&format!("http://{address}/5xx"), &[]).await;
        has_tags(
            &span,
            &[
                ("http.response.status_code", is(503i64)),
                ("error.type", is("503")),
                ("otel.status_code", is("ERROR")),
            ],
        );
    });
}

#[test]
fn a_client_that_went_away_leaves_an_error() {
    run(async {
        let address = serve_by_hyper(TraceLayer::new()).await;
        let (_, trace) = root();
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET /never HTTP/1.1\r\nhost: a\r\ntraceparent: 00-{trace}-b7ad6b7169203331-01\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        BEGUN.notified().await;
        drop(client);
        let spans = spans(&trace, 2).await;
        let span = of_kind(&spans, "server");
        has_tags(
            span,
            &[
                ("error.type", is("cancelled")),
                ("error", is(true)),
                ("http.response.status_code", None),
            ],
        );
    });
}

#[test]
fn a_handler_that_panics_leaves_an_error_and_no_cancellation() {
    run(async {
        let (root, trace) = root();
        let panics = service_fn(
            async |_: Request<()>| -> Result<Response<String>, Infallible> { panic!("a bug") },
        );
        let service = TraceLayer::new().layer(panics);
        let mut request = Request::new(());
        propagation::inject_span(&root, request.headers_mut());
        drop(root);
        tokio::spawn(service.oneshot(request)).await.unwrap_err();
        let spans = spans(&trace, 2).await;
        let span = of_kind(&spans, "server");
        has_tags(
            span,
            &[
                ("error.type", is("_OTHER")),
                ("otel.status_description", is("panic")),
                ("http.response.status_code", None),
            ],
        );
    });
}

#[test]
fn metrics_are_the_same_at_each_call() {
    run(async {
        let app = Router::new().route("/panics", get(async || -> &'static str { panic!("a bug") }));
        let app = app.layer(from_fn_with_state(metrics(), requests::record));
        let request = Request::get("/panics").body(axum::body::Body::empty());
        tokio::spawn(app.oneshot(request.unwrap()))
            .await
            .unwrap_err();
        let text = metrics().encode(Format::Prometheus).unwrap();
        let labels = "http_route=\"/panics\",http_response_status_code=\"\",error_type=\"_OTHER\"";
        assert!(text.contains(labels), "{text}");
    });
}
