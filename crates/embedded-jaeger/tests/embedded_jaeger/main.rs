//! The embedded Jaeger from the outside: in through each receiver, out through the query API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod extensions;
mod memory;
mod metrics;
mod page;
mod query;
mod real;
mod receivers;
mod refused;
mod support;
mod transform;
mod typed;
mod waiting;

#[path = "../../../../tests/support/real_jaeger.rs"]
mod real_jaeger;
