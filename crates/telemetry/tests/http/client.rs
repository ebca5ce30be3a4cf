//! Client spans of HTTP, by reqwest and by the layer.

use std::{convert::Infallible, future::pending};

use axum::{Router, http::HeaderMap};
use axum_jaeger_telemetry::{Requests, client};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tower::{Layer, ServiceExt, service_fn};
use tracing::Instrument;

use crate::support::{has_tags, is, listen, of_kind, root, run, spans};

type Hyper = client::Trace<Client<HttpConnector, Empty<Bytes>>>;

fn hyper(layer: client::TraceLayer) -> Hyper {
    layer.layer(Client::builder(TokioExecutor::new()).build_http())
}

fn get(url: &str) -> Request<Empty<Bytes>> {
    Request::get(url).body(Empty::new()).unwrap()
}

/// Answers with the `traceparent` that came, and 404.
async fn server() -> String {
    let (listener, address) = listen().await;
    let app = Router::new().fallback(async |headers: HeaderMap| {
        let parent = headers["traceparent"].to_str().unwrap().to_owned();
        (StatusCode::NOT_FOUND, [("parent", parent)])
    });
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}/a?q=x&sig=SECRET")
}

/// An address that refuses connections.
async fn nowhere() -> String {
    let (_, address) = listen().await;
    format!("http://{address}/?sig=SECRET")
}

#[test]
fn both_clients_make_the_same_span_and_hand_it_on() {
    run(async {
        let url = server().await;
        let shown = url.replace("SECRET", "REDACTED");
        for by_layer in [true, false] {
            let (root, trace) = root();
            let parent = async {
                if by_layer {
                    let hyper = hyper(client::TraceLayer::new());
                    let answer = hyper.oneshot(get(&url)).await.unwrap();
                    answer.headers()["parent"].clone()
                } else {
                    let http = reqwest::Client::new();
                    let request = http.get(&url).build().unwrap();
                    let answer = client::send(&http, request).await.unwrap();
                    answer.headers()["parent"].clone()
                }
            };
            let parent = parent.instrument(root).await;
            let spans = spans(&trace, 2).await;
            let span = of_kind(&spans, "client");
            let id = span.id();
            assert_eq!(parent, format!("00-{trace}-{id}-01"), "{by_layer}");
            assert_eq!(span.name(), "GET");
            let port = shown.split([':', '/']).nth(4).unwrap();
            has_tags(
                span,
                &[
                    ("http.request.method", is("GET")),
                    ("url.full", is(&*shown)),
                    ("server.address", is("127.0.0.1")),
                    ("server.port", is(port.parse::<i64>().unwrap())),
                    ("http.response.status_code", is(404i64)),
                    ("error.type", is("404")),
                    ("otel.status_code", is("ERROR")),
                ],
            );
        }
    });
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    run(async {
        let url = nowhere().await;
        for by_layer in [true, false] {
            let (root, trace) = root();
            let failed = async {
                if by_layer {
                    let hyper = hyper(client::TraceLayer::new());
                    hyper.oneshot(get(&url)).await.is_err()
                } else {
                    let http = reqwest::Client::new();
                    let request = http.get(&url).build().unwrap();
                    client::send(&http, request).await.is_err()
                }
            };
            assert!(failed.instrument(root).await);
            let spans = spans(&trace, 2).await;
            let span = of_kind(&spans, "client");
            has_tags(
                span,
                &[
                    ("error.type", is("connection_error")),
                    ("http.response.status_code", None),
                ],
            );
            let text = format!("{span:?}");
            assert!(text.contains("refused"), "{text}");
            assert!(!text.contains("SECRET"), "{text}");
        }
    });
}

#[test]
fn an_answer_that_is_not_waited_for_is_cancelled() {
    run(async {
        let never = service_fn(async |_: Request<Empty<Bytes>>| {
            pending::<()>().await;
            Ok::<_, Infallible>(http::Response::new(Empty::<Bytes>::new()))
        });
        let mut settings = Requests::default();
        settings.sensitive_keys = "token".parse().unwrap();
        let layer = client::TraceLayer::new()
            .with_settings(settings)
            .with_origin("http://app-b:81".parse().unwrap());
        let client = layer.layer(never);
        let (root, trace) = root();
        let answer = client.oneshot(get("/a?token=SECRET"));
        let mut answer = Box::pin(answer.instrument(root));
        assert!(futures_util::poll!(&mut answer).is_pending());
        drop(answer);
        let spans = spans(&trace, 2).await;
        let span = of_kind(&spans, "client");
        has_tags(
            span,
            &[
                ("error.type", is("cancelled")),
                ("error", is(true)),
                ("server.address", is("app-b")),
                ("server.port", is(81i64)),
                ("url.full", is("/a?token=REDACTED")),
            ],
        );
    });
}
