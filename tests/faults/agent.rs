//! An agent, which never answers: what is wrong with it shows in what the system says, or not at
//! all.

use std::{net::UdpSocket, time::Duration};

use tokio::time::sleep;

use embedded_jaeger::Jaeger;

use crate::{
    rig::{
        BROKEN, MENDED, Rig, STEP, Traced, env, jaeger,
        load::{self, compare},
        memory,
        port::closed_udp,
        receiver,
    },
    support::{metrics::Scrape, patience::Patience},
};

const MODE: &str = "thrift-agent";

/// Waits until `jaeger` has `spans` spans.
async fn wait_for_spans(jaeger: &Jaeger, spans: u64, traced: &Traced) {
    let patience = Patience::new();
    let arrived = || jaeger.counts(receiver(MODE)).spans;
    while arrived() < spans {
        patience.check(|| format!("{} of {spans}: {:#?}", arrived(), traced.log()));
        sleep(STEP).await;
    }
}

/// The spans that were refused since `gone` spans come to `jaeger`, all of them and once, and the
/// log mentions it once.
async fn comes_back(mut traced: Traced, gone: u64, jaeger: &Jaeger) {
    traced
        .get_until("said to be over", || traced.count_lines(MENDED) > 0)
        .await;
    traced.assert_logged(BROKEN, 1);
    traced.assert_logged(MENDED, 1);
    memory::is_within(traced.service.process.id(), memory::BOUND);
    traced.wait_until_settled().await;
    let span_counts = traced.end();
    assert_eq!(span_counts.dropped, 0, "{span_counts:?}");
    wait_for_spans(jaeger, span_counts.started - gone, &traced).await;
    let counts = jaeger.counts(receiver(MODE));
    assert_eq!(counts.spans, span_counts.started - gone);
    assert_eq!(counts.malformed, 0, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn absent() {
    let plain = Rig::start(MODE, &[]).await;
    let port = closed_udp();
    let traced = Traced::start(&env(MODE, "127.0.0.1", port));
    traced
        .get_until("noticed", || traced.count_lines(BROKEN) > 0)
        .await;
    compare("no agent", &plain.traced, &traced).await;
    comes_back(traced, 0, &jaeger(port).await).await;
    assert_eq!(plain.end().await.dropped, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn away_for_five_seconds_under_load() {
    let first = jaeger(0).await;
    let port = first.addresses().compact.port();
    let traced = Traced::start(&env(MODE, "127.0.0.1", port));
    load::requests(&traced, 100, 8).await;
    traced.wait_until_settled().await;
    let gone = traced.requests();
    wait_for_spans(&first, gone, &traced).await;
    first.shutdown().await;
    load::lasting(&traced, Duration::from_secs(5), 4).await;
    comes_back(traced, gone, &jaeger(port).await).await;
}

/// The number of datagrams that the system refused.
async fn refused(traced: &Traced) -> u64 {
    Scrape::of(&traced.service).await.sum(
        "otel_sdk_exporter_operation_duration_seconds_count",
        &[("error_type", "unreachable")],
    )
}

/// It refuses, is silent for a moment and refuses again, as a pod and its Service do when the pod
/// ends: nothing is lost in the silence.
#[tokio::test(flavor = "multi_thread")]
async fn silent_between_two_refusals() {
    let port = closed_udp();
    let traced = Traced::start(&env(MODE, "127.0.0.1", port));
    traced
        .get_until("noticed", || traced.count_lines(BROKEN) > 0)
        .await;
    let silent = tokio::net::UdpSocket::bind(("127.0.0.1", port))
        .await
        .unwrap();
    silent.recv(&mut [0]).await.unwrap();
    let before = refused(&traced).await;
    drop(silent);
    let patience = Patience::new();
    while refused(&traced).await == before {
        patience.check(|| format!("not refused again: {:#?}", traced.log()));
        sleep(STEP).await;
    }
    comes_back(traced, 0, &jaeger(port).await).await;
}

/// Datagrams go to a socket that nobody reads, until there is no more room in it: the system takes
/// them and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn hanging() {
    let plain = Rig::start(MODE, &[]).await;
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = agent.local_addr().unwrap().port();
    let mut traced = Traced::start(&env(MODE, "127.0.0.1", port));
    load::requests(&traced, 1_000, 8).await;
    compare("an agent that hangs", &plain.traced, &traced).await;
    traced.assert_logged(BROKEN, 0);
    memory::is_within(traced.service.process.id(), memory::BOUND);
    assert_eq!(traced.end().dropped, 0, "nobody can know");
}
