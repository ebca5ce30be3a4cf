//! Clients that want too much, or never end.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{io::AsyncWriteExt, task::JoinSet};

use crate::{
    rig::{
        LOST, LOST_NO_MORE, Rig, Traced,
        load::{self, compare},
        memory,
    },
    support::{
        jaeger::MODES,
        patience::Patience,
        process::{BINARY, Process},
        service::Service,
    },
};

/// Room for a long path in every attribute that has it.
const WHOLE_PATHS: &[(&str, &str)] = &[("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100000")];

/// The path is answered, and cut in the span.
#[tokio::test(flavor = "multi_thread")]
async fn a_path_of_60_kb() {
    for mode in MODES {
        let rig = Rig::start(mode, &[]).await;
        for _ in 0..100 {
            long_path(&rig.traced, "").await;
        }
        rig.wait_for_all_spans().await;
        memory::is_within(rig.traced.service.process.id(), memory::BOUND);
        assert_eq!(rig.end().await.dropped, 0, "{mode}");
    }
}

/// A span that no datagram can carry is dropped alone, and the log says it once; a collector takes
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn a_span_that_is_larger_than_a_datagram() {
    for mode in MODES {
        let rig = Rig::start(mode, WHOLE_PATHS).await;
        load::requests(&rig.traced, 50, 8).await;
        for _ in 0..2 {
            long_path(&rig.traced, &"a".repeat(5_000)).await;
            load::requests(&rig.traced, 50, 8).await;
        }
        if mode == "thrift-agent" {
            let over = || rig.traced.count_lines(LOST_NO_MORE) > 0;
            rig.traced.get_until("over", over).await;
            rig.traced.assert_logged(LOST, 1);
            rig.traced.assert_logged(LOST_NO_MORE, 1);
        }
        let span_counts = rig.end().await;
        match mode {
            "thrift-agent" => assert_eq!(span_counts.reasons, [("too_large".to_owned(), 2)]),
            _ => assert_eq!(span_counts.dropped, 0, "{mode}"),
        }
    }
}

async fn long_path(to: &Traced, user_agent: &str) {
    let path = format!("/items/{}", "9".repeat(60_000));
    let request = to.service.client.get(to.service.url(&path));
    let answer = request
        .header("user-agent", user_agent)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 422);
    to.count_request();
}

/// Too many headers, one that is too long, and some that never end: refused, and forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn header_bombs() {
    const BOMBS: usize = 20;
    let plain = Rig::start("grpc", &[]).await;
    let rig = Rig::start("grpc", &[]).await;
    let address = rig.traced.service.address;
    let many: String = (0..1_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(1024 * 1024));
    let mut bombs = JoinSet::new();
    for _ in 0..BOMBS {
        for headers in [&many, &long] {
            let head = format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n");
            bombs.spawn_blocking(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                // Refused before all of it is read, or else answered.
                if stream.write_all(head.as_bytes()).is_ok() {
                    is_refused(&mut stream);
                }
            });
        }
        bombs.spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").unwrap();
            let patience = Patience::new();
            while stream.write_all(&[b'x'; 64 * 1024]).is_ok() {
                patience.check(|| "it takes headers without end".to_owned());
            }
        });
    }
    compare("header bombs", &plain.traced, &rig.traced).await;
    while let Some(bomb) = bombs.join_next().await {
        bomb.unwrap();
    }
    rig.get_until_spans_arrive().await;
    memory::is_within(rig.traced.service.process.id(), memory::BOUND);
    assert_eq!(rig.end().await.dropped, 0);
}

/// Whatever is read of the answer, it is "431"; what was not read of the request may have cut it
/// off.
fn is_refused(stream: &mut TcpStream) {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        Ok(_) => assert!(answer.starts_with(b"HTTP/1.1 431"), "{answer:?}"),
    }
}

/// Connections that do nothing cost memory alone, and little of it.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections() {
    const CONNECTIONS: u64 = 10_000;
    /// Of the service and of this test: files, queues and other connections.
    const REST: u64 = 1_000;
    /// MiB for the buffers of so many, in an unoptimised build.
    const BUFFERS: u64 = 192;

    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let connections = CONNECTIONS.min(hard - REST);
    println!("{connections} idle connections (open files: {soft}, at most {hard})");
    let plain = Rig::start("grpc", &[]).await;
    let rig = Rig::start("grpc", &[]).await;
    let mut idle = Vec::new();
    for _ in 0..connections {
        let address = rig.traced.service.address;
        idle.push(tokio::net::TcpStream::connect(address).await.unwrap());
    }
    compare("idle connections", &plain.traced, &rig.traced).await;
    rig.wait_for_all_spans().await;
    memory::is_within(rig.traced.service.process.id(), memory::BOUND + BUFFERS);
    drop(idle);
    rig.get_until_spans_arrive().await;
    assert_eq!(rig.end().await.dropped, 0);
}

/// Clients that send a byte of their request now and then are sent away in the end.
#[tokio::test(flavor = "multi_thread")]
async fn slow_loris() {
    const CLIENTS: usize = 500;
    let plain = Rig::start("grpc", &[]).await;
    let rig = Rig::start("grpc", &[]).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let address = rig.traced.service.address;
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        clients.spawn(async move {
            let patience = Patience::new();
            stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
            while stream.write_all(b"y").await.is_ok() {
                patience.check(|| "it is still listened to".to_owned());
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    }
    compare("slow-loris", &plain.traced, &rig.traced).await;
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    rig.get_until_spans_arrive().await;
    memory::is_within(rig.traced.service.process.id(), memory::BOUND);
    assert_eq!(rig.end().await.dropped, 0);
}

/// HTTP/2's connections end like the others when nothing happens on them, however far they have
/// come.
#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_of_http_2() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    /// The begin of the headers of a request, and no end.
    const HEADERS: &[u8] = b"\0\0\x03\x01\0\0\0\0\x01\x82\x86\x84";
    /// `GET http://a/`.
    const REQUEST: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";
    let rig = Rig::start("grpc", &[]).await;
    let mut clients = JoinSet::new();
    for bytes in [
        &PREFACE[..10],
        PREFACE,
        &[PREFACE, SETTINGS].concat(),
        &[PREFACE, SETTINGS, HEADERS].concat(),
        &[PREFACE, SETTINGS, REQUEST].concat(),
    ] {
        let mut stream = TcpStream::connect(rig.traced.service.address).unwrap();
        stream.write_all(bytes).unwrap();
        clients.spawn_blocking(move || {
            let timeout = Duration::from_secs(60);
            stream.set_read_timeout(Some(timeout)).unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        });
    }
    rig.traced.count_request();
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    rig.get_until_spans_arrive().await;
    assert_eq!(rig.end().await.dropped, 0);
}

/// More connections than the system allows: those that are there are served, and the log says it
/// once.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_open_files() {
    const FULL: &str = "cannot accept connections";
    const FREE: &str = "accepts connections again";
    let rig = Rig::start_as("grpc", &[], |env| {
        let mut command = Process::command("sh");
        command
            .args(["-c", "ulimit -n 64; exec \"$@\"", "sh", BINARY, "serve"])
            .envs(env.iter().map(|(key, value)| (key, value)));
        Traced::new(Service::spawn(command))
    })
    .await;
    let address = rig.traced.service.address;
    let mut kept = TcpStream::connect(address).unwrap();
    ask(&mut kept, &rig.traced);
    // The way to the collector is open too.
    rig.wait_for_all_spans().await;
    // More than there are descriptors, and no more than may wait to be accepted.
    let held: Vec<_> = (0..120)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let patience = Patience::new();
    while rig.traced.count_lines(FULL) == 0 {
        patience.check(|| format!("not full: {:#?}", rig.traced.log()));
        ask(&mut kept, &rig.traced);
    }
    for _ in 0..500 {
        ask(&mut kept, &rig.traced);
    }
    rig.wait_for_all_spans().await;
    drop(held);
    let patience = Patience::new();
    while rig.traced.count_lines(FREE) == 0 {
        patience.check(|| format!("not free again: {:#?}", rig.traced.log()));
        // From a connection of its own.
        let answer = reqwest::get(rig.traced.service.url("/")).await.unwrap();
        assert_eq!(answer.status(), 200);
        rig.traced.count_request();
    }
    rig.traced.assert_logged(FULL, 1);
    rig.traced.assert_logged(FREE, 1);
    assert_eq!(rig.end().await.dropped, 0);
}

/// A request on a connection that stays open.
fn ask(stream: &mut TcpStream, of: &Traced) {
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut some = [0; 1024];
        let read = stream.read(&mut some).unwrap();
        assert!(read > 0, "cut off after {answer:?}");
        answer.extend(&some[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    of.count_request();
}
