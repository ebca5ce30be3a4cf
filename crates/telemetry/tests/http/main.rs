//! The spans of requests by every way to make them, read back from the embedded Jaeger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod client;
mod grpc;
mod server;
mod support;
