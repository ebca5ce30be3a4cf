//! Requests over HTTP, on both sides: their spans, and the context that travels in their headers.

#[cfg(feature = "client")]
pub mod client;
mod forwarded;
pub mod propagation;
pub mod redaction;
pub mod server;
