//! Distributed tracing of a Rust service with Jaeger, to see, to run and to copy.
//!
//! The way of a span, and where to read about each step:
//!
//! | step | module |
//! |---|---|
//! | a request comes in | [`service`]: router, endpoints, the chain, a server that stops gracefully |
//! | it becomes a span, and lines in the log | [`telemetry`]: `server`, `client`, `log`; the part to copy |
//! | the span leaves, by one of three paths | [`telemetry::export`]: gRPC, Thrift over HTTP, Thrift over UDP |
//! | it arrives, is kept, and is asked for | [`jaeger`]: the embedded one, with receivers, store, query API and page |
//! | somebody checks that it did | [`verify`]: one trace, looked for in Jaeger and in Loki |
//!
//! [`config`] turns the environment into settings, [`demo`] runs all of it on one machine and shows
//! the services' log lines on Jaeger's page, and [`shutdown`] ends it. `telemetry` knows nothing of `service`, and `jaeger` nothing of either.

pub mod config;
pub mod demo;
pub mod jaeger;
pub mod service;
pub mod shutdown;
pub mod telemetry;
pub mod verify;

/// Jaeger's api_v2, generated from `proto/api_v2.proto`.
#[allow(missing_docs, clippy::all)]
pub mod api_v2 {
    tonic::include_proto!("jaeger.api_v2");
}

/// The same on the wire, with the batch as bytes; generated from `proto/raw_batch.proto`.
#[allow(missing_docs, unreachable_pub, clippy::all)]
pub(crate) mod raw_api_v2 {
    include!(concat!(env!("OUT_DIR"), "/raw/jaeger.api_v2.rs"));
}
