//! How soon a service serves, and what it takes when nothing happens.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    load::REQUEST,
    measure::Bench,
    support::{Result, statistics::median},
    variant::Variant,
};

const STARTS: usize = 20;

/// For the span of the first request to leave.
const REST: Duration = Duration::from_secs(2);

/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// What several starts came to.
#[derive(Debug, Serialize)]
pub(crate) struct Start {
    /// From the start of the process to its answer to the first request, each.
    pub(crate) milliseconds: Vec<f64>,
    /// Two seconds after the first request, of one of them.
    pub(crate) memory_at_rest_bytes: u64,
}

impl Start {
    pub(crate) fn median_milliseconds(&self) -> f64 {
        median(self.milliseconds.iter().copied())
    }
}

/// Starts `variant` some times.
pub(crate) fn measure(bench: &Bench<'_>, variant: Variant) -> Result<Start> {
    let mut start = Start {
        milliseconds: Vec::new(),
        memory_at_rest_bytes: 0,
    };
    for number in 0..STARTS {
        let since = Instant::now();
        let (process, address) = bench.start(variant)?;
        while !answers(address) {
            if since.elapsed() > PATIENCE {
                return Err(format!("{} does not answer", variant.name()).into());
            }
            thread::sleep(Duration::from_micros(200));
        }
        start.milliseconds.push(since.elapsed().as_secs_f64() * 1e3);
        if number == 0 {
            thread::sleep(REST);
            start.memory_at_rest_bytes = process.resident_memory()?;
        }
    }
    Ok(start)
}

fn answers(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(REQUEST)?;
        let mut begin = [0; 12];
        stream.read_exact(&mut begin)?;
        std::io::Result::Ok(begin == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}
