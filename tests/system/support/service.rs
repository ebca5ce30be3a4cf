//! A service, started as a container would start it.

use std::{
    net::SocketAddr,
    process::{Command, ExitStatus},
    time::Duration,
};

use embedded_jaeger::Addresses;
use reqwest::Response;
use serde_json::Value;

use super::{
    jaeger::{Jaeger, env},
    patience::Patience,
    process::{BINARY, Process},
};

/// A running `axum-jaeger serve` on a free port of loopback.
pub struct Service {
    pub process: Process,
    pub address: SocketAddr,
    pub client: reqwest::Client,
}

impl Service {
    /// With these variables beside those for its address.
    pub fn start(env: &[(&str, &str)]) -> Self {
        let mut command = Process::command(BINARY);
        command.arg("serve").envs(env.iter().copied());
        Self::spawn(command)
    }

    /// Starts `command` as a service, on a free port.
    pub fn spawn(mut command: Command) -> Self {
        command.envs([("EXPOSE_HOST", "127.0.0.1"), ("EXPOSE_PORT", "0")]);
        let process = Process::spawn(command);
        let address = process
            .wait_for_word_after("listening on http://")
            .parse()
            .unwrap();
        Self::at(process, address)
    }

    /// A service that listens on `address`.
    pub fn at(process: Process, address: SocketAddr) -> Self {
        Self {
            process,
            address,
            client: reqwest::Client::new(),
        }
    }

    /// Without spans: nothing to send them to.
    pub fn untraced(env: &[(&str, &str)]) -> Self {
        let env: Vec<_> = [("OTEL_SDK_DISABLED", "true")]
            .iter()
            .chain(env)
            .copied()
            .collect();
        Self::start(&env)
    }

    /// With the name `name`, and sending its spans to `jaeger`.
    pub fn traced(jaeger: &Jaeger, mode: &str, name: &str, more: &[(&str, &str)]) -> Self {
        Self::traced_by(jaeger.addresses(), mode, name, more)
    }

    /// As [`Service::traced`], for any Jaeger with these addresses.
    pub fn traced_by(jaeger: &Addresses, mode: &str, name: &str, more: &[(&str, &str)]) -> Self {
        let env = env(jaeger, mode);
        let mut env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        env.push(("APP_NAME", name));
        env.extend(more);
        Self::start(&env)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of its metrics; it must have a port for them.
    pub fn metrics_url(&self) -> String {
        let url = self.process.wait_for_word_after("metrics on ");
        url.trim_end().to_owned()
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// Status and JSON body.
    pub async fn json(&self, path: &str) -> (u16, Value) {
        let response = self.get(path).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The first line of its log with `text`, while requests of this test go on.
    pub async fn wait_for_line(&self, text: &str) -> String {
        let patience = Patience::new();
        loop {
            if let Some(line) = self
                .process
                .lines()
                .into_iter()
                .find(|line| line.contains(text))
            {
                return line;
            }
            patience.check(|| format!("no line with {text} in {:#?}", self.process.lines()));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The counts of its spans in the last line of its log.
    pub fn span_counts(&self) -> String {
        self.process.wait_for("the span counts", |line| {
            line.split_once(" - spans: ")
                .map(|(_, span_counts)| span_counts.to_owned())
        })
    }

    pub fn terminate(&mut self) -> ExitStatus {
        self.process.terminate()
    }
}
