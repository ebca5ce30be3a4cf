//! That spans arrive: all of them, in each mode, also after a collector was away.

use std::net::{TcpListener, UdpSocket};

use futures_util::{StreamExt, stream};
use nix::sys::signal::Signal;

use crate::support::{
    jaeger::{Jaeger, MODES},
    service::Service,
};

fn start(env: &[(&str, String)]) -> Service {
    let env: Vec<(&str, &str)> = env
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    Service::start(&env)
}

#[tokio::test]
async fn ten_thousand_requests_are_ten_thousand_spans() {
    const REQUESTS: usize = 10_000;
    const IN_FLIGHT: usize = 200;

    for mode in MODES {
        let jaeger = Jaeger::start();
        let mut env = jaeger.env(mode);
        env.retain(|(name, _)| *name != "OTEL_BSP_SCHEDULE_DELAY");
        let mut service = start(&env);
        let answered = stream::iter(0..REQUESTS)
            .map(|_| async { service.get("/").await.status() == 200 })
            .buffer_unordered(IN_FLIGHT)
            .filter(|ok| std::future::ready(*ok))
            .count()
            .await;
        assert_eq!(answered, REQUESTS, "{mode}");
        assert_eq!(
            service.terminate().code(),
            Some(0),
            "{mode}: {:#?}",
            service.process.lines()
        );
        assert_eq!(
            service.account(),
            format!("{REQUESTS} made, {REQUESTS} delivered, 0 dropped"),
            "{mode}"
        );
        // All that was sent has arrived when the service ends; only a datagram may still be read.
        let traces = jaeger.traces("app", REQUESTS).await;
        assert_eq!(traces.len(), REQUESTS, "{mode}");
    }
}

#[tokio::test]
async fn spans_arrive_when_the_collector_comes_late() {
    for mode in MODES {
        // The ports are free again when this one ends.
        let ports = Jaeger::start();
        let env = ports.env(mode);
        let [compact, http, grpc] =
            [ports.compact, ports.http, ports.grpc].map(|address| address.port().to_string());
        drop(ports);

        let service = start(&env);
        assert_eq!(service.get("/").await.status(), 200);
        // UDP tells of an absent agent with the second datagram.
        service
            .get_until(async || service.says("spans do not reach"))
            .await;

        let jaeger = Jaeger::start_with(&[
            "--compact-port",
            &compact,
            "--http-port",
            &http,
            "--grpc-port",
            &grpc,
        ]);
        service
            .get_until(async || jaeger.get("/api/services").await == serde_json::json!(["app"]))
            .await;
        service
            .get_until(async || service.says("spans reach"))
            .await;
        let told = |text: &str| {
            let lines = service.process.lines();
            lines.iter().filter(|line| line.contains(text)).count()
        };
        assert_eq!(
            told("spans do not reach"),
            1,
            "{mode}: {:#?}",
            service.process.lines()
        );
        assert_eq!(told("spans reach"), 1, "{mode}");
        assert_eq!(
            told("opentelemetry"),
            0,
            "{mode}: the SDK says nothing beside"
        );
    }
}

#[tokio::test]
async fn without_a_collector_the_service_serves_and_ends() {
    let free_port = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    for (mode, name) in [
        ("grpc", "COLLECTOR_ENDPOINT_GRPC_ENDPOINT"),
        ("thrift-collector", "COLLECTOR_THRIFT_URL"),
    ] {
        let nobody = free_port();
        let address = match mode {
            "grpc" => nobody.to_string(),
            _ => format!("http://{nobody}"),
        };
        let mut service = start(&[("MODE", mode.to_owned()), (name, address)]);
        assert_eq!(service.get("/").await.status(), 200);
        assert_eq!(service.terminate().code(), Some(0));
        assert_eq!(
            service.account(),
            "1 made, 0 delivered, 1 dropped (unreachable 1)",
            "{mode}"
        );
    }
}

#[tokio::test]
async fn a_hanging_collector_does_not_hold_the_end() {
    // Connections are taken by the system; nobody reads or answers.
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    // Over UDP nobody is asked: what the system takes is delivered.
    let lost = "1 made, 0 delivered, 1 dropped";
    let accounts = [lost, lost, "1 made, 1 delivered, 0 dropped"];
    for (mode, account) in MODES.into_iter().zip(accounts) {
        let mut service = start(&[
            ("MODE", mode.to_owned()),
            (
                "COLLECTOR_ENDPOINT_GRPC_ENDPOINT",
                tcp.local_addr().unwrap().to_string(),
            ),
            (
                "COLLECTOR_THRIFT_URL",
                format!("http://{}", tcp.local_addr().unwrap()),
            ),
            ("AGENT_HOST_NAME", "127.0.0.1".to_owned()),
            ("AGENT_PORT", udp.local_addr().unwrap().port().to_string()),
        ]);
        assert_eq!(service.get("/").await.status(), 200);
        assert_eq!(service.terminate().code(), Some(0), "{mode}");
        let told = service.account();
        assert!(told.starts_with(account), "{mode}: {told}");
    }
}

#[tokio::test]
async fn what_does_not_fit_the_queue_is_dropped_and_counted() {
    // Connections are taken by the system; nobody reads or answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}", silent.local_addr().unwrap());
    for (limit, value) in [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("SPAN_QUEUE_MAX_BYTES", "65536"),
    ] {
        let mut service = start(&[
            ("MODE", "thrift-collector".to_owned()),
            ("COLLECTOR_THRIFT_URL", collector.clone()),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1".to_owned()),
            (limit, value.to_owned()),
        ]);
        const REQUESTS: u64 = 200;
        for _ in 0..REQUESTS {
            assert_eq!(service.get("/").await.status(), 200);
        }
        assert_eq!(service.terminate().code(), Some(0));
        let account = service.account();
        assert!(
            account.starts_with(&format!("{REQUESTS} made, 0 delivered, {REQUESTS} dropped")),
            "{limit}: {account}"
        );
        // The others are lost by the end, or by an attempt that took too long on a busy machine.
        let (_, reasons) = account.split_once('(').unwrap();
        let reasons: Vec<&str> = reasons.trim_end_matches(')').split(", ").collect();
        assert!(reasons[0].starts_with("queue_full "), "{limit}: {account}");
        let counts = reasons.iter().map(|reason| -> u64 {
            let (_, count) = reason.split_once(' ').unwrap();
            count.parse().unwrap()
        });
        assert_eq!(counts.sum::<u64>(), REQUESTS, "{limit}: {account}");
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_and_its_spans_are_sent() {
    let jaeger = Jaeger::start();
    let target = Service::untraced(&[]);
    let mut env = jaeger.env("grpc");
    for name in ["TARGET_ONE_HOST", "TARGET_TWO_HOST"] {
        env.push((name, target.address.to_string()));
    }
    let mut service = start(&env);
    let pending = std::net::TcpStream::connect(service.address).unwrap();
    let chain = tokio::spawn(service.client.get(service.url("/chain")).send());
    service.wait_for_line("chain starting").await;
    service.process.signal(Signal::SIGTERM);
    assert_eq!(chain.await.unwrap().unwrap().status(), 200);
    assert_eq!(service.process.wait().code(), Some(0));
    drop(pending);
    jaeger.traces("app", 5).await;
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let mut service = Service::untraced(&[]);
    let slow = tokio::spawn(service.client.get(service.url("/io_task")).send());
    service.get("/items/1").await;
    service.process.signal(Signal::SIGINT);
    service.process.wait_for_line("shutting down");
    service.process.signal(Signal::SIGINT);
    assert_eq!(service.process.wait().code(), Some(130));
    assert!(slow.await.unwrap().is_err(), "the request was cut off");
}
