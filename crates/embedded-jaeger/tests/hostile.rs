//! Anything may come in: each receiver, and what transforms a saved trace, gets random, truncated
//! and changed messages, lives on, keeps its memory within its bound, and stores the next good
//! span. The seed is fixed, so a failure comes again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "embedded_jaeger/support/mod.rs"]
mod support;

use std::{
    net::{SocketAddr, UdpSocket},
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use embedded_jaeger::{
    Jaeger,
    model::{Log, Receiver, Span, Tag},
};
use http::uri::PathAndQuery;
use prost::Message;
use support::{api_v2_span, datagram, grpc, jaeger, post, raw::Raw, request, span, thrift};
use tokio::io::AsyncWriteExt;
use tonic::{Code, Request, codec::CompressionEncoding::Gzip, transport::Channel};

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
/// The store's bound, and what the rest of this process may grow by (clients, connections, the
/// allocator), in MiB.
const STORE: u16 = 16;
const REST: u64 = 96;
/// Messages under way at a time; a kernel's usual buffer holds as many of these datagrams.
const WINDOW: u64 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_thousand_messages() {
    all_receivers(2_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs minutes: cargo test --release --test hostile -- --ignored --nocapture"]
async fn a_million_messages() {
    all_receivers(1_000_000).await;
}

async fn all_receivers(count: u64) {
    println!("seed {SEED:#x}");
    let jaeger = jaeger(STORE).await;
    let spans = [rich(1), rich(2), span(3, 3, "s", "op")];
    let process = Arc::clone(&spans[0].process);
    let addresses = *jaeger.addresses();
    let before = resident();

    let messages = Messages::of(thrift::compact_message(&process, &spans));
    udp(
        &jaeger,
        Receiver::UdpCompact,
        addresses.compact,
        messages,
        count,
    )
    .await;
    datagram(
        addresses.compact,
        &thrift::compact_message(&process, &[span(0xa1, 1, "good", "op")]),
    );
    check(&jaeger, 0xa1, before).await;

    let messages = Messages::of(thrift::binary_message(&process, &spans));
    udp(
        &jaeger,
        Receiver::UdpBinary,
        addresses.binary,
        messages,
        count,
    )
    .await;
    datagram(
        addresses.binary,
        &thrift::binary_message(&process, &[span(0xa2, 1, "good", "op")]),
    );
    check(&jaeger, 0xa2, before).await;

    let messages = Messages::of(thrift::binary_batch(&process, &spans));
    let url = format!("http://{}/api/traces", addresses.http);
    over_http(&url, [202, 400], messages, count).await;
    report(&jaeger, Receiver::Http);
    let good = thrift::binary_batch(&process, &[span(0xa3, 1, "good", "op")]);
    assert_eq!(
        post(&jaeger, "application/x-thrift", good).await.status(),
        202
    );
    check(&jaeger, 0xa3, before).await;

    let spans = vec![api_v2_span(1, 1), api_v2_span(2, 2)];
    let messages = Messages::of(request("service", spans).encode_to_vec());
    over_grpc(&jaeger, messages, count).await;
    grpc(&jaeger)
        .await
        .post_spans(request("good", vec![api_v2_span(0xa4, 1)]))
        .await
        .unwrap();
    check(&jaeger, 0xa4, before).await;

    let messages = Messages::of(include_bytes!("embedded_jaeger/saved/otlp.json").into());
    let url = format!("http://{}/api/transform", addresses.query);
    over_http(&url, [200, 500], messages, count).await;

    for address in [addresses.http, addresses.grpc, addresses.query] {
        no_http(address, count.min(200)).await;
    }
    store_one(&jaeger, 0xa5).await;
    check(&jaeger, 0xa5, before).await;
}

/// The good span is there, and memory is within its bound.
async fn check(jaeger: &Jaeger, good: u128, before: u64) {
    support::arrived(jaeger, good).await;
    let after = resident();
    println!("  resident memory: {before} MiB before, {after} MiB now");
    assert!(
        after <= before + u64::from(STORE) + REST,
        "{before} MiB before, {after} MiB now"
    );
}

async fn store_one(jaeger: &Jaeger, id: u128) {
    support::store(jaeger, &[span(id, 1, "good", "op")]).await;
}

/// Resident memory of this process in MiB; 0 where the system does not say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or_default() / 1024
}

fn rich(id: u64) -> Span {
    let mut span = span(id.into(), id, "service", "GET /items/{item_id}");
    span.tags
        .extend((0..10).map(|n| Tag::text(&format!("key-{n}"), "value")));
    span.logs = vec![Log {
        timestamp_ns: 1_000,
        fields: span.tags.clone(),
    }];
    span
}

/// Bad messages, one after the other, always the same.
#[derive(Clone)]
struct Messages {
    good: Vec<u8>,
    state: u64,
}

impl Messages {
    fn of(good: Vec<u8>) -> Self {
        Self { good, state: SEED }
    }

    /// xorshift64: enough to be wild.
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.random() % bound as u64) as usize
    }

    fn next(&mut self) -> Vec<u8> {
        match self.below(4) {
            0 => (0..self.below(1_500))
                .map(|_| self.random() as u8)
                .collect(),
            1 => {
                let length = self.below(self.good.len());
                self.good[..length].to_vec()
            }
            kind => {
                // Changed in a few bytes: anything, or to those of large and small numbers.
                let mut bytes = self.good.clone();
                for _ in 0..=self.below(6) {
                    let at = self.below(bytes.len());
                    let special = [0, 1, 0x0f, 0x7f, 0x80, 0xff][self.below(6)];
                    bytes[at] = if kind == 2 {
                        special
                    } else {
                        self.random() as u8
                    };
                }
                bytes
            }
        }
    }
}

fn report(jaeger: &Jaeger, receiver: Receiver) {
    println!("{}: {:?}", receiver.name(), jaeger.counts(receiver));
}

fn timed(what: &str, count: u64, start: Instant) {
    let seconds = start.elapsed().as_secs_f32();
    println!("{what}: {count} messages sent in {seconds:.1} s");
}

async fn udp(
    jaeger: &Jaeger,
    receiver: Receiver,
    to: SocketAddr,
    mut messages: Messages,
    count: u64,
) {
    let start = Instant::now();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for sent in 1..=count {
        socket.send_to(&messages.next(), to).unwrap();
        while sent - jaeger.counts(receiver).messages >= WINDOW {
            std::thread::yield_now();
        }
    }
    support::eventually(|| async { (jaeger.counts(receiver).messages == count).then_some(()) })
        .await;
    timed(receiver.name(), count, start);
    report(jaeger, receiver);
}

async fn over_http(url: &str, answers: [u16; 2], mut messages: Messages, count: u64) {
    let start = Instant::now();
    let client = reqwest::Client::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        if tasks.len() as u64 >= WINDOW {
            tasks.join_next().await.unwrap().unwrap();
        }
        let request = client
            .post(url)
            .header("content-type", "application/x-thrift");
        let request = request.body(messages.next()).send();
        tasks.spawn(async move {
            let status = request.await.unwrap().status().as_u16();
            assert!(answers.contains(&status), "{status}");
        });
    }
    tasks.join_all().await;
    timed(url, count, start);
}

async fn over_grpc(jaeger: &Jaeger, mut messages: Messages, count: u64) {
    let start = Instant::now();
    let url = format!("http://{}", jaeger.addresses().grpc);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..count {
        if tasks.len() as u64 >= WINDOW {
            tasks.join_next().await.unwrap().unwrap();
        }
        let mut client = tonic::client::Grpc::new(channel.clone());
        if number % 2 == 0 {
            client = client.send_compressed(Gzip);
        }
        tasks.spawn(post_raw(client, Bytes::from(messages.next())));
    }
    tasks.join_all().await;
    timed(Receiver::Grpc.name(), count, start);
    report(jaeger, Receiver::Grpc);
}

/// Sends until the message is answered: HTTP/2 closes a connection that had too many streams broken
/// off, and the channel makes a new one.
async fn post_raw(mut client: tonic::client::Grpc<Channel>, message: Bytes) {
    let path = PathAndQuery::from_static("/jaeger.api_v2.CollectorService/PostSpans");
    for _ in 0..100 {
        if client.ready().await.is_err() {
            continue;
        }
        match client
            .unary(Request::new(message.clone()), path.clone(), Raw)
            .await
        {
            Ok(_) => return,
            // What is broken outside of the batch is tonic's to refuse, and it says INTERNAL.
            Err(status) if matches!(status.code(), Code::InvalidArgument | Code::Internal) => {
                return;
            }
            Err(_) => {}
        }
    }
    panic!("no answer");
}

/// Bytes that are not even HTTP.
async fn no_http(to: SocketAddr, connections: u64) {
    let mut messages =
        Messages::of(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec());
    for _ in 0..connections {
        let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
        // The other side may have closed by now.
        let _ = stream.write_all(&messages.next()).await;
    }
}
