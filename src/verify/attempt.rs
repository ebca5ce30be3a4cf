//! Traces of `/chain`, one after the other until one is whole: in a rollout or a restart a call may
//! fail, or spans be lost, and the next trace has nothing of it.

use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use super::{
    Failure, POLL_PAUSE, Settings, fetch_trace,
    http::{self, Client, FetchError, shown},
    path, shape,
    trace::Trace,
};

/// How long a trace may stay incomplete before another one is made. It is still looked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long after a failed call another one is made.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// One call of `/chain`, and what Jaeger has of its trace.
pub(super) struct Attempt {
    /// Which one it is, from 1.
    pub(super) number: usize,
    caller: Caller,
    failed_call: Option<Failure>,
    /// The trace, as far as it arrived.
    pub(super) trace: Option<Trace>,
    /// What is wrong with the trace, or why there is none.
    pub(super) failures: Vec<Failure>,
}

/// Makes traces until one is whole or it is `until`. Returns that one, or the one with the most
/// spans and all that is wrong; and how many were made.
pub(super) async fn make(client: &Client, settings: &Settings, until: Instant) -> (Attempt, usize) {
    let mut earlier: Vec<Attempt> = Vec::new();
    let mut last = Attempt::make(client, &settings.app, 1).await;
    let mut made = Instant::now();
    loop {
        for attempt in earlier.iter_mut().chain([&mut last]) {
            attempt.look(client, &settings.jaeger).await;
        }
        let whole = earlier.iter().chain([&last]).any(Attempt::is_whole);
        if whole || Instant::now() >= until {
            let number = last.number;
            return (best(earlier, last), number);
        }
        if made.elapsed() >= last.patience() {
            let next = Attempt::make(client, &settings.app, last.number + 1).await;
            let before = std::mem::replace(&mut last, next);
            // The spans of a failed call are worth seeing where nothing later is.
            if before.failed_call.is_none() {
                earlier.push(before);
            }
            made = Instant::now();
        }
        sleep(POLL_PAUSE).await;
    }
}

/// The whole one, or the one with the most spans; and if the last call failed, this is wrong, too.
fn best(earlier: Vec<Attempt>, last: Attempt) -> Attempt {
    let failed_call = last.failed_call.clone();
    let rank = |attempt: &Attempt| (attempt.is_whole(), attempt.spans());
    let mut best = earlier.into_iter().fold(last, |best, attempt| {
        if rank(&attempt) > rank(&best) {
            attempt
        } else {
            best
        }
    });
    if !best.is_whole() {
        best.failures.splice(0..0, failed_call);
    }
    best
}

impl Attempt {
    async fn make(client: &Client, app: &Url, number: usize) -> Self {
        let caller = Caller::random();
        let called = call_chain(client, app, caller).await;
        Self {
            number,
            caller,
            failed_call: called.err().map(|error| Failure {
                expected: format!("200 from {}", shown(&path(app, "chain"))),
                found: error.to_string(),
                look: "at the service's log, and at those of the services it calls".to_owned(),
            }),
            trace: None,
            failures: Vec::new(),
        }
    }

    async fn look(&mut self, client: &Client, jaeger: &Url) {
        let found = fetch_trace(client, jaeger, &self.trace_id()).await;
        self.failures = match &found {
            Ok(Some(trace)) => shape::check(trace, &self.caller.span_id()),
            Ok(None) => vec![shape::nothing(jaeger, &self.trace_id())],
            Err(error) => vec![Failure {
                expected: format!("an answer from Jaeger at {}", shown(jaeger)),
                found: error.to_string(),
                look: "whether the query service runs, and whether its port is reached".to_owned(),
            }],
        };
        if let Ok(Some(trace)) = found {
            self.trace = Some(trace);
        }
    }

    /// The id of the trace, in hexadecimal.
    pub(super) fn trace_id(&self) -> String {
        self.caller.trace_id()
    }

    fn is_whole(&self) -> bool {
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

/// The context that `/chain` is called with, as a caller that is traced itself would.
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
