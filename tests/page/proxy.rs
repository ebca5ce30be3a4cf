//! A proxy between the browser and Jaeger, as careless as some are.

use std::convert::Infallible;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use reqwest::Url;

use crate::jaeger::Jaeger;

/// What it does not pass on of messages, which have no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeepsBack {
    /// As nginx and others by default: heads come with the first full buffer.
    HeadAndBody,
    /// As those that compress: messages come with the first full block.
    Body,
    /// As those that wait for the whole, and then no longer.
    All,
}

/// A running proxy; it ends with the test.
pub(crate) struct Proxy {
    /// Where the browser finds what is at `/` behind the proxy.
    pub(crate) url: Url,
}

#[derive(Clone)]
struct Shared {
    behind: Url,
    prefix: &'static str,
    keeps_back: KeepsBack,
    http: reqwest::Client,
}

impl Proxy {
    /// Serves what `jaeger` has at `/` under `prefix`, which begins and ends with a slash.
    pub(crate) async fn start(
        jaeger: &Jaeger,
        prefix: &'static str,
        keeps_back: KeepsBack,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{prefix}", listener.local_addr().unwrap());
        let none = reqwest::redirect::Policy::none();
        let shared = Shared {
            behind: jaeger.url(),
            prefix,
            keeps_back,
            http: reqwest::Client::builder().redirect(none).build().unwrap(),
        };
        let router = Router::new().fallback(pass).with_state(shared);
        tokio::spawn(async { axum::serve(listener, router).await });
        let url = url.parse().unwrap();
        Self { url }
    }
}

async fn pass(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().unwrap().as_str();
    let Some(path) = path.strip_prefix(shared.prefix) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    headers.remove(HOST);
    let url = format!("{}{path}", shared.behind);
    let request = shared.http.request(method, url).headers(headers).body(body);
    let Ok(answer) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let mut headers = answer.headers().clone();
    headers.remove(TRANSFER_ENCODING);
    let are_messages = headers[CONTENT_TYPE] == "text/event-stream";
    let body = match shared.keeps_back {
        _ if !are_messages => answer.bytes().await.unwrap().into(),
        KeepsBack::HeadAndBody => std::future::pending().await,
        KeepsBack::Body => Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()),
        KeepsBack::All => return StatusCode::GATEWAY_TIMEOUT.into_response(),
    };
    (status, headers, body).into_response()
}
