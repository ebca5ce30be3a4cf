//! Configuration of tracing, logging and export.

// Without a transport `Mode` has no values, and the code that strum derives for it is unreachable.
#![cfg_attr(
    not(any(feature = "grpc", feature = "thrift")),
    allow(unreachable_code)
)]

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use opentelemetry::InstrumentationScope;
use strum::{Display, EnumString, VariantNames};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use crate::{
    ResourceAttributes, Sampler, SensitiveKeys,
    env::{InvalidValue, InvalidVariable},
};

/// The default limit of an attribute's text, in characters.
///
/// OpenTelemetry's own default is no limit; without one a single span can outgrow a datagram.
pub const DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT: usize = 4096;

/// The default level up to which spans are made. The spans of h2, hyper and other low layers have
/// higher levels.
pub const DEFAULT_SPAN_LEVEL: LevelFilter = LevelFilter::INFO;

/// Configuration of [`init`](crate::init).
///
/// # Examples
/// From the environment, or from scratch; then any field can be set:
/// ```
/// use axum_jaeger_telemetry::{Destination, Sampler, Settings};
///
/// let agent = Destination::ThriftAgent { host: "localhost".to_owned(), port: 6831 };
/// let mut settings = Settings::new("shop", agent);
/// settings.sampler = Sampler::ParentBasedTraceIdRatio(0.1);
/// assert_eq!(settings.service_name, "shop");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `service.name` of every span and log line.
    pub service_name: String,
    /// Further attributes of the resource.
    pub resource: ResourceAttributes,
    /// Destination of the spans; `None` makes no spans at all.
    pub destination: Option<Destination>,
    /// The rule by which traces are kept.
    pub sampler: Sampler,
    /// Limits of the queue and of batches.
    pub batching: Batching,
    /// Longer texts in attributes are cut to so many characters.
    pub attribute_value_length_limit: usize,
    /// The instrumentation scope of every span.
    pub scope: InstrumentationScope,
    /// Filter of the spans, by their target, which is the module by default, and their level.
    ///
    /// The default makes those of every crate up to [`DEFAULT_SPAN_LEVEL`]. A filter such as
    /// `"info,sqlx=off,shop=debug".parse()?` makes fewer of one crate, or more of another. Spans
    /// that are not made cost next to nothing, and their children join their parents.
    pub span_filter: Targets,
    /// The spans of requests.
    pub requests: Requests,
    /// The form of a log line.
    #[cfg(feature = "log")]
    pub log_format: LogFormat,
    /// Filter of the log lines, in the syntax of [`EnvFilter`](tracing_subscriber::EnvFilter).
    #[cfg(feature = "log")]
    pub log_filter: String,
    /// Variables of the environment that count as not set, for a warning in the log.
    pub(crate) ignored: Vec<InvalidVariable>,
}

impl Settings {
    /// The defaults for a service of this name, whose spans go to `destination`; with `None` it
    /// makes none.
    pub fn new(
        service_name: impl Into<String>,
        destination: impl Into<Option<Destination>>,
    ) -> Self {
        Self {
            service_name: service_name.into(),
            resource: ResourceAttributes::default(),
            destination: destination.into(),
            sampler: Sampler::ParentBasedAlwaysOn,
            batching: Batching::DEFAULT,
            attribute_value_length_limit: DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
            span_filter: Targets::new().with_default(DEFAULT_SPAN_LEVEL),
            requests: Requests::default(),
            #[cfg(feature = "log")]
            log_format: LogFormat::Text,
            #[cfg(feature = "log")]
            log_filter: "info".to_owned(),
            ignored: Vec::new(),
        }
    }

    /// Variables of OpenTelemetry's specification that were invalid and count as not set.
    /// [`init`](crate::init) logs a warning of each.
    pub fn ignored(&self) -> &[InvalidVariable] {
        &self.ignored
    }

    /// Sets the name, also if the environment has another.
    #[must_use]
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = name.into();
        self
    }
}

/// Settings for the spans of requests.
///
/// # Examples
/// ```
/// use axum_jaeger_telemetry::{Requests, server::TraceLayer};
///
/// let mut settings = Requests::default();
/// settings.trusts_forwarded = true;
/// let layer = TraceLayer::new().with_settings(settings);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Requests {
    /// Keys of a URL's query whose values are redacted.
    pub sensitive_keys: SensitiveKeys,
    /// Takes the client's address and the scheme from `Forwarded` and `X-Forwarded-…`: right only
    /// behind a proxy that sets them.
    pub trusts_forwarded: bool,
}

/// The request settings of the process. A static, since axum's middleware functions get a request
/// and nothing else.
static REQUESTS: OnceLock<Requests> = OnceLock::new();

/// The settings of [`init`](crate::init); the defaults before it.
pub(crate) fn requests() -> &'static Requests {
    REQUESTS.get_or_init(Requests::default)
}

/// The request settings of a tower layer: its own, or else those of [`init`](crate::init).
#[derive(Clone, Debug, Default)]
pub(crate) struct LayerSettings(Option<Arc<Requests>>);

impl LayerSettings {
    pub(crate) fn get(&self) -> &Requests {
        self.0.as_deref().unwrap_or_else(|| requests())
    }
}

impl From<Requests> for LayerSettings {
    fn from(own: Requests) -> Self {
        Self(Some(Arc::new(own)))
    }
}

/// Puts `requests` in force, unless there was a request before.
pub(crate) fn set_requests(requests: Requests) {
    let _ = REQUESTS.set(requests);
}

/// Transport of the spans to Jaeger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Display)]
// A name of one of no modes cannot be parsed.
#[cfg_attr(
    any(feature = "grpc", feature = "thrift"),
    derive(EnumString, VariantNames)
)]
#[strum(
    serialize_all = "kebab-case",
    parse_err_ty = InvalidValue,
    parse_err_fn = InvalidValue::not_a_name_of::<Self>
)]
#[non_exhaustive]
pub enum Mode {
    /// api_v2 PostSpans over gRPC to the collector, port 14250.
    #[cfg(feature = "grpc")]
    Grpc,
    /// Thrift binary over HTTP to the collector, port 14268.
    #[cfg(feature = "thrift")]
    ThriftCollector,
    /// Thrift compact over UDP to the agent, port 6831.
    #[cfg(feature = "thrift")]
    ThriftAgent,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, Display, VariantNames)]
#[strum(
    serialize_all = "kebab-case",
    parse_err_ty = InvalidValue,
    parse_err_fn = InvalidValue::not_a_name_of::<Self>
)]
#[non_exhaustive]
pub enum LogFormat {
    /// Readable text.
    Text,
    /// A JSON object for each line.
    Json,
}

/// Destination of the spans, by [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// [`Mode::Grpc`].
    #[cfg(feature = "grpc")]
    Grpc {
        /// The collector as `host:port`.
        collector: String,
    },
    /// [`Mode::ThriftCollector`].
    #[cfg(feature = "thrift")]
    ThriftCollector {
        /// The collector's base URL, or the whole one that ends with `/api/traces`.
        url: String,
    },
    /// [`Mode::ThriftAgent`].
    #[cfg(feature = "thrift")]
    ThriftAgent {
        /// The agent's host name or address.
        host: String,
        /// The agent's UDP port for Thrift compact.
        port: u16,
    },
}

impl Destination {
    /// The transport that leads there.
    pub fn mode(&self) -> Mode {
        match *self {
            #[cfg(feature = "grpc")]
            Self::Grpc { .. } => Mode::Grpc,
            #[cfg(feature = "thrift")]
            Self::ThriftCollector { .. } => Mode::ThriftCollector,
            #[cfg(feature = "thrift")]
            Self::ThriftAgent { .. } => Mode::ThriftAgent,
        }
    }
}

/// Limits of the queue and of batches (OpenTelemetry specification, "Batching processor").
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Batching {
    /// The most spans that wait; further ones are dropped and counted.
    pub max_queue_size: usize,
    /// The most bytes of the spans, encoded, that wait or are being sent.
    pub max_queue_bytes: usize,
    /// The most spans that leave together.
    pub max_export_batch_size: usize,
    /// The longest time that a span waits for others.
    pub schedule_delay: Duration,
    /// The longest time that a batch is tried.
    pub export_timeout: Duration,
}

impl Batching {
    /// The specification's values but for three: a queue of 2,048 spans overflows on a busy
    /// machine; 512 spans do not fit a datagram, and more than 128 at a time were not cheaper; and
    /// 5 s is long to wait for a trace.
    pub const DEFAULT: Self = Self {
        max_queue_size: 16_384,
        max_queue_bytes: 24 * 1024 * 1024,
        max_export_batch_size: 128,
        schedule_delay: Duration::from_secs(1),
        export_timeout: Duration::from_secs(30),
    };
}

#[cfg(all(test, feature = "grpc", feature = "log", feature = "thrift"))]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        assert_eq!("thrift-agent".parse(), Ok(Mode::ThriftAgent));
        assert_eq!(Mode::ThriftAgent.to_string(), "thrift-agent");
        let error = "Grpc".parse::<Mode>().unwrap_err().to_string();
        assert_eq!(error, "expected grpc, thrift-collector or thrift-agent");
        let error = "xml".parse::<LogFormat>().unwrap_err().to_string();
        assert_eq!(error, "expected text or json");
    }
}
