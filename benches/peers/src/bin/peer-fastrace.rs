//! fastrace-axum, and fastrace-jaeger over UDP to the agent at `AGENT`; logforth for the log.

use std::{error::Error, fmt::Write, time::Instant};

use axum::{Json, Router, routing::get};
use axum_jaeger_peers::{SERVICE_NAME, answer, serve, variable};
use fastrace::collector::Config;
use fastrace_axum::FastraceLayer;
use fastrace_jaeger::JaegerReporter;
use jiff::Timestamp;
use log::info;
use logforth::{
    Diagnostic, Layout, append,
    diagnostic::FastraceDiagnostic,
    kv::{KeyView, ValueView, Visitor},
    record::{Level, LevelFilter, Record},
};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    logforth::starter_log::builder()
        .dispatch(|dispatch| {
            dispatch
                .filter(LevelFilter::MoreSevereEqual(Level::Info))
                .diagnostic(FastraceDiagnostic::default())
                .append(append::Stdout::default().with_layout(Line))
        })
        .apply();
    let agent = variable("AGENT")?.parse()?;
    let reporter = JaegerReporter::new(agent, SERVICE_NAME).map_err(|error| error.to_string())?;
    fastrace::set_reporter(reporter, Config::default());
    let app = Router::new()
        .route("/", get(root))
        .layer(FastraceLayer::default());
    serve(app).await?;
    fastrace::flush();
    Ok(())
}

async fn root() -> Json<Value> {
    let since = Instant::now();
    let answer = answer();
    let duration_ms = since.elapsed().as_secs_f64() * 1_000.0;
    info!(
        "http.route" = "/",
        "http.response.status_code" = 200,
        duration_ms;
        "GET /"
    );
    answer
}

/// The line of axum-jaeger's log.
#[derive(Debug)]
struct Line;

impl Layout for Line {
    fn format(
        &self,
        record: &Record,
        diagnostics: &[Box<dyn Diagnostic>],
    ) -> Result<Vec<u8>, logforth::Error> {
        let time = Timestamp::try_from(record.time()).unwrap_or_default();
        let mut line = Pairs(format!(
            "{time:.6} {} [{}] [{}:{}] [",
            record.level(),
            record.target(),
            record.filename(),
            record.line().unwrap_or_default(),
        ));
        for diagnostic in diagnostics {
            diagnostic.visit(&mut line)?;
        }
        let _ = write!(
            line.0,
            "resource.service.name={SERVICE_NAME}] - {} ",
            record.payload()
        );
        record.key_values().visit(&mut line)?;
        Ok(line.0.into_bytes())
    }
}

/// A text that takes `key=value ` for each pair.
struct Pairs(String);

impl Visitor for Pairs {
    fn visit(&mut self, key: KeyView, value: ValueView) -> Result<(), logforth::Error> {
        let _ = write!(self.0, "{key}={value} ");
        Ok(())
    }
}
