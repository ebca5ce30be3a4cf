//! A name that cannot be resolved, and one that moves to another address.

use std::net::{Ipv4Addr, SocketAddr};

use embedded_jaeger::{Jaeger, Settings};
use futures_util::future::join_all;

use crate::{
    rig::{
        BROKEN, MENDED, Rig, Traced, env,
        load::compare,
        memory,
        names::{Answer, NAME, Names},
        receiver,
    },
    support::{jaeger::MODES, service::Service},
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A Jaeger at `host`, with this port for `mode`; 0 is a free one.
async fn jaeger(host: Ipv4Addr, mode: &str, port: u16) -> Jaeger {
    let port_of = |other| if mode == other { port } else { 0 };
    let mut settings = Settings::on_free_ports();
    settings.host = host.into();
    settings.compact_port = port_of("thrift-agent");
    settings.http_port = port_of("thrift-collector");
    settings.grpc_port = port_of("grpc");
    Jaeger::start(&settings).await.unwrap()
}

fn address(jaeger: &Jaeger, mode: &str) -> SocketAddr {
    match mode {
        "grpc" => jaeger.addresses().grpc,
        "thrift-collector" => jaeger.addresses().http,
        _ => jaeger.addresses().compact,
    }
}

/// A service that looks for its Jaeger by name.
fn service(names: &Names, mode: &str, port: u16) -> Traced {
    let mut command = names.serve();
    command.envs(env(mode, NAME, port));
    Traced::new(Service::spawn(command))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: a name server on port 53, and a service that asks it"]
async fn that_cannot_be_resolved_for_a_while() {
    join_all(MODES.map(|mode| async move {
        let plain = Rig::start(mode, &[]).await;
        let jaeger = jaeger(HERE, mode, 0).await;
        let names = Names::start(Answer::Silence);
        let mut traced = service(&names, mode, address(&jaeger, mode).port());
        let arrived = || jaeger.counts(receiver(mode)).spans;
        traced
            .get_until("noticed", || traced.count_lines(BROKEN) > 0)
            .await;
        compare(&format!("no name server, {mode}"), &plain.traced, &traced).await;
        for answer in [Answer::Failure, Answer::Unknown] {
            names.set(answer);
            compare(&format!("{answer:?}, {mode}"), &plain.traced, &traced).await;
        }
        assert_eq!(arrived(), 0, "{mode}");

        names.set(Answer::Address(HERE));
        traced.get_until("arriving", || arrived() > 0).await;
        traced
            .get_until("said to be over", || traced.count_lines(MENDED) > 0)
            .await;
        traced.assert_logged(BROKEN, 1);
        traced.assert_logged(MENDED, 1);
        memory::is_within(traced.service.process.id(), memory::BOUND);
        traced.wait_until_settled().await;
        let span_counts = traced.end();
        assert_eq!(arrived(), span_counts.delivered, "{mode}");
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: a name server on port 53, and a service that asks it"]
async fn that_moves_to_another_address() {
    join_all(MODES.map(|mode| async move {
        let first = jaeger(HERE, mode, 0).await;
        let port = address(&first, mode).port();
        let names = Names::start(Answer::Address(HERE));
        let mut traced = service(&names, mode, port);
        let arrived_first = || first.counts(receiver(mode)).spans;
        traced.get_until("arriving", || arrived_first() > 0).await;
        traced.wait_until_settled().await;
        let before = traced.requests();
        first.shutdown().await;

        // It is away for a moment, as a pod that is rescheduled.
        traced
            .get_until("noticed", || traced.count_lines(BROKEN) > 0)
            .await;
        let second = jaeger(THERE, mode, port).await;
        names.set(Answer::Address(THERE));
        let arrived = || second.counts(receiver(mode)).spans;
        traced.get_until("arriving there", || arrived() > 0).await;
        traced
            .get_until("said to be over", || traced.count_lines(MENDED) > 0)
            .await;
        traced.assert_logged(BROKEN, 1);
        traced.assert_logged(MENDED, 1);
        traced.wait_until_settled().await;
        let span_counts = traced.end();
        assert_eq!(before + arrived(), span_counts.delivered, "{mode}");
    }))
    .await;
}
