//! The embedded Jaeger within this process: a message of each protocol until it is stored, and
//! questions to the query API. Both with their way over loopback.

use criterion::{Criterion, Throughput};
use embedded_jaeger::{Jaeger, Settings, model::Receiver};
use http::uri::PathAndQuery;
use jaeger_api_v2::PostSpansResponse;
use tokio::runtime::Runtime;
use tonic::{client::Grpc, transport::Endpoint};
use tonic_prost::ProstCodec;

use crate::support::{
    Result,
    messages::{self, Protocol, SERVICE, SPANS},
};

/// 128 traces of eight spans, more than a page of the search shows.
const STORED: u64 = 16;

/// Messages that are sent in turn: when the first one comes again, its spans have left the store,
/// in which they would be no new ones.
const RING: u64 = 512;

pub(crate) fn bench(criterion: &mut Criterion) -> Result<()> {
    let runtime = Runtime::new()?;
    receive(criterion, &runtime)?;
    query(criterion, &runtime)
}

fn start(runtime: &Runtime, max_memory_mib: u16) -> Result<Jaeger> {
    let mut settings = Settings::on_free_ports();
    settings.max_memory_mib = max_memory_mib;
    Ok(runtime.block_on(Jaeger::start(&settings))?)
}

fn receive(criterion: &mut Criterion, runtime: &Runtime) -> Result<()> {
    // Small, since it soon is full: what is measured is a Jaeger that lets old traces go.
    let jaeger = start(runtime, 16)?;
    let at = *jaeger.addresses();
    let mut group = criterion.benchmark_group("receive");
    group.throughput(Throughput::Elements(SPANS));

    let mut messages = endless(Protocol::Udp)?;
    let socket = std::net::UdpSocket::bind(("127.0.0.1", 0))?;
    socket.connect(at.compact)?;
    group.bench_function(
        format!("{SPANS} spans, Thrift compact over UDP"),
        |bencher| {
            bencher.iter(|| {
                let before = jaeger.counts(Receiver::UdpCompact).messages;
                let sent = socket.send(&messages.next().unwrap_or_default());
                while jaeger.counts(Receiver::UdpCompact).messages == before {
                    std::thread::yield_now();
                }
                sent
            });
        },
    );

    let mut messages = endless(Protocol::Http)?;
    let client = reqwest::Client::new();
    let url = format!("http://{}/api/traces", at.http);
    group.bench_function(
        format!("{SPANS} spans, Thrift binary over HTTP"),
        |bencher| {
            bencher.iter(|| {
                let message = messages.next().unwrap_or_default();
                let request = client.post(&url).body(message);
                let request = request.header("content-type", "application/x-thrift");
                runtime.block_on(request.send())
            });
        },
    );

    let mut messages = endless(Protocol::Grpc)?;
    let endpoint = Endpoint::from_shared(format!("http://{}", at.grpc))?;
    let channel = runtime.block_on(endpoint.connect())?;
    let path = PathAndQuery::from_static("/jaeger.api_v2.CollectorService/PostSpans");
    group.bench_function(format!("{SPANS} spans, gRPC"), |bencher| {
        bencher.iter(|| {
            let message = messages.next().unwrap_or_default();
            runtime.block_on(async {
                let mut client = Grpc::new(channel.clone());
                client.ready().await.map_err(|_| "not ready")?;
                let request = tonic::Request::new(messages::raw_request(message));
                let codec = ProstCodec::<_, PostSpansResponse>::default();
                let answer = client.unary(request, path.clone(), codec).await;
                answer.map_err(|_| "refused")
            })
        });
    });
    group.finish();
    // All of them were counted as taken, or what was measured is how fast they are refused.
    for receiver in [Receiver::UdpCompact, Receiver::Http, Receiver::Grpc] {
        let counts = jaeger.counts(receiver);
        if counts.spans != counts.messages * SPANS {
            return Err(format!("{}: {counts:?}", receiver.name()).into());
        }
    }
    runtime.block_on(jaeger.shutdown());
    Ok(())
}

fn endless(protocol: Protocol) -> Result<impl Iterator<Item = bytes::Bytes>> {
    Ok(messages::of(protocol, RING)?.into_iter().cycle())
}

fn query(criterion: &mut Criterion, runtime: &Runtime) -> Result<()> {
    let jaeger = start(runtime, 256)?;
    let at = *jaeger.addresses();
    let client = reqwest::Client::new();
    for message in messages::of(Protocol::Http, STORED)? {
        let request = client.post(format!("http://{}/api/traces", at.http));
        let request = request.header("content-type", "application/x-thrift");
        let answer = runtime.block_on(request.body(message).send())?;
        answer.error_for_status()?;
    }
    let get = |path: &str| {
        let request = client.get(format!("http://{}{path}", at.query)).send();
        runtime.block_on(async { request.await?.error_for_status()?.bytes().await })
    };
    let mut group = criterion.benchmark_group("query");
    for path in [
        "/api/services".to_owned(),
        format!("/api/operations?service={SERVICE}"),
        format!("/api/traces?service={SERVICE}&limit=20"),
        format!("/api/traces?service={SERVICE}&limit=20&tag=server.port:8000"),
        "/api/dependencies?endTs=9999999999999".to_owned(),
    ] {
        let answer = get(&path)?;
        group.bench_function(format!("{path} ({} bytes)", answer.len()), |bencher| {
            bencher.iter(|| get(&path));
        });
    }
    group.finish();
    runtime.block_on(jaeger.shutdown());
    Ok(())
}
