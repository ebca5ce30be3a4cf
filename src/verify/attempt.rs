//! Calls of `/chain`, one after the other until the trace of one is complete: in a rollout or a
//! restart a call may fail, or spans be lost, which does not affect the next trace.

use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use super::{
    POLL_PAUSE, fetch_trace,
    http::{self, Client, FetchError, shown},
    path,
    report::{Failure, Report},
    shape,
    trace::Trace,
};
use crate::cli;

/// The age at which an incomplete trace is followed by another one. It is still looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The same after a failed call.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// A call of `/chain`, and its trace in Jaeger.
struct Attempt {
    /// Its number, from 1.
    number: usize,
    made: Instant,
    caller: Caller,
    failed_call: Option<Failure>,
    /// The trace, as far as it arrived.
    trace: Option<Trace>,
    /// The errors of the trace, or the reason why there is none.
    failures: Vec<Failure>,
}

/// Makes traces until one is complete or it is `until`. Reports that one, or else the one with the
/// most spans.
pub(super) async fn make(client: &Client, args: &cli::Verify, until: Instant) -> Report {
    let mut earlier: Vec<Attempt> = Vec::new();
    let mut last = Attempt::make(client, &args.app, 1).await;
    loop {
        for attempt in earlier.iter_mut().chain([&mut last]) {
            attempt.look(client, &args.jaeger).await;
        }
        let complete = earlier.iter().chain([&last]).any(Attempt::is_complete);
        if complete || Instant::now() >= until {
            return report(earlier, last);
        }
        if last.made.elapsed() >= last.patience() {
            let next = Attempt::make(client, &args.app, last.number + 1).await;
            let before = std::mem::replace(&mut last, next);
            // The spans of a failed call are of interest only until the next call.
            if before.failed_call.is_none() {
                earlier.push(before);
            }
        }
        sleep(POLL_PAUSE).await;
    }
}

/// Reports the complete attempt, or the one with the most spans; and a failure of the last call.
fn report(earlier: Vec<Attempt>, last: Attempt) -> Report {
    let made = last.number;
    let failed_call = last.failed_call.clone();
    let rank = |attempt: &Attempt| (attempt.is_complete(), attempt.spans());
    let best = earlier.into_iter().fold(last, |best, attempt| {
        if rank(&attempt) > rank(&best) {
            attempt
        } else {
            best
        }
    });
    let mut failures = Vec::new();
    if !best.is_complete() {
        failures.extend(failed_call);
    }
    Report {
        made,
        number: best.number,
        trace_id: best.caller.trace_id(),
        trace: best.trace,
        log_lines: Vec::new(),
        failures: [failures, best.failures].concat(),
    }
}

impl Attempt {
    async fn make(client: &Client, app: &Url, number: usize) -> Self {
        let caller = Caller::random();
        let called = call_chain(client, app, caller).await;
        Self {
            number,
            made: Instant::now(),
            caller,
            failed_call: called.err().map(|error| Failure {
                expected: format!("200 from {}", shown(&path(app, "chain"))),
                found: error.to_string(),
                check: "the service's log, and those of the services that it calls".to_owned(),
            }),
            trace: None,
            failures: Vec::new(),
        }
    }

    async fn look(&mut self, client: &Client, jaeger: &Url) {
        let found = fetch_trace(client, jaeger, &self.caller.trace_id()).await;
        self.failures = match &found {
            Ok(Some(trace)) => shape::check(trace, &self.caller.span_id()),
            Ok(None) => vec![shape::nothing(jaeger, &self.caller.trace_id())],
            Err(error) => vec![Failure {
                expected: format!("an answer from Jaeger at {}", shown(jaeger)),
                found: error.to_string(),
                check: "that the query service runs, and that its port is reachable".to_owned(),
            }],
        };
        if let Ok(Some(trace)) = found {
            self.trace = Some(trace);
        }
    }

    fn is_complete(&self) -> bool {
        self.failed_call.is_none() && self.failures.is_empty()
    }

    fn spans(&self) -> usize {
        self.trace.as_ref().map_or(0, |trace| trace.spans.len())
    }

    fn patience(&self) -> Duration {
        match self.failed_call {
            None => PATIENCE,
            Some(_) => AFTER_FAILURE,
        }
    }
}

/// The trace context of the call, as of a caller that is traced itself.
#[derive(Clone, Copy)]
struct Caller {
    trace: u128,
    span: u64,
}

impl Caller {
    fn random() -> Self {
        // The lowest bit keeps both from being zero, which is no id.
        Self {
            trace: rand::random::<u128>() | 1,
            span: rand::random::<u64>() | 1,
        }
    }

    fn trace_id(self) -> String {
        format!("{:032x}", self.trace)
    }

    fn span_id(self) -> String {
        format!("{:016x}", self.span)
    }
}

async fn call_chain(client: &Client, app: &Url, caller: Caller) -> Result<(), FetchError> {
    let traceparent = format!("00-{}-{}-01", caller.trace_id(), caller.span_id());
    let request = client
        .get(path(app, "chain"))
        .header("traceparent", traceparent);
    http::send(request).await.map(drop)
}
