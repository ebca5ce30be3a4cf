//! The answers to senders of another format, and to those that have the wrong port.

use bytes::Bytes;
use embedded_jaeger::{Jaeger, model::Receiver};
use http::uri::PathAndQuery;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tonic::{Code, Request, Status, codec::CompressionEncoding::Gzip, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::{self, api_v2_span, grpc, jaeger, raw::Raw, request, span, thrift};

const OTLP: &str = ": OTLP is for a real Jaeger, on 4317 (gRPC) and 4318 (HTTP)";

async fn call(jaeger: &Jaeger, path: &'static str, encoding: Option<&'static str>) -> Status {
    let url = format!("http://{}", jaeger.addresses().grpc);
    let channel = Channel::from_shared(url).unwrap();
    let mut client = tonic::client::Grpc::new(channel.connect().await.unwrap());
    client.ready().await.unwrap();
    let mut message = Request::new(Bytes::new());
    if let Some(encoding) = encoding {
        let encoding = encoding.parse().unwrap();
        message.metadata_mut().insert("grpc-encoding", encoding);
    }
    let path = PathAndQuery::from_static(path);
    client.unary(message, path, Raw).await.unwrap_err()
}

#[tokio::test]
async fn over_grpc_it_is_named_with_what_is_taken() {
    let jaeger = jaeger(16).await;
    let trace_service = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    for (path, encoding, why) in [
        (
            trace_service,
            None,
            format!("unknown service opentelemetry.proto.collector.trace.v1.TraceService{OTLP}"),
        ),
        (
            "/jaeger.api_v2.SamplingManager/GetSamplingStrategy",
            None,
            "unknown service jaeger.api_v2.SamplingManager".into(),
        ),
        (
            "/jaeger.api_v2.CollectorService/PostSpan",
            None,
            "unknown method PostSpan for service jaeger.api_v2.CollectorService".into(),
        ),
        (
            "/grpc.health.v1.Health/List",
            None,
            "unknown method List for service grpc.health.v1.Health".into(),
        ),
        (
            "/PostSpans",
            None,
            "malformed method name: \"/PostSpans\"".into(),
        ),
        (
            "/jaeger.api_v2.CollectorService/PostSpans",
            Some("snappy"),
            "Content is compressed with `snappy` which isn't supported, but gzip is".into(),
        ),
    ] {
        let status = call(&jaeger, path, encoding).await;
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        let taken = "this port takes jaeger.api_v2.CollectorService/PostSpans";
        assert_eq!(status.message(), format!("{why}; {taken}"));
    }
    let counts = jaeger.counts(Receiver::Grpc);
    assert_eq!(
        (counts.messages, counts.unsupported, counts.malformed),
        (6, 6, 0)
    );
}

#[tokio::test]
async fn over_http_it_is_named_with_what_is_taken() {
    let jaeger = jaeger(16).await;
    let good = {
        let span = span(1, 1, "s", "op");
        thrift::binary_batch(&span.process.clone(), &[span])
    };
    let long = format!("/{}", "x".repeat(10_000));
    let post = reqwest::Method::POST;
    for (method, path, header, status, why) in [
        (
            post.clone(),
            "/v1/traces",
            ("content-type", "application/x-protobuf"),
            404,
            format!("no such path /v1/traces{OTLP}"),
        ),
        (
            post.clone(),
            "/v1/metrics/",
            ("content-type", "application/json"),
            404,
            format!("no such path /v1/metrics/{OTLP}"),
        ),
        (
            post.clone(),
            "/api/v2/spans",
            ("content-type", "application/json"),
            404,
            "no such path /api/v2/spans: Zipkin's spans are for a real Jaeger, on 9411".into(),
        ),
        (
            post.clone(),
            "/api/v1/spans",
            ("content-type", "application/x-thrift"),
            404,
            "no such path /api/v1/spans: Zipkin's spans are for a real Jaeger, on 9411".into(),
        ),
        (
            post.clone(),
            &long,
            ("a", "b"),
            404,
            format!("no such path {}", &long[..100]),
        ),
        (
            reqwest::Method::GET,
            "/api/traces",
            ("a", "b"),
            405,
            "only POST is allowed".into(),
        ),
        (
            post.clone(),
            "/api/traces",
            ("a", "b"),
            400,
            "Cannot parse content type: mime: no media type".into(),
        ),
        (
            post.clone(),
            "/api/traces",
            ("content-type", "application/x-protobuf"),
            400,
            "Unsupported content type: application/x-protobuf".into(),
        ),
    ] {
        let url = format!("http://{}{path}", jaeger.addresses().http);
        let request = reqwest::Client::new()
            .request(method, url)
            .header(header.0, header.1);
        let response = request.body(good.clone()).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        let taken = "this port takes POST /api/traces with a Batch in Thrift's binary protocol, as application/x-thrift";
        assert_eq!(response.text().await.unwrap(), format!("{why}; {taken}\n"));
    }
    // The real one takes no compressed body, either.
    let url = format!("http://{}/api/traces", jaeger.addresses().http);
    let request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/x-thrift");
    let response = request
        .header("content-encoding", "gzip")
        .body(support::gzip(&good))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let text = response.text().await.unwrap();
    assert!(
        text.starts_with("Unsupported content encoding: gzip; "),
        "{text}"
    );
    let counts = jaeger.counts(Receiver::Http);
    assert_eq!(
        (counts.messages, counts.unsupported, counts.malformed),
        (9, 9, 0)
    );
}

#[tokio::test]
async fn gzip_is_taken_over_grpc_and_a_bomb_is_not() {
    let jaeger = jaeger(16).await;
    let mut client = grpc(&jaeger).await.send_compressed(Gzip);
    client
        .post_spans(request("s", vec![api_v2_span(1, 1)]))
        .await
        .unwrap();
    let trace = support::arrived(&jaeger, 1).await;
    assert_eq!(trace.spans()[0].service(), "s");

    // It is a thousandth of this on the wire.
    let bomb = |length| {
        let mut span = api_v2_span(2, 1);
        span.operation_name = "x".repeat(length);
        request("s", vec![span])
    };
    for length in [4 << 20, 64 << 20] {
        let status = client.post_spans(bomb(length)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let limit = "size limit, of 4194304 bytes, exceeded";
        assert!(status.message().contains(limit), "{status}");
    }
    assert_eq!(jaeger.counts(Receiver::Grpc).malformed, 2);
    client.post_spans(bomb(3 << 20)).await.unwrap();
    client
        .post_spans(request("s", vec![api_v2_span(3, 1)]))
        .await
        .unwrap();
    support::arrived(&jaeger, 3).await;
}

#[tokio::test]
async fn the_collector_says_that_it_serves() {
    let jaeger = jaeger(16).await;
    let url = format!("http://{}", jaeger.addresses().grpc);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    let request = |service: &str| HealthCheckRequest {
        service: service.into(),
    };
    for service in ["", "jaeger.api_v2.CollectorService"] {
        let answer = client.check(request(service)).await.unwrap();
        assert_eq!(answer.get_ref().status(), ServingStatus::Serving);
        let mut changes = client.watch(request(service)).await.unwrap().into_inner();
        let now = changes.message().await.unwrap().unwrap();
        assert_eq!(now.status(), ServingStatus::Serving);
    }
    let status = client.check(request("nobody")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(jaeger.counts(Receiver::Grpc).messages, 0);
}

#[tokio::test]
async fn a_connection_to_the_port_of_another_protocol_is_counted() {
    let jaeger = jaeger(16).await;
    let at = *jaeger.addresses();
    // gRPC to the port of Thrift over HTTP, and the other way round.
    let channel = Channel::from_shared(format!("http://{}", at.http)).unwrap();
    let mut client = HealthClient::new(channel.connect_lazy());
    assert!(client.check(HealthCheckRequest::default()).await.is_err());
    let mut stream = TcpStream::connect(at.grpc).await.unwrap();
    let post = b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
    stream.write_all(post).await.unwrap();
    for receiver in [Receiver::Http, Receiver::Grpc] {
        // It is counted a moment after the connection has ended; the client may try more than once.
        let counted = || async { (jaeger.counts(receiver).unsupported > 0).then_some(()) };
        support::eventually(counted).await;
    }
    // One that is opened and closed is none.
    let before = (jaeger.counts(Receiver::Http), jaeger.counts(Receiver::Grpc));
    for address in [at.http, at.grpc] {
        drop(TcpStream::connect(address).await.unwrap());
    }
    support::store(&jaeger, &[span(1, 1, "s", "op")]).await;
    grpc(&jaeger)
        .await
        .post_spans(request("s", vec![api_v2_span(2, 1)]))
        .await
        .unwrap();
    let after = (jaeger.counts(Receiver::Http), jaeger.counts(Receiver::Grpc));
    assert_eq!(after.0.unsupported, before.0.unsupported);
    assert_eq!(after.1.unsupported, before.1.unsupported);
}
