//! An agent, which never answers: what is wrong with it shows in what the system says, or not at all.

use std::net::UdpSocket;

use crate::rig::{
    BROKEN, MENDED, Rig, Traced, env, jaeger,
    load::{self, compare},
    memory, receiver,
};

const MODE: &str = "thrift-agent";

/// The system refuses every other datagram, and tells of it with the next one.
#[tokio::test(flavor = "multi_thread")]
async fn absent() {
    let plain = Rig::start(MODE, &[]).await;
    let port = UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut traced = Traced::start(&env(MODE, "127.0.0.1", port));
    traced
        .get_until("noticed", || traced.told(BROKEN) > 0)
        .await;
    compare("no agent", &plain.traced, &traced).await;

    let jaeger = jaeger(port).await;
    let arrived = || jaeger.counts(receiver(MODE)).spans;
    traced.get_until("arriving", || arrived() > 0).await;
    traced
        .get_until("said to be over", || traced.told(MENDED) > 0)
        .await;
    assert_eq!(traced.told(BROKEN), 1, "{:#?}", traced.tail());
    assert_eq!(traced.told(MENDED), 1, "{:#?}", traced.tail());
    memory::is_within(traced.service.process.id(), memory::BOUND);
    traced.settled().await;
    let account = traced.end();
    // Delivered is what the system took; some of it for nobody.
    assert!(arrived() <= account.delivered, "{account:?}");
    assert_eq!(plain.end().await.dropped, 0);
}

/// Datagrams go to a socket that nobody reads, until there is no more room in it: the system takes them and says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn hanging() {
    let plain = Rig::start(MODE, &[]).await;
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = agent.local_addr().unwrap().port();
    let mut traced = Traced::start(&env(MODE, "127.0.0.1", port));
    load::requests(&traced, 1_000, 8).await;
    compare("an agent that hangs", &plain.traced, &traced).await;
    assert_eq!(traced.told(BROKEN), 0, "{:#?}", traced.tail());
    memory::is_within(traced.service.process.id(), memory::BOUND);
    assert_eq!(traced.end().dropped, 0, "nobody can know");
}
