//! The embedded Jaeger as a process of its own, and questions to its API (or to a real one's).

use std::{net::SocketAddr, time::Duration};

use embedded_jaeger::Addresses;
use reqwest::Url;
use serde_json::Value;
use tokio::time::sleep;

use super::{patience::Patience, process::Process};

/// The three ways to Jaeger, as `MODE` has them.
pub const MODES: [&str; 3] = ["grpc", "thrift-collector", "thrift-agent"];

/// A Jaeger and where it listens.
pub struct Jaeger {
    /// The embedded one's; it ends with this.
    pub process: Option<Process>,
    pub compact: SocketAddr,
    pub http: SocketAddr,
    pub grpc: SocketAddr,
    pub query: SocketAddr,
}

impl Jaeger {
    /// One that something else started.
    pub fn at(addresses: &Addresses) -> Self {
        Self {
            process: None,
            compact: addresses.compact,
            http: addresses.http,
            grpc: addresses.grpc,
            query: addresses.query,
        }
    }

    /// The embedded one, on free ports.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these flags; a port that none of them names is a free one.
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
            grpc: address("gRPC on http://"),
            query: address("query on http://"),
            process: Some(process),
        }
    }

    /// The variables that send a service's spans here.
    pub fn env(&self, mode: &str) -> Vec<(&'static str, String)> {
        vec![
            ("MODE", mode.to_owned()),
            ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", self.grpc.to_string()),
            ("COLLECTOR_THRIFT_URL", format!("http://{}", self.http)),
            ("AGENT_HOST_NAME", self.compact.ip().to_string()),
            ("AGENT_PORT", self.compact.port().to_string()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ]
    }

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

    /// All traces of `service`, once they have `spans` spans together.
    pub async fn traces(&self, service: &str, spans: usize) -> Vec<Value> {
        let path = format!("/api/traces?service={service}&limit=100000");
        let data = self
            .wait_for(&path, |data| count_spans(data) >= spans)
            .await;
        data.as_array().unwrap().clone()
    }
}

/// How many spans the traces in an answer's `data` have.
pub fn count_spans(data: &Value) -> usize {
    let traces = data.as_array().map(Vec::as_slice).unwrap_or_default();
    traces
        .iter()
        .map(|trace| trace["spans"].as_array().unwrap().len())
        .sum()
}

/// The span's tag or the log's field of this key.
pub fn tag<'v>(span: &'v Value, key: &str) -> &'v Value {
    let fields = span["tags"]
        .as_array()
        .or(span["fields"].as_array())
        .unwrap();
    let found = fields.iter().find(|tag| tag["key"] == key);
    found.map_or(&Value::Null, |tag| &tag["value"])
}

/// The span of this name.
pub fn span<'v>(trace: &'v Value, operation: &str) -> &'v Value {
    let mut spans = trace["spans"].as_array().unwrap().iter();
    let found = spans.find(|span| span["operationName"] == operation);
    found.unwrap_or_else(|| panic!("no span {operation} in {trace:#}"))
}
