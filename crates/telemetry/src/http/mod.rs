//! Requests over HTTP and gRPC, on both sides: their spans, and the context that travels in their
//! headers.

pub mod client;
mod exchange;
mod forwarded;
mod grpc;
pub mod propagation;
pub mod redaction;
pub mod server;
