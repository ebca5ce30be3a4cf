//! Requests over HTTP, on both sides: their spans, and the context that travels in their headers.

pub mod client;
mod forwarded;
pub mod propagation;
pub mod redaction;
pub mod server;
