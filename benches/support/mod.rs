//! What the benchmarks have in common.

// Each benchmark uses a part of it.
#![allow(dead_code)]

mod count;
pub(crate) mod messages;
pub(crate) mod process;
pub(crate) mod receiver;
pub(crate) mod statistics;
#[path = "../../crates/embedded-jaeger/tests/embedded_jaeger/support/thrift.rs"]
#[allow(clippy::unwrap_used)]
mod thrift;

use embedded_jaeger::model;

/// Every error ends a benchmark: a figure of a run in which something went wrong would mislead.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
