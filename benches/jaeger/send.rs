//! Sends prepared messages as fast as they are taken.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use bytes::Bytes;
use embedded_jaeger::Addresses;
use http::{StatusCode, uri::PathAndQuery};
use jaeger_api_v2::PostSpansResponse;
use tonic::{client::Grpc, transport::Endpoint};
use tonic_prost::ProstCodec;

use crate::support::{
    Result,
    messages::{self, Protocol},
};

/// Messages under way at a time, where there is an answer.
const SENDERS: usize = 4;

/// Bytes that may wait in the kernel for a reader of datagrams; the least that it keeps is twice as
/// many.
const KERNEL_QUEUE: u64 = 100_000;

/// Sends all; how many messages were refused.
pub(crate) async fn all(to: &Addresses, protocol: Protocol, messages: &[Bytes]) -> Result<usize> {
    match protocol {
        Protocol::Udp => datagrams(to.compact, messages),
        Protocol::Http => posts(to.http, messages).await,
        Protocol::Grpc => calls(to.grpc, messages).await,
    }
}

/// Nobody answers a datagram. One that the kernel has no room for is lost, so the sender waits for
/// room: what is counted is what the reader does with datagrams that it gets.
fn datagrams(to: SocketAddr, messages: &[Bytes]) -> Result<usize> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    for message in messages {
        while waiting(to)? > KERNEL_QUEUE {
            thread::sleep(Duration::from_micros(100));
        }
        socket.send_to(message, to)?;
    }
    Ok(0)
}

/// Bytes in the kernel's queue of the socket at `address`.
fn waiting(address: SocketAddr) -> Result<u64> {
    let port = format!(":{:04X}", address.port());
    for table in ["/proc/net/udp", "/proc/net/udp6"] {
        let sockets = std::fs::read_to_string(table)?;
        for socket in sockets.lines() {
            // Number, local address, remote address, state, tx_queue:rx_queue.
            let mut columns = socket.split_whitespace().skip(1);
            if columns.next().is_some_and(|local| local.ends_with(&port)) {
                let queues = columns.nth(2).and_then(|queues| queues.split_once(':'));
                let (_, received) = queues.ok_or("not the form of /proc/net/udp")?;
                return Ok(u64::from_str_radix(received, 16)?);
            }
        }
    }
    Err(format!("no socket at {address}").into())
}

async fn posts(to: SocketAddr, messages: &[Bytes]) -> Result<usize> {
    let client = reqwest::Client::new();
    let url = format!("http://{to}/api/traces");
    let send = async |messages: &[Bytes]| {
        let mut refused = 0;
        for message in messages {
            let request = client.post(&url).body(message.clone());
            let request = request.header("content-type", "application/x-thrift");
            let status = request.send().await?.status();
            refused += usize::from(status != StatusCode::ACCEPTED);
        }
        Result::Ok(refused)
    };
    side_by_side(messages, send).await
}

async fn calls(to: SocketAddr, messages: &[Bytes]) -> Result<usize> {
    let channel = Endpoint::from_shared(format!("http://{to}"))?
        .connect()
        .await?;
    let path = PathAndQuery::from_static("/jaeger.api_v2.CollectorService/PostSpans");
    let send = async |messages: &[Bytes]| {
        let mut client = Grpc::new(channel.clone());
        let mut refused = 0;
        for message in messages {
            client.ready().await?;
            let request = tonic::Request::new(messages::raw_request(message.clone()));
            let codec = ProstCodec::<_, PostSpansResponse>::default();
            let answer = client.unary(request, path.clone(), codec).await;
            refused += usize::from(answer.is_err());
        }
        Result::Ok(refused)
    };
    side_by_side(messages, send).await
}

/// Each sender has its part of the messages.
async fn side_by_side(
    messages: &[Bytes],
    send: impl AsyncFn(&[Bytes]) -> Result<usize>,
) -> Result<usize> {
    let parts = messages.chunks(messages.len().div_ceil(SENDERS));
    let refused = futures_util::future::try_join_all(parts.map(|part| send(part))).await?;
    Ok(refused.into_iter().sum())
}
