//! What a service counts and measures, as Prometheus reads it.
//!
//! - [`requests`]: the requests that come in, with exemplars that lead to their traces.
//! - `log`: the lines that were dropped.
//! - Those of [`export`](super::export).
//!
//! Names are OpenTelemetry's semantic conventions for HTTP and for SDK metrics, in their Prometheus
//! form.

mod log;
#[cfg(feature = "axum")]
pub mod requests;

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use prometheus_client::{encoding::text, registry::Registry};

#[cfg(feature = "axum")]
use self::requests::Requests;
use super::{export::Monitor, log::Writer};

/// All metrics of the process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    #[cfg(feature = "axum")]
    requests: Requests,
}

/// How metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0, with exemplars.
    OpenMetrics,
    /// Prometheus' own text format 0.0.4, which has no exemplars.
    Prometheus,
}

impl Format {
    /// The best of those that an `Accept` header names.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Metrics {
    /// Metrics of requests, of the log, and of the export if there is one.
    pub(super) fn new(export: Option<&Monitor>, log: Arc<Writer>) -> Self {
        let mut registry = Registry::default();
        #[cfg(feature = "axum")]
        let requests = Requests::default();
        #[cfg(feature = "axum")]
        requests.register(&mut registry);
        registry.register_collector(Box::new(log::Lines(log)));
        if let Some(export) = export {
            export.register(&mut registry);
        }
        Self {
            registry: Arc::new(registry),
            #[cfg(feature = "axum")]
            requests,
        }
    }

    /// All values now.
    ///
    /// # Errors
    /// When one cannot be written, which none here does.
    pub fn encode(&self, format: Format) -> Result<String, fmt::Error> {
        let mut text = String::new();
        match format {
            Format::OpenMetrics => text::encode(&mut text, &self.registry)?,
            Format::Prometheus => {
                let mut open_metrics = String::new();
                text::encode_registry(&mut open_metrics, &self.registry)?;
                for line in open_metrics.lines() {
                    let sample = line.rsplit_once(" # {").map_or(line, |(sample, _)| sample);
                    writeln!(text, "{sample}")?;
                }
            }
        }
        Ok(text)
    }
}
