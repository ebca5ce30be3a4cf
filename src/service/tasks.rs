//! Endpoints that take their time.

use std::{sync::LazyLock, time::Duration};

use axum::Json;
use axum_jaeger_telemetry::clock::StepGuard;
use rand::Rng;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::{self, JoinError},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::info_span;

use super::error::Error;

/// Waits one second, as for a disk or another service, without holding a thread.
pub(super) async fn io_task() -> Json<&'static str> {
    sleep(Duration::from_secs(1)).await;
    tracing::info!("io task");
    Json("IO bound task finish!")
}

/// Waits up to five seconds.
pub(super) async fn random_sleep() -> Json<Value> {
    let pause = rand::rng().random_range(Duration::ZERO..=Duration::from_secs(5));
    sleep(pause).await;
    tracing::info!("random sleep");
    Json(json!({ "path": "/random_sleep" }))
}

/// Computes for some milliseconds.
pub(super) async fn cpu_task() -> Result<Json<&'static str>, Error> {
    let primes = count_primes().await?;
    tracing::info!(primes, "cpu task");
    Ok(Json("CPU bound task finish!"))
}

/// Primes are counted below this number.
const BELOW: u32 = 20_000;

/// As many computations at a time as there are cores: more would only wait for each other, and a
/// request whose client goes away ends while it waits here.
static CORES: LazyLock<Semaphore> = LazyLock::new(|| {
    let cores = std::thread::available_parallelism().map_or(1, Into::into);
    Semaphore::new(cores)
});

/// Counts on a thread for blocking work, within a span of its own, and stops early when the request
/// is dropped.
async fn count_primes() -> Result<usize, JoinError> {
    let span = info_span!("count primes", below = BELOW);
    // Fails only on a closed semaphore, and nothing closes this one.
    let _permit = CORES.acquire().await;
    let abandoned = CancellationToken::new();
    let _cancel = abandoned.clone().drop_guard();
    task::spawn_blocking(move || {
        let _entered = span.enter();
        let _clock = StepGuard::new(span.clone());
        (2..BELOW)
            .take_while(|_| !abandoned.is_cancelled())
            .filter(|&number| is_prime(number))
            .count()
    })
    .await
}

/// By trial division, which is meant to be slow.
fn is_prime(number: u32) -> bool {
    number > 1
        && (2..number)
            .take_while(|d| d * d <= number)
            .all(|d| !number.is_multiple_of(d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn counts_primes() {
        assert_eq!(count_primes().await.unwrap(), 2_262);
    }
}
