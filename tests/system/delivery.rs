//! That spans arrive: all of them, in each mode.

use std::net::TcpListener;

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
            service.span_counts(),
            format!("{REQUESTS} started, {REQUESTS} delivered, 0 dropped"),
            "{mode}"
        );
        // All that was sent has arrived when the service ends; only a datagram may still be read.
        let traces = jaeger.traces("app", REQUESTS).await;
        assert_eq!(traces.len(), REQUESTS, "{mode}");
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
        let span_counts = service.span_counts();
        assert!(
            span_counts.starts_with(&format!(
                "{REQUESTS} started, 0 delivered, {REQUESTS} dropped"
            )),
            "{limit}: {span_counts}"
        );
        // The others are lost by the end, or by an attempt that took too long on a busy machine.
        let (_, reasons) = span_counts.split_once('(').unwrap();
        let reasons: Vec<&str> = reasons.trim_end_matches(')').split(", ").collect();
        assert!(
            reasons[0].starts_with("queue_full "),
            "{limit}: {span_counts}"
        );
        let counts = reasons.iter().map(|reason| -> u64 {
            let (_, count) = reason.split_once(' ').unwrap();
            count.parse().unwrap()
        });
        assert_eq!(counts.sum::<u64>(), REQUESTS, "{limit}: {span_counts}");
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
