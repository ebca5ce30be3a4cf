//! Tools of the tests over real sockets: a Jaeger on free ports, spans to send, and its API to read
//! back.
#![allow(dead_code)]

pub(crate) mod raw;
pub(crate) mod thrift;

use std::{
    future::Future,
    io::Read,
    net::UdpSocket,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

pub(crate) use embedded_jaeger::model;
use embedded_jaeger::{Addresses, Jaeger, Settings, Trace};
use flate2::{Compression, read::GzEncoder};
use jaeger_api_v2::{self as api_v2, collector_service_client::CollectorServiceClient};
use model::{Process, Receiver, Span, SpanId, Tag, TraceId};
use serde_json::Value;

/// A Jaeger to send to and to ask: the embedded one, or any that listens there.
pub(crate) trait Target {
    /// The addresses on which it listens.
    fn at(&self) -> Addresses;
}

impl Target for Jaeger {
    fn at(&self) -> Addresses {
        *self.addresses()
    }
}

impl Target for Addresses {
    fn at(&self) -> Addresses {
        *self
    }
}

/// A Jaeger on free ports.
pub(crate) async fn jaeger(max_memory_mib: u16) -> Jaeger {
    Jaeger::start(&settings(max_memory_mib)).await.unwrap()
}

/// Free ports.
pub(crate) fn settings(max_memory_mib: u16) -> Settings {
    let mut settings = Settings::on_free_ports();
    settings.max_memory_mib = max_memory_mib;
    settings
}

/// A plain span that started a moment ago.
pub(crate) fn span(trace: u128, id: u64, service: &str, operation: &str) -> Span {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as i64;
    Span {
        trace_id: TraceId(trace),
        span_id: SpanId(id),
        operation: operation.into(),
        references: vec![],
        flags: 1,
        start_ns: (now - 1_000_000) * 1_000,
        duration_ns: 5_000_000,
        tags: vec![Tag::text("span.kind", "server")],
        logs: vec![],
        process: Arc::new(Process {
            service: service.into(),
            tags: vec![Tag::text("host", "h")],
        }),
        warnings: vec![],
        receiver: Receiver::Http,
    }
}

/// Posts a body to the Thrift receiver over HTTP.
pub(crate) async fn post(
    jaeger: &impl Target,
    content_type: &str,
    body: Vec<u8>,
) -> reqwest::Response {
    let url = format!("http://{}/api/traces", jaeger.at().http);
    let request = reqwest::Client::new()
        .post(url)
        .header("content-type", content_type);
    request.body(body).send().await.unwrap()
}

/// Stores spans of one process, through HTTP since that answers when they are stored.
pub(crate) async fn store(jaeger: &impl Target, spans: &[Span]) {
    for batch in spans.chunk_by(|a, b| a.process == b.process) {
        let body = thrift::binary_batch(&batch[0].process, batch);
        assert_eq!(
            post(jaeger, "application/x-thrift", body).await.status(),
            202
        );
    }
}

/// As a sender with compression has it.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = GzEncoder::new(bytes, Compression::default());
    encoder.read_to_end(&mut packed).unwrap();
    packed
}

/// Sends one datagram.
pub(crate) fn datagram(to: std::net::SocketAddr, bytes: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(bytes, to).unwrap();
}

/// A client of the gRPC receiver.
pub(crate) async fn grpc(
    jaeger: &impl Target,
) -> CollectorServiceClient<tonic::transport::Channel> {
    let url = format!("http://{}", jaeger.at().grpc);
    CollectorServiceClient::connect(url).await.unwrap()
}

/// A plain span as api_v2 has it.
pub(crate) fn api_v2_span(trace: u128, id: u64) -> api_v2::Span {
    api_v2::Span {
        trace_id: trace.to_be_bytes().into(),
        span_id: id.to_be_bytes().into(),
        operation_name: "op".into(),
        ..Default::default()
    }
}

/// The request with these spans of one service.
pub(crate) fn request(service: &str, spans: Vec<api_v2::Span>) -> api_v2::PostSpansRequest {
    let process = Some(api_v2::Process {
        service_name: service.into(),
        tags: vec![],
    });
    api_v2::PostSpansRequest {
        batch: Some(api_v2::Batch { spans, process }),
    }
}

/// Status and JSON of a path of the query API.
pub(crate) async fn get(jaeger: &impl Target, path: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", jaeger.at().query);
    let response = reqwest::get(url).await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

/// The events of a page after the first one.
pub(crate) async fn live(url: String) -> reqwest::Response {
    let mut events = reqwest::get(url).await.unwrap();
    let first = events.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b": ready\n"));
    events
}

/// The trace once a span of it has arrived.
pub(crate) async fn arrived(jaeger: &Jaeger, id: u128) -> Trace {
    let timeout = Duration::from_secs(30);
    let trace = jaeger.wait_for_trace(TraceId(id), |_| true, timeout).await;
    trace.unwrap_or_else(|error| panic!("{error}"))
}

/// The JSON of a trace once it is there.
pub(crate) async fn trace(jaeger: &impl Target, id: u128) -> Value {
    let path = format!("/api/traces/{}", TraceId(id));
    let found = || async {
        let (status, json) = get(jaeger, &path).await;
        (status == 200).then(|| json["data"][0].clone())
    };
    eventually(found).await
}

/// Asks until there is an answer, for as long as a busy machine may take.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(ask: impl Fn() -> F) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not within 30 seconds");
}
