//! The service when something around it fails: the real binary, over real sockets.
//!
//! Each test breaks one thing, makes requests meanwhile, mends it, and then asks four questions:
//! was every request answered, did memory stay in its bound, did the log say it once and once more
//! when it was over, and is every span accounted for. How much slower requests were is printed
//! beside a service to which nothing happens (`--nocapture`), and not asserted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

#[allow(dead_code)]
#[path = "../system/support/mod.rs"]
mod support;

mod agent;
mod clock;
mod collector;
mod end;
mod log;
mod names;
mod requests;
mod small;
