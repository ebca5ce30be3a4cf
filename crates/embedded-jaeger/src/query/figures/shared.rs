//! An answer that takes a while and that many pages ask for again and again.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    sync::Mutex,
    task::{JoinError, spawn_blocking},
    time::{Instant, sleep_until},
};

/// Between two times that it is made, at least.
const REST: Duration = Duration::from_secs(1);
/// The rest is so many times as long as the making, which so takes no more than a fifth of one
/// processor.
const REST_PER_WORK: u32 = 4;

/// An answer that is made for all who wait for it, once, and never before they asked: nobody gets
/// an old one. After that it rests.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Shared(Arc<Mutex<Option<Made>>>);

#[derive(Debug)]
struct Made {
    started: Instant,
    next: Instant,
    body: Bytes,
}

impl Shared {
    /// The answer; `make` makes it in a thread that may block.
    ///
    /// # Errors
    /// When `make` panics.
    pub(in super::super) async fn get(
        &self,
        make: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) -> Result<Bytes, JoinError> {
        let asked = Instant::now();
        let mut made = Arc::clone(&self.0).lock_owned().await;
        if let Some(made) = &*made {
            if made.started >= asked {
                return Ok(made.body.clone());
            }
            sleep_until(made.next).await;
        }
        // The lock goes along: should who asked go away, the next one still waits for the end.
        spawn_blocking(move || {
            let started = Instant::now();
            let body = Bytes::from(make());
            let rest = REST.max(started.elapsed() * REST_PER_WORK);
            *made = Some(Made {
                started,
                next: Instant::now() + rest,
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
    async fn who_waits_gets_one_answer_and_who_comes_later_a_newer_one() {
        let shared = Shared::default();
        let count = Arc::new(AtomicU8::new(0));
        let ask = async || {
            let count = Arc::clone(&count);
            let body = shared.get(move || vec![count.fetch_add(1, Ordering::Relaxed)]);
            body.await.unwrap()[0]
        };
        assert_eq!(ask().await, 0);
        assert_eq!(tokio::join!(ask(), ask(), ask()), (1, 1, 1));
        assert_eq!(ask().await, 2);
    }
}
