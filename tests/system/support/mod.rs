//! Processes, requests and answers for the tests.
#![allow(unreachable_pub)]

pub mod demo;
pub mod echo;
pub mod jaeger;
pub mod jaeger_process;
pub mod metrics;
pub mod patience;
pub mod process;
pub mod proxy;
pub mod rich;
pub mod service;
