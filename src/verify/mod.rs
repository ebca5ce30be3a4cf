//! The proof that a running system traces: calls `/chain`, finds its trace in Jaeger's API,
//! its log lines in Loki, and both in Grafana as data sources.
//!
//! The same code serves the demo, `helm test` and the end-to-end tests.

mod attempt;
mod grafana;
mod http;
mod loki;
mod shape;
mod trace;

use std::{fmt, time::Duration};

use clap::Args;
use jiff::SignedDuration;
use reqwest::Url;
use tokio::time::Instant;

use self::{
    http::{Client, FetchError, shown},
    trace::Trace,
};

/// What to ask, and for how long.
#[derive(Args, Clone, Debug)]
pub(crate) struct Settings {
    /// The service whose /chain is called
    #[arg(long, default_value = "http://127.0.0.1:8000")]
    pub app: Url,

    /// Jaeger's query service
    #[arg(long, default_value = "http://127.0.0.1:16686")]
    pub jaeger: Url,

    /// Loki, where it runs
    #[arg(long)]
    pub loki: Option<Url>,

    /// Grafana, where it runs
    #[arg(long)]
    pub grafana: Option<Url>,

    /// How to log in to Grafana
    #[command(flatten)]
    pub grafana_login: grafana::Login,

    /// How long a trace and its log lines may take to arrive, such as 30s or 2m; one that is
    /// incomplete after 10s is followed by another
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub timeout: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<SignedDuration>()
        .ok()
        .and_then(|duration| duration.try_into().ok())
        .ok_or_else(|| "expected a time such as 30s or 2m".to_owned())
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
    /// Where to look.
    pub look: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "FAILED   expected {}", self.expected)?;
        writeln!(f, "         found    {}", self.found)?;
        write!(f, "         look     {}", self.look)
    }
}

/// What was found; shown as the trace's tree, and each failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// How many traces were made.
    pub made: usize,
    /// Which of them this is, from 1.
    pub number: usize,
    /// The trace, as far as it arrived.
    pub trace: Option<Trace>,
    /// How many of the trace's log lines Loki has, by service; empty where Loki was not asked.
    pub log_lines: Vec<(String, usize)>,
    /// What is wrong; empty when all is well.
    pub failures: Vec<Failure>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.made > 1 {
            let Self { number, made, .. } = self;
            writeln!(
                f,
                "number {number} of {made} traces, the most complete one:"
            )?;
        }
        if let Some(trace) = &self.trace {
            write!(f, "{trace}")?;
        }
        for (service, count) in &self.log_lines {
            writeln!(f, "{count} log lines of {service} in Loki")?;
        }
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        if self.failures.is_empty() {
            writeln!(f, "OK")?;
        }
        Ok(())
    }
}

/// How often is asked for what has not arrived yet.
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// How long an answer may take. A `/chain` whose targets are slow takes 15 s.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes a trace and looks for it, and for another one when it stays incomplete.
pub(crate) async fn run(settings: &Settings) -> Report {
    let until = Instant::now() + settings.timeout;
    let answer_timeout = ANSWER_TIMEOUT.min(settings.timeout);
    let client = match Client::new(answer_timeout) {
        Ok(client) => client,
        Err(error) => {
            return Report {
                failures: vec![Failure {
                    expected: "an HTTP client".to_owned(),
                    found: error.to_string(),
                    look: "at this machine's network settings".to_owned(),
                }],
                ..Report::default()
            };
        }
    };
    let (attempt, made) = attempt::make(&client, settings, until).await;
    let trace_id = attempt.trace_id();
    let mut report = Report {
        number: attempt.number,
        made,
        trace: attempt.trace,
        log_lines: Vec::new(),
        failures: attempt.failures,
    };
    if let Some(loki) = &settings.loki {
        let services = report
            .trace
            .as_ref()
            .map(Trace::services)
            .unwrap_or_default();
        let mut logs = loki::check(&client, loki, &trace_id, &services, until).await;
        report.log_lines = logs.lines;
        report.failures.append(&mut logs.failures);
    }
    if let Some(url) = &settings.grafana {
        let mut found = grafana::check(&client, url, &settings.grafana_login, until).await;
        report.failures.append(&mut found);
    }
    report
}

/// Asks Jaeger's API for one trace; `None` where it knows none of this id.
async fn fetch_trace(
    client: &Client,
    jaeger: &Url,
    trace_id: &str,
) -> Result<Option<Trace>, FetchError> {
    let url = path(jaeger, &format!("api/traces/{trace_id}"));
    match http::json_of(client.get(url)).await {
        Ok(answer) => Trace::from_answer(answer),
        Err(FetchError::Status { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `base` with `path` behind it.
fn path(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/{path}"));
    url
}
