//! The check of a running system: calls `/chain`, finds its trace in Jaeger's API, its log lines in
//! Loki, and both in Grafana as data sources.
//!
//! The demo, `helm test` and the end-to-end tests all use it.

mod attempt;
mod grafana;
mod http;
mod loki;
mod report;
mod shape;
mod trace;

use std::time::Duration;

use reqwest::Url;
use tokio::time::{Instant, sleep};

use self::{
    http::{Client, FetchError},
    report::{Failure, Report},
    trace::Trace,
};
use crate::cli;

/// The pause between two looks for something that has not arrived yet.
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// The limit of a response. A `/chain` whose targets are slow takes 15 s.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes a trace and looks for it, and for another one if it stays incomplete.
pub(crate) async fn run(args: &cli::Verify) -> Report {
    let until = Instant::now() + args.timeout;
    let client = match Client::new(RESPONSE_TIMEOUT.min(args.timeout)) {
        Ok(client) => client,
        Err(error) => {
            return Report {
                failures: vec![Failure {
                    expected: "an HTTP client".to_owned(),
                    found: error.to_string(),
                    check: "this machine's network settings".to_owned(),
                }],
                ..Report::default()
            };
        }
    };
    let mut report = attempt::make(&client, args, until).await;
    if let Some(loki) = &args.loki {
        let services = report.trace.as_ref().map(Trace::services);
        let services = services.unwrap_or_default();
        let logs = loki::check(&client, loki, &report.trace_id, &services, until).await;
        report.log_lines = logs.lines;
        report.failures.extend(logs.failures);
    }
    if let Some(grafana) = &args.grafana {
        let failures = grafana::check(&client, grafana, &args.grafana_login, until).await;
        report.failures.extend(failures);
    }
    report
}

/// Repeats `look` until its result `is_good`, or it is `until`. Returns the last result.
async fn poll<T>(until: Instant, look: impl AsyncFn() -> T, is_good: impl Fn(&T) -> bool) -> T {
    loop {
        let found = look().await;
        if is_good(&found) || Instant::now() >= until {
            return found;
        }
        sleep(POLL_PAUSE).await;
    }
}

/// Gets one trace from Jaeger's API; `None` if it has none of this id.
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

/// Returns `base` with `path` appended.
fn path(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/{path}"));
    url
}
