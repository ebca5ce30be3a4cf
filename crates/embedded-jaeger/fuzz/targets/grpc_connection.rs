//! All that a client of the gRPC receiver writes to its connection: HTTP/2 frames, if they are
//! that.
#![no_main]

use std::time::Duration;

use embedded_jaeger_fuzz::{Jaeger, RUNTIME};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex, split},
    time::timeout,
};

/// A connection that the client has closed must end by itself well before this.
const PATIENCE: Duration = Duration::from_secs(5);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let jaeger = Jaeger::default();
    let (client, server) = duplex(64 << 10);
    let (mut from_server, mut to_server) = split(client);
    let client = async {
        // The other side may have closed by now.
        let _ = to_server.write_all(bytes).await;
        let _ = to_server.shutdown().await;
    };
    let all = async {
        let server = jaeger.parts.grpc_connection(server);
        let mut answers = Vec::new();
        let _ = tokio::join!(client, from_server.read_to_end(&mut answers), server);
    };
    let end = async { timeout(PATIENCE, all).await };
    RUNTIME.block_on(end).expect("the connection ends");
});
