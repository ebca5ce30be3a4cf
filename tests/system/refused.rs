//! The log of the embedded Jaeger about senders that it refuses.

use std::net::UdpSocket;

use crate::support::jaeger_process::JaegerProcess;

#[tokio::test]
async fn a_sender_of_another_format_is_named_in_one_line_with_what_is_taken() {
    let jaeger = JaegerProcess::start();
    let log = jaeger.process.as_ref().unwrap();
    let client = reqwest::Client::new();
    let post = client.post(format!("http://{}/v1/traces", jaeger.http));
    assert_eq!(post.send().await.unwrap().status(), 404);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"{}", jaeger.compact).unwrap();
    for (start, end) in [
        (
            "http: refused: no such path /v1/traces: OTLP is for a real Jaeger, on 4317 (gRPC) and 4318 (HTTP)",
            "; this port takes POST /api/traces with a Batch in Thrift's binary protocol, as application/x-thrift",
        ),
        (
            "udp-compact: refused: not a message of this protocol and version",
            "; this port takes emitBatch in Thrift's compact protocol",
        ),
    ] {
        let line = log.wait_for_line(start);
        assert!(line.ends_with(&format!("{start}{end}")), "{line}");
    }
}
