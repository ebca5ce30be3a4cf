//! Metrics for Prometheus: the incoming requests, with exemplars that lead to their traces; the
//! spans and their export; and the log.
//!
//! Names are OpenTelemetry's semantic conventions for HTTP and for SDK metrics, in their Prometheus
//! form.

#[cfg(feature = "axum")]
pub mod requests;

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use prometheus_client::{encoding::text, registry::Registry};

#[cfg(feature = "axum")]
use self::requests::Requests;

/// All metrics of the process.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
    #[cfg(feature = "axum")]
    requests: Requests,
}

/// The format in which metrics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// OpenMetrics 1.0, with exemplars.
    OpenMetrics,
    /// Prometheus' own text format 0.0.4, which has no exemplars.
    Prometheus,
}

impl Format {
    /// The format that a client with this `Accept` header gets.
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
    /// The metrics of requests, and those that `register` adds.
    pub(super) fn new(register: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::default();
        #[cfg(feature = "axum")]
        let requests = Requests::default();
        #[cfg(feature = "axum")]
        requests.register(&mut registry);
        register(&mut registry);
        Self {
            registry: Arc::new(registry),
            #[cfg(feature = "axum")]
            requests,
        }
    }

    /// Writes all current values.
    ///
    /// # Errors
    /// If a value cannot be written, which does not happen here.
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
