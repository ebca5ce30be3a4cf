//! Requests, and how long they took.

use std::time::{Duration, Instant};

use axum_jaeger_telemetry::DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT;
use futures_util::{StreamExt, future::join_all, stream};
use tokio::{sync::Mutex, time::sleep};

use super::{STEP, Traced};

/// Rounds for each of two services, one after the other, so that what else the machine does falls
/// on both.
const ROUNDS: usize = 10;
const REQUESTS: usize = 50;
const IN_FLIGHT: usize = 8;

/// Held during a comparison: another one would be measured with it.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Makes the same requests to both, and prints how much longer `faulty` took. Every one is answered
/// with 200.
pub(crate) async fn compare(what: &str, plain: &Traced, faulty: &Traced) {
    let _alone = ALONE.lock().await;
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (service, times) in [plain, faulty].into_iter().zip(&mut times) {
            times.extend(requests(service, REQUESTS, IN_FLIGHT).await);
        }
    }
    let ratio = |share| {
        let [plain, faulty] = [0, 1].map(|n: usize| quantile(&times[n], share).as_secs_f64());
        faulty / plain
    };
    println!(
        "{what}: latency p50 {:.2}, p99 {:.2} times that without the fault",
        ratio(0.5),
        ratio(0.99)
    );
}

/// Makes `count` requests, and returns how long each took.
pub(crate) async fn requests(of: &Traced, count: usize, in_flight: usize) -> Vec<Duration> {
    stream::iter(0..count)
        .map(|_| async {
            let start = Instant::now();
            of.get().await;
            start.elapsed()
        })
        .buffer_unordered(in_flight)
        .collect()
        .await
}

/// Makes requests for so long, `in_flight` at a time, with a pause after each: the queue is not to
/// be filled.
pub(crate) async fn lasting(of: &Traced, duration: Duration, in_flight: usize) {
    let end = Instant::now() + duration;
    let client = |_| async {
        while Instant::now() < end {
            of.get().await;
            sleep(STEP).await;
        }
    };
    join_all((0..in_flight).map(client)).await;
}

/// Makes `count` requests whose spans have the longest texts that are kept.
pub(crate) async fn large_requests(to: &Traced, count: usize, in_flight: usize) {
    let text = "a".repeat(DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT);
    let request = || {
        let client = &to.service.client;
        let request = client.get(to.service.url(&format!("/?{text}")));
        request.header("user-agent", &text)
    };
    stream::iter(0..count)
        .for_each_concurrent(in_flight, |_| async {
            let answer = request().send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.bytes().await.unwrap();
            to.count_request();
        })
        .await;
}

fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}
