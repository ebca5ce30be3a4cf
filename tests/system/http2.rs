//! HTTP/2 without TLS, by prior knowledge.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http2::{SendRequest, handshake},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::support::{
    jaeger::{Jaeger, MODES, span},
    metrics::Scrape,
    patience::Patience,
    service::Service,
};

/// A connection.
struct Client {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Client {
    async fn connect(service: &Service) -> Self {
        let address = service.address;
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = TokioIo::new(stream);
        let (sender, connection) = handshake(TokioExecutor::new(), io).await.unwrap();
        Self {
            sender,
            address,
            connection: tokio::spawn(connection),
        }
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        let mut sender = self.sender.clone();
        sender.ready().await?;
        sender.send_request(request).await
    }

    fn request(&self, path: &str) -> axum::http::request::Builder {
        Request::get(format!("http://{}{path}", self.address))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let request = self.request(path).body(Full::default()).unwrap();
        let response = self.send(request).await.unwrap();
        assert_eq!(response.version(), axum::http::Version::HTTP_2);
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }
}

#[tokio::test]
async fn a_service_answers_and_traces_as_with_http_1() {
    let jaeger = Jaeger::start();
    for mode in MODES {
        let service = Service::traced(&jaeger, mode, mode, &[("RUST_LOG", "trace")]);
        let client = Client::connect(&service).await;
        let (status, body) = client.get("/items/5?q=x&sig=SECRET").await;
        assert_eq!(
            (status.as_u16(), body),
            (200, json!({"item_id": 5, "q": "x"}))
        );
        let traces = jaeger.traces(mode, 1).await;
        let span = span(&traces[0], "GET /items/{item_id}");
        for (key, value) in [
            ("network.protocol.version", "2".into()),
            ("server.address", "127.0.0.1".into()),
            ("server.port", i64::from(service.address.port()).into()),
            ("client.address", "127.0.0.1".into()),
            ("url.scheme", "http".into()),
            ("url.path", "/items/5".into()),
            ("url.query", "q=x&sig=REDACTED".into()),
            ("http.response.status_code", 200.into()),
        ] {
            let value: embedded_jaeger::Value = value;
            assert_eq!(span[key], value, "{mode}: {key}");
        }
        assert_eq!(client.get("/nowhere").await.0, 404);
        assert_eq!(client.get("/error_test").await.0, 500);
        let lines = service.process.lines().join("\n");
        assert!(!lines.contains("SECRET"), "{lines}");
    }
}

#[tokio::test]
async fn the_context_of_a_caller_is_read() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let jaeger = Jaeger::start();
    let service = Service::traced(&jaeger, "grpc", "app", &[]);
    let client = Client::connect(&service).await;
    let request = client.request("/");
    let request = request.header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"));
    let response = client
        .send(request.body(Full::default()).unwrap())
        .await
        .unwrap();
    let told = response.headers()["traceresponse"].to_str().unwrap();
    assert!(told.contains(TRACE), "{told}");
    let traces = jaeger.traces("app", 1).await;
    assert_eq!(traces[0].id().to_string(), TRACE);
}

#[tokio::test]
async fn many_requests_share_a_connection() {
    let service = Service::untraced(&[]);
    let client = Client::connect(&service).await;
    // More than it takes at a time; the others wait for their turn.
    let answers = join_all((0..300).map(|n| {
        let path = format!("/items/{n}");
        let client = &client;
        async move { client.get(&path).await.1["item_id"].clone() }
    }));
    let answers = answers.await;
    assert_eq!(answers, (0..300).map(Value::from).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_request_that_is_reset_is_given_up_and_the_others_are_not() {
    let service = Service::untraced(&[("METRICS_PORT", "0")]);
    let client = Client::connect(&service).await;
    let reset = async {
        let slow = client.request("/io_task").body(Full::default()).unwrap();
        tokio::select! {
            _ = client.send(slow) => panic!("answered"),
            () = wait_for_requests(&service, 2) => {}
        }
    };
    let ((status, _), ()) = tokio::join!(client.get("/io_task"), reset);
    assert_eq!(status, 200);
    let line = service
        .wait_for_line("GET /io_task: the client went away")
        .await;
    let said = "http.route=/io_task error.type=cancelled";
    assert!(line.contains(said), "{line}");
    assert_eq!(client.get("/items/1").await.0, 200);
}

/// Until so many requests are in flight.
async fn wait_for_requests(service: &Service, count: u64) {
    let patience = Patience::new();
    let active = async || {
        let scrape = Scrape::of(service).await;
        scrape.value("http_server_active_requests")
    };
    while active().await < count {
        patience.check(|| "the requests do not begin".to_owned());
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_431() {
    let service = Service::untraced(&[]);
    let client = Client::connect(&service).await;
    for (length, status) in [(60 * 1024, 200), (65 * 1024, 431), (1024, 200)] {
        let request = client.request("/items/1").header("x", "y".repeat(length));
        let response = client.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(response.unwrap().status(), status, "{length}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let service = Service::untraced(&[]);
    let client = Client::connect(&service).await;
    let request = Request::post(service.url("/")).body(Full::from(vec![0; 65 * 1024]));
    let response = client.send(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn a_request_in_flight_is_answered_at_the_end_and_idle_connections_end() {
    let mut service = Service::untraced(&[("METRICS_PORT", "0")]);
    let client = Client::connect(&service).await;
    let idle = Client::connect(&service).await;
    idle.get("/items/1").await;
    // The protocol of this one is not known yet.
    let mut silent = TcpStream::connect(service.address).unwrap();
    silent.write_all(b"PRI * HTTP").unwrap();
    let slow = tokio::spawn(async move { (client.get("/io_task").await.0, client.connection) });
    wait_for_requests(&service, 1).await;
    service.process.signal(Signal::SIGTERM);
    let (status, connection) = slow.await.unwrap();
    assert_eq!(status, 200);
    connection.await.unwrap().unwrap();
    idle.connection.await.unwrap().unwrap();
    assert_eq!(service.process.wait().code(), Some(0));
    let lines = service.process.lines();
    assert!(
        !lines.iter().any(|line| line.contains("cut off")),
        "{lines:#?}"
    );
    assert_eq!(silent.read(&mut [0; 1]).unwrap_or(0), 0);
}

/// However its first bytes are cut.
#[tokio::test]
async fn the_protocols_are_told_apart_byte_by_byte() {
    let service = Service::untraced(&[]);
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &settings[..]].concat();
    for (bytes, begin) in [
        (
            &b"POST / HTTP/1.1\r\nhost: a\r\n\r\n"[..],
            &b"HTTP/1.1 405"[..],
        ),
        (b"PRIVATE / HTTP/1.1\r\nhost: a\r\n\r\n", b"HTTP/1.1 405"),
        (b"PRI * HTTP/1.1\r\nhost: a\r\n\r\n", b"HTTP/1.1 40"),
        (b"GET /items/1 HTTP/1.0\r\n\r\n", b"HTTP/1.0 200"),
        (b"P\r\n\r\n", b"HTTP/1.1 400"),
        // A frame of SETTINGS.
        (&preface, b"\0\0"),
    ] {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_nodelay(true).unwrap();
        for byte in bytes {
            stream.write_all(&[*byte]).unwrap();
        }
        let mut answer = vec![0; begin.len()];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, begin, "{}", String::from_utf8_lossy(bytes));
    }
}

/// A frame of HTTP/2 (RFC 9113, 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// "Rapid reset": requests that are taken back as soon as they are made (CVE-2023-44487).
#[tokio::test]
async fn a_client_that_only_resets_is_sent_away() {
    let service = Service::untraced(&[]);
    let mut stream = TcpStream::connect(service.address).unwrap();
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(4, 0, 0, &[]));
    for request in 0..20_000 {
        let id = 2 * request + 1;
        // GET http://a/io_task, whose path is literal.
        let head = b"\x82\x86\x04\x08/io_task\x41\x01a";
        flood.extend(frame(1, 0b101, id, head));
        flood.extend(frame(3, 0, id, &[0, 0, 0, 8]));
    }
    let mut reader = stream.try_clone().unwrap();
    let said = tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        // It may be cut off before all was read.
        let _ = reader.read_to_end(&mut all);
        all
    });
    let is_cut = tokio::task::spawn_blocking(move || stream.write_all(&flood).is_err());
    let said = said.await.unwrap();
    // GOAWAY with ENHANCE_YOUR_CALM.
    let calm = said
        .windows(17)
        .any(|bytes| bytes[3] == 7 && bytes[13..] == [0, 0, 0, 11]);
    assert!(calm || is_cut.await.unwrap(), "{said:?}");
    assert_eq!(service.get("/items/1").await.status(), 200);
    let lines = service.process.lines();
    let begun = lines.iter().filter(|line| line.contains("/io_task"));
    assert!(begun.count() < 1_000, "{lines:#?}");
}
