//! The embedded Jaeger as a process of its own, and questions to its HTTP API or to a real one's.

use std::{net::SocketAddr, time::Duration};

use embedded_jaeger::Addresses;
use reqwest::Url;
use serde_json::Value;
use tokio::time::sleep;

use super::{patience::Patience, process::Process};

/// A Jaeger and its addresses.
pub struct JaegerProcess {
    /// `axum-jaeger jaeger`, which ends with this; none for a Jaeger that something else started.
    pub process: Option<Process>,
    pub compact: SocketAddr,
    pub http: SocketAddr,
    pub query: SocketAddr,
}

impl JaegerProcess {
    /// A Jaeger that something else started.
    pub fn at(addresses: &Addresses) -> Self {
        Self {
            process: None,
            compact: addresses.compact,
            http: addresses.http,
            query: addresses.query,
        }
    }

    /// Starts `axum-jaeger jaeger` on free ports.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`JaegerProcess::start`], with these flags.
    pub fn start_with(flags: &[&str]) -> Self {
        let mut args = vec!["jaeger"];
        for port in
            ["compact", "binary", "http", "grpc", "query"].map(|name| format!("--{name}-port"))
        {
            if !flags.contains(&port.as_str()) {
                args.extend([String::leak(port), "0"]);
            }
        }
        args.extend(flags);
        let process = Process::start(&args, &[]);
        let address = |prefix| {
            let text = process.wait_for_word_after(prefix);
            text.trim_end_matches("/api/traces").parse().unwrap()
        };
        Self {
            compact: address("Thrift compact on udp "),
            http: address("Thrift over HTTP on http://"),
            query: address("query on http://"),
            process: Some(process),
        }
    }

    #[allow(dead_code)] // for tests/page
    pub fn url(&self) -> Url {
        format!("http://{}", self.query).parse().unwrap()
    }

    /// `data` of the answer to `path`; `null` for an error.
    pub async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.query);
        let mut answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        answer["data"].take()
    }

    /// `data` of the answer to `path`, once `enough` says so.
    pub async fn wait_for(&self, path: &str, enough: impl Fn(&Value) -> bool) -> Value {
        let patience = Patience::new();
        loop {
            let data = self.get(path).await;
            if enough(&data) {
                return data;
            }
            patience.check(|| format!("{path} is still {data:#}"));
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The number of spans in the traces of an answer's `data`.
pub fn count_spans(data: &Value) -> usize {
    let traces = data.as_array().map(Vec::as_slice).unwrap_or_default();
    traces
        .iter()
        .map(|trace| trace["spans"].as_array().unwrap().len())
        .sum()
}
