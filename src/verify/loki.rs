//! The trace's log lines in Loki.

use std::collections::BTreeSet;

use reqwest::Url;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    http::{self, Client, FetchError, shown},
    path, poll,
    report::Failure,
};

/// The most lines of a response.
const LIMIT: &str = "1000";

/// The log lines of a trace in Loki, counted by service.
pub(super) struct Logs {
    pub(super) lines: Vec<(String, usize)>,
    pub(super) failures: Vec<Failure>,
}

/// Looks for a line of each service until all are there or it is `until`.
pub(super) async fn check(
    client: &Client,
    loki: &Url,
    trace_id: &str,
    services: &BTreeSet<String>,
    until: Instant,
) -> Logs {
    let look = async || {
        judge(
            query(client, loki, trace_id).await,
            services,
            loki,
            trace_id,
        )
    };
    poll(until, look, |logs| logs.failures.is_empty()).await
}

fn judge(
    answer: Result<Vec<String>, FetchError>,
    services: &BTreeSet<String>,
    loki: &Url,
    trace_id: &str,
) -> Logs {
    let lines = match answer {
        Ok(lines) => lines,
        Err(error) => {
            return Logs {
                lines: Vec::new(),
                failures: vec![Failure {
                    expected: format!("an answer from Loki at {}", shown(loki)),
                    found: error.to_string(),
                    check: "that Loki runs, and that its port is reachable".to_owned(),
                }],
            };
        }
    };
    let counts: Vec<(String, usize)> = services
        .iter()
        .map(|service| {
            let of_service = lines.iter().filter(|line| is_of(line, service));
            (service.clone(), of_service.count())
        })
        .collect();
    let failures = counts
        .iter()
        .filter(|(_, count)| *count == 0)
        .map(|(service, _)| Failure {
            expected: format!("a log line of {service} with trace_id={trace_id} in Loki"),
            found: format!("none among the {} lines of the trace", lines.len()),
            check: "Promtail's targets and log, and the service's own log".to_owned(),
        })
        .collect();
    Logs {
        lines: counts,
        failures,
    }
}

/// Returns whether `service` wrote the line, as text (`resource.service.name=app-a]`) or as JSON
/// (`"resource.service.name":"app-a"`).
fn is_of(line: &str, service: &str) -> bool {
    line.contains(&format!("resource.service.name={service}]"))
        || line.contains(&format!("\"resource.service.name\":\"{service}\""))
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    /// Time in nanoseconds and line.
    values: Vec<(String, String)>,
}

/// Gets the lines of the last hour, Loki's default, that contain the trace's id.
async fn query(client: &Client, loki: &Url, trace_id: &str) -> Result<Vec<String>, FetchError> {
    let mut url = path(loki, "loki/api/v1/query_range");
    url.query_pairs_mut()
        .append_pair("query", &format!("{{app=~\".+\"}} |= \"{trace_id}\""))
        .append_pair("limit", LIMIT);
    let answer: Answer = http::json_of(client.get(url)).await?;
    Ok(answer
        .data
        .result
        .into_iter()
        .flat_map(|stream| stream.values)
        .map(|(_, line)| line)
        .collect())
}
