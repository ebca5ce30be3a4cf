//! What single steps cost: the log line, the span, the context in headers, each exporter's
//! encoding, and the embedded Jaeger's decoders and queries.
//!
//! All go through the public API: what is private in the crate is measured with the least around it
//! that is public, such as a message's way over loopback.

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmarks read /proc, which is Linux alone");

mod export;
mod jaeger;
mod propagation;
mod request;
#[path = "../support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use support::Result;

fn all(criterion: &mut Criterion) {
    let parts: [fn(&mut Criterion) -> Result<()>; 4] = [
        propagation::bench,
        export::bench,
        request::bench,
        jaeger::bench,
    ];
    for part in parts {
        if let Err(error) = part(criterion) {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
