//! What the benchmarks have in common.

pub(crate) mod process;
pub(crate) mod statistics;

/// Every error ends a benchmark: a figure of a run in which something went wrong would mislead.
pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
