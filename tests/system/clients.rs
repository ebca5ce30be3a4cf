//! The client of a request on its span, and a client that went away.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use embedded_jaeger::{Span, Value};
use reqwest::header::{HeaderValue, USER_AGENT};

use crate::support::{
    jaeger::{Jaeger, MODES, span},
    process::Process,
    service::Service,
};

/// The only span of the only trace of `service`.
async fn only_span(jaeger: &Jaeger, service: &str) -> Span {
    let traces = jaeger.traces(service, 1).await;
    assert_eq!(traces.len(), 1, "{traces:#?}");
    traces[0].spans()[0].clone()
}

#[tokio::test]
async fn a_request_that_its_client_gave_up_is_marked() {
    let jaeger = Jaeger::start();
    for mode in MODES {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = silent.local_addr().unwrap().to_string();
        let more = [("TARGET_ONE_HOST", &*target), ("METRICS_PORT", "0")];
        let service = Service::traced(&jaeger, mode, mode, &more);
        let mut client = TcpStream::connect(service.address).unwrap();
        client
            .write_all(b"GET /chain HTTP/1.1\r\nhost: a\r\n\r\n")
            .unwrap();
        // It waits for its target now.
        let (mut call, _) = silent.accept().unwrap();
        call.read_exact(&mut [0; 13]).unwrap();
        drop(client);

        let line = service
            .wait_for_line("GET /chain: the client went away")
            .await;
        let said = " http.route=/chain error.type=cancelled duration_ms=";
        assert!(line.contains(said), "{line}");
        let traces = jaeger.traces(mode, 4).await;
        let chain = span(&traces[0], "GET /chain");
        let mut to_target = traces[0].spans().iter().filter(|span| {
            let url = span.tag("url.full").and_then(Value::as_str);
            url.is_some_and(|url| url.ends_with("/io_task"))
        });
        for span in [chain, to_target.next().unwrap()] {
            assert_eq!(span["error.type"], "cancelled", "{mode}: {span:?}");
            assert_eq!(span["error"], true);
            assert_eq!(span["otel.status_code"], "ERROR");
            assert_eq!(span.tag("http.response.status_code"), None);
        }
        assert_eq!(chain["http.route"], "/chain");
    }
}

#[tokio::test]
async fn a_user_agent_of_any_bytes_is_kept() {
    let jaeger = Jaeger::start();
    for (name, bytes, kept) in [
        ("latin1", &b"Caf\xe9/1"[..], "Caf\u{fffd}/1"),
        ("utf8", "Café/1".as_bytes(), "Café/1"),
        ("noise", b"\xff\x80 x", "\u{fffd}\u{fffd} x"),
        ("plain", b"curl/8", "curl/8"),
    ] {
        let service = Service::traced(&jaeger, "grpc", name, &[]);
        let request = service.client.get(service.url("/"));
        let agent = HeaderValue::from_bytes(bytes).unwrap();
        request.header(USER_AGENT, agent).send().await.unwrap();
        let span = only_span(&jaeger, name).await;
        assert_eq!(span["user_agent.original"], kept, "{name}");
    }
}

#[tokio::test]
async fn headers_of_proxies_are_believed_only_where_that_is_set() {
    let jaeger = Jaeger::start();
    let forwarded = (
        "forwarded",
        "for=\"[2001:db8::7]:4711\";proto=https, for=10.0.0.1",
    );
    let old = [
        ("x-forwarded-for", "203.0.113.9, 10.0.0.1"),
        ("x-forwarded-proto", "https"),
    ];
    const PEER: &str = "127.0.0.1";
    for (name, trust, headers, [client, peer, scheme]) in [
        ("default", "", &old[..], [Some(PEER), None, Some("http")]),
        (
            "off",
            "false",
            &[forwarded],
            [Some(PEER), None, Some("http")],
        ),
        (
            "old",
            "true",
            &old,
            [Some("203.0.113.9"), Some(PEER), Some("https")],
        ),
        (
            "new",
            "true",
            &[forwarded],
            [Some("2001:db8::7"), Some(PEER), Some("https")],
        ),
        ("none", "true", &[], [Some(PEER), None, Some("http")]),
        (
            "forged",
            "true",
            &[
                ("x-forwarded-for", "<script>"),
                ("x-forwarded-proto", "gopher"),
            ],
            [Some(PEER), None, Some("http")],
        ),
    ] {
        let trust = ("TRUST_FORWARDED_HEADERS", trust);
        let service = Service::traced(&jaeger, "grpc", name, &[trust]);
        let mut request = service.client.get(service.url("/"));
        for (header, value) in headers {
            request = request.header(*header, *value);
        }
        request.send().await.unwrap();
        let span = only_span(&jaeger, name).await;
        let text = |key| span.tag(key).and_then(Value::as_str);
        assert_eq!(text("client.address"), client, "{name}");
        assert_eq!(text("network.peer.address"), peer, "{name}");
        assert_eq!(text("url.scheme"), scheme, "{name}");
    }
    let mut bad = Process::start(&["serve"], &[("TRUST_FORWARDED_HEADERS", "nginx")]);
    assert_eq!(bad.wait().code(), Some(2));
    bad.wait_for_line(r#"TRUST_FORWARDED_HEADERS="nginx" is invalid: expected true or false"#);
}

#[tokio::test]
async fn the_server_s_address_is_that_of_the_request() {
    let jaeger = Jaeger::start();
    for (name, line, host, address, port) in [
        (
            "host",
            "GET / HTTP/1.1",
            "shop.example:81",
            "shop.example",
            Some(81),
        ),
        (
            "credentials",
            "GET / HTTP/1.1",
            "user:SECRET@shop.example:81",
            "shop.example",
            Some(81),
        ),
        (
            "bare",
            "GET / HTTP/1.1",
            "shop.example",
            "shop.example",
            None,
        ),
        (
            "whole",
            "GET http://user:SECRET@first.example:82/?sig=SECRET HTTP/1.1",
            "other.example",
            "first.example",
            Some(82),
        ),
    ] {
        let service = Service::traced(&jaeger, "grpc", name, &[]);
        let mut client = TcpStream::connect(service.address).unwrap();
        let head = format!("{line}\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        client.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let span = only_span(&jaeger, name).await;
        assert_eq!(span["server.address"], address);
        let port = port.map(Value::from);
        assert_eq!(span.tag("server.port"), port.as_ref());
        assert!(!format!("{span:?}").contains("SECRET"), "{span:?}");
    }
}
