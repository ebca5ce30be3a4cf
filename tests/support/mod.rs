//! What the tests have in common.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub mod jaeger;
pub mod process;
pub mod real_jaeger;
pub mod rich;
pub mod service;
