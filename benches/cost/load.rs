//! Load over HTTP/1.1 connections that are kept: as much as is answered, or at a constant rate.
//!
//! Plain sockets and one `ppoll` for all of them, since a client that costs much would be measured
//! too.

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use nix::{
    poll::{PollFd, PollFlags, ppoll},
    sys::{prctl::set_timerslack, time::TimeSpec},
};

use crate::support::Result;

/// Enough to keep every core busy, and few enough for one `ppoll`.
const CONNECTIONS: usize = 64;

/// An answer that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: axum-jaeger-bench\r\nAccept: */*\r\n\r\n";

/// What load there is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// Each connection asks again as soon as it has its answer.
    Full,
    /// So many requests a second are due at equal distances, whatever becomes of those before.
    Rate(f64),
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    pub(crate) time: Duration,
    /// From the moment when each request was due to its answer, in microseconds, sorted: a request
    /// that has to wait for a connection waits already, which a client that then sends less would
    /// hide ("coordinated omission"). Empty at full load, where nothing is ever due.
    pub(crate) latencies: Vec<u32>,
}

/// Makes requests for `time`, from a thread for every two cores, and waits for all answers.
pub(crate) fn run(address: SocketAddr, load: Load, time: Duration) -> Result<Outcome> {
    let cores = thread::available_parallelism()?.get();
    let threads = (cores / 2).clamp(1, CONNECTIONS);
    let load = match load {
        Load::Full => Load::Full,
        Load::Rate(rate) => Load::Rate(rate / threads as f64),
    };
    let start = Instant::now();
    let outcomes = thread::scope(|scope| {
        let client = || Client::connect(address, CONNECTIONS / threads)?.run(load, time);
        let clients: Vec<_> = (0..threads).map(|_| scope.spawn(client)).collect();
        let outcomes = clients.into_iter().map(|client| client.join());
        outcomes.collect::<std::result::Result<Vec<_>, _>>()
    });
    let mut whole = Outcome::default();
    for outcome in outcomes.map_err(|_| "a client panicked")? {
        let (requests, latencies) = outcome?;
        whole.requests += requests;
        whole.latencies.extend(latencies);
    }
    whole.time = start.elapsed();
    whole.latencies.sort_unstable();
    Ok(whole)
}

struct Client {
    streams: Vec<TcpStream>,
    /// What each connection has of its answer.
    answers: Vec<Vec<u8>>,
    /// When the request was due that each connection waits for.
    due: Vec<Instant>,
    idle: VecDeque<usize>,
}

impl Client {
    fn connect(address: SocketAddr, connections: usize) -> Result<Self> {
        let connect = |_| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        let streams: Vec<_> = (0..connections).map(connect).collect::<Result<_>>()?;
        Ok(Self {
            answers: vec![Vec::new(); connections],
            due: vec![Instant::now(); connections],
            idle: (0..connections).collect(),
            streams,
        })
    }

    /// How many requests were answered, and how long each took.
    fn run(mut self, load: Load, time: Duration) -> Result<(u64, Vec<u32>)> {
        // The default would make every request of a constant rate 50 us late.
        set_timerslack(1)?;
        let streams = std::mem::take(&mut self.streams);
        let mut polled: Vec<_> = streams
            .iter()
            .map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN))
            .collect();
        let mut schedule = Schedule::new(load, time);
        let mut answered = 0;
        let mut latencies = Vec::new();
        let mut now = Instant::now();
        loop {
            while let Some(due) = schedule.due(now)
                && let Some(free) = self.idle.pop_front()
            {
                (&streams[free]).write_all(REQUEST)?;
                self.due[free] = due;
                schedule.sent += 1;
            }
            if schedule.is_over(now) && self.idle.len() == streams.len() {
                return Ok((answered, latencies));
            }
            let until = schedule.next(now, self.idle.is_empty());
            if ppoll(&mut polled, Some(TimeSpec::from_duration(until)), None)? == 0
                && until == PATIENCE
            {
                return Err(format!("no answer within {PATIENCE:?}").into());
            }
            now = Instant::now();
            for (number, fd) in polled.iter().enumerate() {
                if fd.any() == Some(true) && self.read(number, &streams[number])? {
                    answered += 1;
                    now = Instant::now();
                    if let Load::Rate(_) = load {
                        let latency = now - self.due[number];
                        latencies.push(latency.as_micros().try_into().unwrap_or(u32::MAX));
                    }
                    self.idle.push_back(number);
                }
            }
        }
    }

    /// Whether the answer is complete. Anything but a 200 is an error.
    fn read(&mut self, number: usize, mut stream: &TcpStream) -> Result<bool> {
        let answer = &mut self.answers[number];
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(0) => return Err("the service closed a connection".into()),
            Ok(read) => answer.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(head_length) = head.parse(answer)? else {
            return Ok(false);
        };
        if head.code != Some(200) {
            return Err(format!("the service answered with {:?}", head.code).into());
        }
        let mut lengths = head.headers.iter();
        let length = lengths.find(|header| header.name.eq_ignore_ascii_case("content-length"));
        let length = length.ok_or("an answer without a length")?.value;
        let length: usize = std::str::from_utf8(length)?.parse()?;
        let complete = answer.len() >= head_length + length;
        if complete {
            answer.clear();
        }
        Ok(complete)
    }
}

/// When requests are due.
struct Schedule {
    load: Load,
    start: Instant,
    end: Instant,
    sent: u32,
}

impl Schedule {
    fn new(load: Load, time: Duration) -> Self {
        let start = Instant::now();
        Self {
            load,
            start,
            end: start + time,
            sent: 0,
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        match self.load {
            Load::Full => now >= self.end,
            Load::Rate(_) => self.next_due() >= self.end,
        }
    }

    /// When the next request was due, if it is.
    fn due(&self, now: Instant) -> Option<Instant> {
        let due = self.next_due();
        (due <= now && !self.is_over(now)).then_some(due)
    }

    fn next_due(&self) -> Instant {
        match self.load {
            Load::Full => self.start,
            Load::Rate(rate) => self.start + Duration::from_secs_f64(f64::from(self.sent) / rate),
        }
    }

    /// How long there is nothing to do but to wait for answers.
    fn next(&self, now: Instant, all_are_busy: bool) -> Duration {
        if all_are_busy || self.is_over(now) {
            PATIENCE
        } else {
            self.next_due().saturating_duration_since(now)
        }
    }
}
