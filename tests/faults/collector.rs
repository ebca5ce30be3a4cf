//! A collector that is not there, or not as it should be; over gRPC and over HTTP.

use futures_util::future::join_all;

use crate::rig::{
    BROKEN, COLLECTOR_MODES, MENDED, Rig,
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
    rig.all_arrived().await;

    rig.gate.set(fault).await;
    rig.traced
        .get_until("noticed", || rig.traced.told(BROKEN) > 0)
        .await;
    let arrived = rig.arrived();
    compare(&format!("{fault:?}, {mode}"), &plain.traced, &rig.traced).await;
    assert_eq!(rig.arrived(), arrived, "the fault is one");

    rig.gate.set(Fault::None).await;
    rig.arrive_again().await;
    rig.traced
        .get_until("said to be over", || rig.traced.told(MENDED) > 0)
        .await;
    assert_eq!(rig.traced.told(BROKEN), 1, "{:#?}", rig.traced.tail());
    assert_eq!(rig.traced.told(MENDED), 1, "{:#?}", rig.traced.tail());
    memory::is_within(rig.traced.service.process.id(), memory::BOUND);
    rig.end().await;
    assert_eq!(plain.end().await.dropped, 0);
}

async fn both_outlive(fault: Fault) {
    join_all(COLLECTOR_MODES.map(|mode| outlives(mode, fault))).await;
}

#[tokio::test]
async fn absent() {
    both_outlive(Fault::Absent).await;
}

#[tokio::test]
async fn refusing() {
    both_outlive(Fault::Refusing).await;
}

#[tokio::test]
async fn hanging() {
    both_outlive(Fault::Hanging).await;
}

#[tokio::test]
async fn answering_400() {
    both_outlive(Fault::Status(400)).await;
}

#[tokio::test]
async fn answering_503() {
    both_outlive(Fault::Status(503)).await;
}

/// The collector's own answer while its queue is full.
#[tokio::test]
async fn answering_resource_exhausted() {
    outlives("grpc", Fault::GrpcStatus(8)).await;
}

/// It does not know the method: what a wrong port says.
#[tokio::test]
async fn answering_unimplemented() {
    outlives("grpc", Fault::GrpcStatus(12)).await;
}

#[tokio::test]
async fn breaking_off_its_answers() {
    both_outlive(Fault::Breaking).await;
}
