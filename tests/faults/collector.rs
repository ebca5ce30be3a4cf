//! A collector that is not there, or not as it should be; over gRPC and over HTTP.

use std::time::Duration;

use futures_util::future::join_all;

use crate::rig::{
    BROKEN, COLLECTOR_MODES, LOST, LOST_NO_MORE, MENDED, Rig,
    gate::Fault,
    load::{self, compare},
    memory,
};

/// Less than a comparison's requests, so that it is full soon.
const SMALL_QUEUE: &[(&str, &str)] = &[
    ("OTEL_BSP_MAX_QUEUE_SIZE", "200"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100"),
];

/// Breaks the way with `fault`, which a service notices, and mends it.
async fn outlives(mode: &'static str, fault: Fault) {
    let plain = Rig::start(mode, SMALL_QUEUE).await;
    let mut rig = Rig::start(mode, SMALL_QUEUE).await;
    load::requests(&rig.traced, 100, 8).await;
    rig.traced.wait_until_settled().await;

    rig.gate.set(fault).await;
    rig.traced
        .get_until("noticed", || rig.traced.count_lines(BROKEN) > 0)
        .await;
    let arrived = rig.arrived();
    compare(&format!("{fault:?}, {mode}"), &plain.traced, &rig.traced).await;
    assert_eq!(rig.arrived(), arrived, "the fault is one");

    rig.gate.set(Fault::None).await;
    rig.get_until_spans_arrive().await;
    rig.traced
        .get_until("said to be over", || rig.traced.count_lines(MENDED) > 0)
        .await;
    rig.traced.assert_logged(BROKEN, 1);
    rig.traced.assert_logged(MENDED, 1);
    assert_eq!(
        rig.traced.count_lines("opentelemetry"),
        0,
        "the SDK says it too"
    );
    memory::is_within(rig.traced.service.process.id(), memory::BOUND);
    rig.end().await;
    assert_eq!(plain.end().await.dropped, 0);
}

async fn both_outlive(fault: Fault) {
    join_all(COLLECTOR_MODES.map(|mode| outlives(mode, fault))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn absent() {
    both_outlive(Fault::Absent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusing() {
    both_outlive(Fault::Refusing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging() {
    both_outlive(Fault::Hanging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answering_400() {
    both_outlive(Fault::Status(400)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answering_503() {
    both_outlive(Fault::Status(503)).await;
}

/// The collector's own answer while its queue is full.
#[tokio::test(flavor = "multi_thread")]
async fn answering_resource_exhausted() {
    outlives("grpc", Fault::GrpcStatus(8)).await;
}

/// It does not know the method: what a wrong port says.
#[tokio::test(flavor = "multi_thread")]
async fn answering_unimplemented() {
    outlives("grpc", Fault::GrpcStatus(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_off_its_answers() {
    both_outlive(Fault::Breaking).await;
}

/// Each answer is late, and so are the spans that wait for it: what the queue cannot hold is lost,
/// and that is said.
#[tokio::test(flavor = "multi_thread")]
async fn slow() {
    join_all(COLLECTOR_MODES.map(|mode| async move {
        let plain = Rig::start(mode, SMALL_QUEUE).await;
        let mut rig = Rig::start(mode, SMALL_QUEUE).await;
        rig.gate.set(Fault::Slow(Duration::from_secs(2))).await;
        compare(&format!("slow, {mode}"), &plain.traced, &rig.traced).await;
        while rig.traced.count_lines(LOST) == 0 {
            load::requests(&rig.traced, 100, 8).await;
        }
        rig.gate.set(Fault::None).await;
        rig.traced
            .get_until("over", || rig.traced.count_lines(LOST_NO_MORE) > 0)
            .await;
        rig.traced.assert_logged(LOST, 1);
        rig.traced.assert_logged(LOST_NO_MORE, 1);
        rig.traced.assert_logged(BROKEN, 0);
        memory::is_within(rig.traced.service.process.id(), memory::BOUND);
        let span_counts = rig.end().await;
        assert_eq!(
            span_counts.reasons,
            [("queue_full".to_owned(), span_counts.dropped)]
        );
        assert_eq!(plain.end().await.dropped, 0);
    }))
    .await;
}

/// As much as the default queue holds, and more, of spans that are as large as they get.
#[tokio::test(flavor = "multi_thread")]
async fn away_until_the_queue_is_full() {
    join_all(COLLECTOR_MODES.map(|mode| async move {
        let mut rig = Rig::start(mode, &[]).await;
        rig.gate.set(Fault::Refusing).await;
        load::large_requests(&rig.traced, 4_000, 8).await;
        memory::is_within(rig.traced.service.process.id(), memory::BOUND);
        rig.gate.set(Fault::None).await;
        let span_counts = rig.end().await;
        let (reason, _) = &span_counts.reasons[0];
        assert_eq!(reason, "queue_full", "{span_counts:?}");
    }))
    .await;
}
