//! The page in a real browser, on the real binary. Needs `chromium` and `chromedriver`, and `npm
//! ci` in this folder. The scripts' functions that need no browser are tested in `unit`, by `npm
//! test`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accessible;
mod browser;
#[allow(dead_code, unreachable_pub)]
#[path = "../system/support/demo.rs"]
mod demo;
mod embedded;
mod frames;
#[allow(dead_code, unreachable_pub)]
#[path = "../system/support/jaeger_process.rs"]
mod jaeger_process;
mod large;
mod links;
mod logs;
mod long;
#[path = "../system/support/patience.rs"]
#[allow(unreachable_pub)]
mod patience;
mod pictures;
#[allow(dead_code, unreachable_pub)]
#[path = "../system/support/process.rs"]
mod process;
mod proxies;
mod proxy;
mod roots;
mod saved;
mod scatter;
mod search;
mod services;
mod spans;
mod tags;
#[allow(dead_code)]
#[path = "../../crates/embedded-jaeger/tests/embedded_jaeger/support/thrift.rs"]
mod thrift;
mod trace;
mod try_it;
mod zoom;

use embedded_jaeger::model;

/// The pages are those of the real binary.
mod jaeger {
    pub(crate) use super::jaeger_process::JaegerProcess as Jaeger;
}
