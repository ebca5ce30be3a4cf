//! The data sources of Grafana: both exist, and Grafana reaches Jaeger and Loki by them.

use reqwest::Url;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    http::{self, Client, FetchError, shown},
    path, poll,
    report::Failure,
};
use crate::cli::GrafanaLogin;

/// The types of the expected data sources.
const EXPECTED: [&str; 2] = ["jaeger", "loki"];

#[derive(Deserialize)]
struct DataSource {
    uid: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Health {
    status: String,
    message: String,
}

/// Asks until both data sources are healthy or it is `until`.
pub(super) async fn check(
    client: &Client,
    grafana: &Url,
    login: &GrafanaLogin,
    until: Instant,
) -> Vec<Failure> {
    let look = || check_once(client, grafana, login);
    poll(until, look, Vec::is_empty).await
}

async fn check_once(client: &Client, grafana: &Url, login: &GrafanaLogin) -> Vec<Failure> {
    let get = |path_: &str| {
        let request = client.get(path(grafana, path_));
        request.basic_auth(&login.user, login.password.as_ref())
    };
    let sources: Vec<DataSource> = match http::json_of(get("api/datasources")).await {
        Ok(sources) => sources,
        Err(error) => {
            return vec![Failure {
                expected: format!("an answer from Grafana at {}", shown(grafana)),
                found: error.to_string(),
                check: "that Grafana runs, and GRAFANA_USER and GRAFANA_PASSWORD".to_owned(),
            }];
        }
    };
    let mut failures = Vec::new();
    for kind in EXPECTED {
        let Some(source) = sources.iter().find(|source| source.kind == kind) else {
            failures.push(Failure {
                expected: format!("a data source of type {kind} in Grafana"),
                found: format!("{} others", sources.len()),
                check: "Grafana's provisioning, and its log".to_owned(),
            });
            continue;
        };
        let health = http::json_of(get(&format!("api/datasources/uid/{}/health", source.uid)));
        if let Err(found) = healthy(health.await) {
            failures.push(Failure {
                expected: format!("the data source {kind} to be healthy"),
                found,
                check: format!("the data source's URL, and that Grafana reaches {kind} by it"),
            });
        }
    }
    failures
}

fn healthy(health: Result<Health, FetchError>) -> Result<(), String> {
    match health {
        Ok(health) if health.status == "OK" => Ok(()),
        Ok(health) => Err(format!("{}: {}", health.status, health.message)),
        Err(error) => Err(error.to_string()),
    }
}
