//! The system from the outside: the real binary, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "../support/real_jaeger.rs"]
mod real_jaeger;

mod clients;
mod config;
mod delivery;
mod demo;
mod http2;
mod interop;
mod log;
mod mapping;
mod metrics;
mod propagation;
mod proxies;
mod refused;
mod secrets;
mod service;
mod spans;
mod try_it;
mod verify;
