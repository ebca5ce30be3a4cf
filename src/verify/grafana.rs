//! Grafana's data sources: that both are there, and that Grafana reaches what they stand for.

use reqwest::Url;
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{
    Failure, FetchError, POLL_PAUSE,
    http::{self, Client, shown},
    path,
};

/// The types of the data sources that are to be there.
const EXPECTED: [&str; 2] = ["jaeger", "loki"];

/// How to log in; Grafana's API wants somebody who may see data sources.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Login {
    /// The user's name in Grafana
    #[arg(long = "grafana-user", env = "GRAFANA_USER", default_value = "admin")]
    user: String,

    /// The user's password
    #[arg(
        long = "grafana-password",
        env = "GRAFANA_PASSWORD",
        hide_env_values = true
    )]
    password: Option<String>,
}

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
    login: &Login,
    until: Instant,
) -> Vec<Failure> {
    loop {
        let failures = check_once(client, grafana, login).await;
        if failures.is_empty() || Instant::now() >= until {
            return failures;
        }
        sleep(POLL_PAUSE).await;
    }
}

async fn check_once(client: &Client, grafana: &Url, login: &Login) -> Vec<Failure> {
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
                look: "whether Grafana runs, and at GRAFANA_USER and GRAFANA_PASSWORD".to_owned(),
            }];
        }
    };
    let mut failures = Vec::new();
    for kind in EXPECTED {
        let Some(source) = sources.iter().find(|source| source.kind == kind) else {
            failures.push(Failure {
                expected: format!("a data source of type {kind} in Grafana"),
                found: format!("{} others", sources.len()),
                look: "at Grafana's provisioning, and at its log".to_owned(),
            });
            continue;
        };
        let health = http::json_of(get(&format!("api/datasources/uid/{}/health", source.uid)));
        if let Err(found) = healthy(health.await) {
            failures.push(Failure {
                expected: format!("the data source {kind} to be healthy"),
                found,
                look: format!(
                    "at the data source's URL, and whether {kind} is reached from Grafana"
                ),
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
