//! Each way in: a good message, a bad one, and a good one after it.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use embedded_jaeger::{Jaeger, Receiver, Settings, Span, StartError};

use crate::support::{
    self, api_v2_span, arrived, datagram, eventually, grpc, jaeger, post, request, span, thrift,
};

const TYPE: &str = "application/vnd.apache.thrift.binary";

#[tokio::test]
async fn thrift_over_udp_is_stored_and_bad_datagrams_are_counted() {
    let jaeger = jaeger(16).await;
    let addresses = *jaeger.addresses();
    type Encode = fn(&support::model::Process, &[support::model::Span]) -> Vec<u8>;
    let cases: [(_, _, Encode, _, _); 2] = [
        (
            Receiver::UdpCompact,
            addresses.compact,
            thrift::compact_message,
            "udp-compact",
            1,
        ),
        (
            Receiver::UdpBinary,
            addresses.binary,
            thrift::binary_message,
            "udp-binary",
            10,
        ),
    ];
    for (receiver, address, encode, name, id) in cases {
        let good = |id| {
            let span = span(id, 1, "s", "op");
            encode(&span.process.clone(), &[span])
        };
        datagram(address, &good(id));
        let trace = arrived(&jaeger, id).await;
        let span = &trace.spans()[0];
        let tags: Vec<_> = span
            .tags()
            .map(|(key, value)| (key, value.to_string()))
            .collect();
        let expected = [
            ("internal.span.format", "proto"),
            ("internal.span.receiver", name),
            ("span.kind", "server"),
        ];
        assert_eq!(tags, expected.map(|(key, value)| (key, value.to_owned())));
        assert_eq!((span.service(), span.receiver()), ("s", receiver));
        let bytes = good(id + 1);
        datagram(address, b"");
        datagram(address, b"hello");
        datagram(address, &bytes[..bytes.len() - 1]);
        datagram(address, &good(0));
        datagram(address, &good(id + 2));
        arrived(&jaeger, id + 2).await;
        // The last message is counted a moment after it can be seen.
        let all = || async { (jaeger.counts(receiver).messages == 6).then_some(()) };
        eventually(all).await;
        let counts = jaeger.counts(receiver);
        assert_eq!((counts.spans, counts.malformed, counts.zero_id), (2, 3, 1));
    }
    jaeger.shutdown().await;
}

#[tokio::test]
async fn thrift_over_http_is_answered_as_a_collector_answers() {
    let jaeger = jaeger(16).await;
    let good = |id| {
        let span = span(id, 1, "s", "op");
        thrift::binary_batch(&span.process.clone(), &[span])
    };
    assert_eq!(
        post(&jaeger, "application/x-thrift; charset=utf-8", good(1))
            .await
            .status(),
        202
    );
    for (content_type, body, text) in [
        (
            TYPE,
            vec![],
            "Unable to process request body: the message ends within a value",
        ),
        (
            TYPE,
            vec![1],
            "Unable to process request body: unknown type 1",
        ),
        (
            TYPE,
            vec![0],
            "Unable to process request body: required field Batch.process is not set",
        ),
        (
            "text/plain",
            good(2),
            "Unsupported content type: text/plain",
        ),
    ] {
        let response = post(&jaeger, content_type, body).await;
        assert_eq!(response.status(), 400);
        let taken = "this port takes POST /api/traces with a Batch in Thrift's binary protocol, as application/x-thrift";
        assert_eq!(response.text().await.unwrap(), format!("{text}; {taken}\n"));
    }
    assert_eq!(
        post(&jaeger, TYPE, vec![0; (4 << 20) + 1]).await.status(),
        413
    );
    let url = format!(
        "http://{}/api/traces?format=jaeger.thrift",
        jaeger.addresses().http
    );
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 405);
    let request = reqwest::Client::new()
        .post(&url)
        .header("content-type", TYPE);
    assert_eq!(request.body(good(3)).send().await.unwrap().status(), 202);
    let counts = jaeger.counts(Receiver::Http);
    assert_eq!((counts.malformed, counts.unsupported), (4, 2));

    assert_eq!(support::get(&jaeger, "/api/traces/2").await.0, 404);
    let trace = arrived(&jaeger, 3).await;
    let span = &trace.spans()[0];
    assert_eq!(span["internal.span.format"], "jaeger");
    assert_eq!(span["internal.span.receiver"], "http");
}

#[tokio::test]
async fn grpc_is_answered_as_a_collector_answers() {
    let jaeger = jaeger(16).await;
    let mut client = grpc(&jaeger).await;
    let mut own = api_v2_span(1, 2);
    own.process = Some(Default::default());
    client
        .post_spans(request(
            "s",
            vec![api_v2_span(1, 1), own, api_v2_span(0, 1)],
        ))
        .await
        .unwrap();
    client
        .post_spans(jaeger_api_v2::PostSpansRequest { batch: None })
        .await
        .unwrap();

    let mut bad = api_v2_span(2, 1);
    bad.span_id.push(0);
    let status = client
        .post_spans(request("s", vec![bad]))
        .await
        .unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert_eq!(status.message(), "a span id's length is not valid");
    let mut large = api_v2_span(3, 1);
    large.operation_name = "x".repeat(4 << 20);
    assert!(client.post_spans(request("s", vec![large])).await.is_err());
    client
        .post_spans(request("s", vec![api_v2_span(4, 1)]))
        .await
        .unwrap();

    let trace = arrived(&jaeger, 1).await;
    let services: Vec<_> = trace.spans().iter().map(Span::service).collect();
    assert_eq!(services, ["s", "empty-service-name"]);
    assert_eq!(trace.spans()[0]["internal.span.receiver"], "grpc");
    arrived(&jaeger, 4).await;
    assert_eq!(jaeger.counts(Receiver::Grpc).zero_id, 1);
}

#[test]
fn outside_of_a_runtime_it_does_not_start() {
    let settings = Settings::on_free_ports();
    let started = pin!(Jaeger::start(&settings)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = started else {
        panic!("{started:?}");
    };
    assert!(matches!(error, StartError::NoRuntime), "{error}");
}

#[tokio::test]
async fn a_taken_port_is_named_and_a_shutdown_frees_all_ports() {
    let first = jaeger(16).await;
    let addresses = *first.addresses();
    let mut settings = Settings::default();
    settings.compact_port = addresses.compact.port();
    settings.binary_port = addresses.binary.port();
    settings.http_port = addresses.http.port();
    settings.grpc_port = addresses.grpc.port();
    settings.query_port = addresses.query.port();
    let error = Jaeger::start(&settings).await.unwrap_err();
    assert!(matches!(error, StartError::Taken { .. }));
    let expected = format!(
        "port {} for Thrift compact (UDP) is taken",
        settings.compact_port
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    first.shutdown().await;
    Jaeger::start(&settings).await.unwrap().shutdown().await;
}

#[tokio::test]
async fn a_burst_of_datagrams_is_kept() {
    let jaeger = jaeger(64).await;
    // Not more than the smallest usual buffer of a kernel holds, even if nobody reads for a while.
    for datagrams in 0..10 {
        let spans: Vec<_> = (1..=100)
            .map(|id| span(datagrams * 100 + id, 1, "s", "op"))
            .collect();
        let bytes = thrift::compact_message(&spans[0].process, &spans);
        datagram(jaeger.addresses().compact, &bytes);
    }
    eventually(|| async { (jaeger.counts(Receiver::UdpCompact).spans == 1_000).then_some(()) })
        .await;
}
