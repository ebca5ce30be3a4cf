//! SIGTERM while there is much to do, and while nothing can be done.

use std::sync::Arc;

use futures_util::future::join_all;
use http::header::CONNECTION;
use nix::sys::signal::Signal;

use crate::{
    rig::{COLLECTOR_MODES, Rig, Traced, env, gate::Fault, load, port::closed_udp},
    support::jaeger::MODES,
};

const CLIENTS: usize = 8;

/// No request fails, and no span of an answered one is lost.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_load() {
    join_all(MODES.map(|mode| async move {
        let rig = Rig::start(mode, &[]).await;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| tokio::spawn(client(Arc::clone(&rig.traced))))
            .collect();
        rig.wait_for_spans(1).await;
        rig.traced.service.process.signal(Signal::SIGTERM);
        for client in clients {
            client.await.unwrap();
        }
        let span_counts = rig.wait_for_end().await;
        assert_eq!(span_counts.dropped, 0, "{mode}");
    }))
    .await;
}

/// Makes requests until it is told to go elsewhere; each is answered with 200.
async fn client(of: Arc<Traced>) {
    let client = reqwest::Client::new();
    loop {
        let answer = client.get(of.service.url("/")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        of.count_request();
        if answer
            .headers()
            .get(CONNECTION)
            .is_some_and(|value| value == "close")
        {
            return;
        }
        // To its end, so that the connection is used again.
        answer.bytes().await.unwrap();
    }
}

/// It ends, and says what became of the spans that nobody took.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_collector_that_hangs() {
    join_all(COLLECTOR_MODES.map(|mode| async move {
        let mut rig = Rig::start(mode, &[]).await;
        load::requests(&rig.traced, 100, 8).await;
        rig.traced.wait_until_settled().await;
        rig.gate.set(Fault::Hanging).await;
        load::requests(&rig.traced, 100, 8).await;
        rig.traced.service.process.signal(Signal::SIGTERM);
        let span_counts = rig.wait_for_end().await;
        assert_eq!(
            (span_counts.delivered, span_counts.dropped),
            (100, 100),
            "{mode}"
        );
    }))
    .await;
}

/// Nothing is waited for that cannot come.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_collector_that_is_not_there() {
    for mode in COLLECTOR_MODES {
        let mut rig = Rig::start(mode, &[]).await;
        rig.gate.set(Fault::Refusing).await;
        rig.traced.get().await;
        rig.traced.service.process.signal(Signal::SIGTERM);
        let span_counts = rig.wait_for_end().await;
        assert_eq!(
            span_counts.reasons,
            [("unreachable".to_owned(), 1)],
            "{mode}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_agent_that_is_not_there() {
    let mut traced = Traced::start(&env("thrift-agent", "127.0.0.1", closed_udp()));
    traced.get().await;
    let span_counts = traced.end();
    assert_eq!(span_counts.reasons, [("unreachable".to_owned(), 1)]);
}
