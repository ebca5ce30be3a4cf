//! For how long a test waits.

use std::time::{Duration, Instant};

/// Ends a test with a message where something hangs: longer than anything here takes.
pub struct Patience(Instant);

impl Patience {
    pub fn new() -> Self {
        Self(Instant::now() + Duration::from_secs(60))
    }

    /// Fails with `message` when it is over.
    pub fn check(&self, message: impl FnOnce() -> String) {
        assert!(Instant::now() < self.0, "{}", message());
    }
}
