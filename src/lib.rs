//! Distributed tracing of a Rust service with Jaeger, to see, to run and to copy.

pub mod config;
pub mod demo;
pub mod jaeger;
pub mod service;
pub mod shutdown;
pub mod telemetry;
pub mod verify;

/// Jaeger's api_v2, generated from `proto/`.
#[allow(missing_docs, clippy::all)]
pub mod api_v2 {
    tonic::include_proto!("jaeger.api_v2");
}
