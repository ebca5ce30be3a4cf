//! A proxy between the browser and Jaeger, with the faults of real ones.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{
        HeaderMap, Method, StatusCode, Uri,
        header::{CONTENT_TYPE, HOST, TRANSFER_ENCODING},
    },
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use reqwest::Url;

/// The part of an event stream, which never ends, that the proxy holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeepsBack {
    Nothing,
    /// Like nginx and others by default: the head comes with the first full buffer.
    HeadAndBody,
    /// Like a proxy that compresses: messages come with the first full block.
    Body,
    /// Passes the first message on and loses the connection, which stays open for the browser.
    AfterFirst,
    /// Like a proxy that waits for the end, until a timeout.
    All,
    /// Like a proxy whose login has expired: each answer is replaced by this content type and body.
    Answers(&'static str, &'static str),
}

/// A running proxy, which ends with the test.
pub(crate) struct Proxy {
    /// The address of `/` of the server behind the proxy.
    pub(crate) url: Url,
}

#[derive(Clone)]
struct Shared {
    behind: String,
    prefix: &'static str,
    keeps_back: KeepsBack,
    http: reqwest::Client,
}

impl Proxy {
    /// Serves the paths of `behind` under `prefix`, which begins and ends with a slash.
    pub(crate) async fn start(behind: &str, prefix: &'static str, keeps_back: KeepsBack) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = format!("http://proxy.example:{port}{prefix}");
        let none = reqwest::redirect::Policy::none();
        let shared = Shared {
            behind: behind.to_owned(),
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
    let url = format!("{}/{path}", shared.behind);
    let request = shared.http.request(method, url).headers(headers).body(body);
    let Ok(mut answer) = request.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let mut headers = answer.headers().clone();
    headers.remove(TRANSFER_ENCODING);
    let kind = headers.get(CONTENT_TYPE);
    let are_messages = kind.is_some_and(|kind| kind == "text/event-stream");
    let is_answer = are_messages || kind.is_some_and(|kind| kind == "application/json");
    let body = match shared.keeps_back {
        KeepsBack::HeadAndBody if are_messages => std::future::pending().await,
        KeepsBack::Body if are_messages => Body::from_stream(stream::pending::<Piece>()),
        KeepsBack::AfterFirst if are_messages => {
            let first = answer.chunk().await.transpose();
            Body::from_stream(stream::iter(first).chain(stream::pending::<Piece>()))
        }
        KeepsBack::All if are_messages => return StatusCode::GATEWAY_TIMEOUT.into_response(),
        KeepsBack::Answers(kind, body) if is_answer => {
            return ([(CONTENT_TYPE, kind)], body).into_response();
        }
        _ => Body::from_stream(stream::unfold(answer, async |mut answer| {
            let piece: Piece = answer.chunk().await.transpose()?;
            Some((piece, answer))
        })),
    };
    (status, headers, body).into_response()
}

type Piece = reqwest::Result<Bytes>;
