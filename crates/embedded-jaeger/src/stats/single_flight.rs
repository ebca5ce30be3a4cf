//! A slow computation that many pages ask for again and again.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    sync::Mutex,
    task::{JoinError, spawn_blocking},
    time::{Instant, sleep_until},
};

/// The shortest pause between two computations.
const PAUSE: Duration = Duration::from_secs(1);
/// The pause in computation times: the computation takes no more than a fifth of one processor.
const PAUSE_PER_WORK: u32 = 4;

/// Single-flight computation: concurrent callers share one result, which is computed after they
/// asked; then a pause bounds its share of the processor.
#[derive(Debug, Clone, Default)]
pub(super) struct SingleFlight(Arc<Mutex<Option<Computed>>>);

#[derive(Debug)]
struct Computed {
    started: Instant,
    next: Instant,
    body: Bytes,
}

impl SingleFlight {
    /// Returns the result of `compute`, which runs on a thread that may block.
    ///
    /// # Errors
    /// `compute` panicked.
    pub(super) async fn get(
        &self,
        compute: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) -> Result<Bytes, JoinError> {
        let asked = Instant::now();
        let mut computed = Arc::clone(&self.0).lock_owned().await;
        if let Some(last) = &*computed {
            if last.started >= asked {
                return Ok(last.body.clone());
            }
            sleep_until(last.next).await;
        }
        // The lock moves along: if the caller goes away, the next one still waits for the end.
        spawn_blocking(move || {
            let started = Instant::now();
            let body = Bytes::from(compute());
            let pause = PAUSE.max(started.elapsed() * PAUSE_PER_WORK);
            *computed = Some(Computed {
                started,
                next: Instant::now() + pause,
                body: body.clone(),
            });
            body
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    #[tokio::test]
    async fn callers_that_wait_share_one_result_and_later_ones_get_a_newer_one() {
        let flight = SingleFlight::default();
        let count = Arc::new(AtomicU8::new(0));
        let ask = async || {
            let count = Arc::clone(&count);
            let body = flight.get(move || vec![count.fetch_add(1, Ordering::Relaxed)]);
            body.await.unwrap()[0]
        };
        assert_eq!(ask().await, 0);
        assert_eq!(tokio::join!(ask(), ask(), ask()), (1, 1, 1));
        assert_eq!(ask().await, 2);
    }
}
