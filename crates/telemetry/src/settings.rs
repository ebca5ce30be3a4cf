//! What telemetry can be told.

use std::{fmt, str::FromStr, time::Duration};

use opentelemetry::{InstrumentationScope, KeyValue, Value};
use percent_encoding::percent_decode_str;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, filter::Targets};

use super::SensitiveKeys;

/// The longest text, in characters, that an attribute keeps where nothing else is set.
///
/// OpenTelemetry's own default is no limit; without one a single span can outgrow a datagram.
pub const DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT: usize = 4096;

/// The level up to which spans are made where nothing else is set. The spans of h2, hyper and
/// others below are of higher levels.
pub const DEFAULT_SPAN_LEVEL: LevelFilter = LevelFilter::INFO;

/// How a service logs, and where its spans go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `service.name` of every span and log line.
    pub service_name: String,
    /// Further attributes of the resource.
    pub resource: ResourceAttributes,
    /// Where spans go; `None` makes no spans at all.
    pub destination: Option<Destination>,
    /// Which traces are kept.
    pub sampler: Sampler,
    /// The share of traces that a ratio sampler keeps, 0 to 1.
    pub sampler_ratio: f64,
    /// How spans are gathered before they leave.
    pub batching: Batching,
    /// Longer texts in attributes are cut to so many characters.
    pub attribute_value_length_limit: usize,
    /// The instrumentation scope of every span.
    pub scope: InstrumentationScope,
    /// The spans that are made, by target and level; [`DEFAULT_SPAN_LEVEL`] lets those of every
    /// crate pass.
    pub span_filter: Targets,
    /// The spans of requests.
    pub requests: Requests,
    /// The form of a log line.
    pub log_format: LogFormat,
    /// Which log lines are written, in [`EnvFilter`]'s syntax.
    pub log_filter: String,
}

impl Settings {
    /// The defaults of a service with this name, whose spans go to `destination`.
    pub fn new(service_name: impl Into<String>, destination: Destination) -> Self {
        Self {
            service_name: service_name.into(),
            resource: ResourceAttributes::default(),
            destination: Some(destination),
            sampler: Sampler::ParentBasedAlwaysOn,
            sampler_ratio: 1.0,
            batching: Batching::DEFAULT,
            attribute_value_length_limit: DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
            span_filter: Targets::new().with_default(DEFAULT_SPAN_LEVEL),
            requests: Requests::default(),
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
        }
    }
}

/// Settings for the spans of requests.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Keys of a URL's query whose values are redacted.
    pub sensitive_keys: SensitiveKeys,
    /// Whether `Forwarded` and `X-Forwarded-…` are believed: only right behind a proxy that sets
    /// them.
    pub trusts_forwarded: bool,
}

/// Whether `filter` has [`EnvFilter`]'s syntax.
pub fn is_log_filter(filter: &str) -> bool {
    EnvFilter::builder().parse(filter).is_ok()
}

/// An enum whose values have one name each, in both directions.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident {
        $($(#[doc = $variant_doc:literal])* $(#[cfg($cfg:meta)])? $variant:ident = $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $variant_doc])* $(#[cfg($cfg)])? $variant,)+
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                match text {
                    $($(#[cfg($cfg)])? $text => Ok(Self::$variant),)+
                    _ => Err(UnknownName(concat!($($text, " "),+))),
                }
            }
        }

        impl fmt::Display for $name {
            #[allow(unused_variables)] // where there is no variant
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {
                    $($(#[cfg($cfg)])? Self::$variant => f.write_str($text),)+
                }
            }
        }
    };
}

/// A name that stands for nothing; it holds the names that do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed is one of: {0}")]
pub struct UnknownName(&'static str);

named! {
    /// The path that spans take to Jaeger.
    Mode {
        /// api_v2 PostSpans over gRPC to the collector, port 14250.
        #[cfg(feature = "grpc")]
        Grpc = "grpc",
        /// Thrift binary over HTTP to the collector, port 14268.
        #[cfg(feature = "thrift")]
        ThriftCollector = "thrift-collector",
        /// Thrift compact over UDP to the agent, port 6831.
        #[cfg(feature = "thrift")]
        ThriftAgent = "thrift-agent",
    }
}

named! {
    /// The form of a log line.
    LogFormat {
        /// One readable line.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

named! {
    /// Which traces are kept, by the names of `OTEL_TRACES_SAMPLER`
    /// (OpenTelemetry specification, "General SDK Configuration").
    Sampler {
        /// All.
        AlwaysOn = "always_on",
        /// None.
        AlwaysOff = "always_off",
        /// A share, by the trace id.
        TraceIdRatio = "traceidratio",
        /// What the caller decided; without a caller all.
        ParentBasedAlwaysOn = "parentbased_always_on",
        /// What the caller decided; without a caller none.
        ParentBasedAlwaysOff = "parentbased_always_off",
        /// What the caller decided; without a caller a share.
        ParentBasedTraceIdRatio = "parentbased_traceidratio",
    }
}

/// Where spans go, by [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The path that leads there.
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

/// How spans are gathered before they leave (the specification's batching span processor).
#[derive(Clone, Copy, Debug)]
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
    /// 5 s is long for somebody who waits for a trace to show.
    pub const DEFAULT: Self = Self {
        max_queue_size: 16_384,
        max_queue_bytes: 24 * 1024 * 1024,
        max_export_batch_size: 128,
        schedule_delay: Duration::from_secs(1),
        export_timeout: Duration::from_secs(30),
    };
}

/// Attributes as `OTEL_RESOURCE_ATTRIBUTES` has them: `key=value,key=value`, percent-encoded
/// (OpenTelemetry specification, "Resource SDK").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceAttributes(pub Vec<KeyValue>);

impl ResourceAttributes {
    /// `service.name`, where it is among them and not empty; of several the last, as with any key.
    pub fn service_name(&self) -> Option<&str> {
        let mut attributes = self.0.iter();
        let name = attributes.rfind(|attribute| attribute.key.as_str() == "service.name")?;
        match &name.value {
            Value::String(name) => Some(name.as_str()).filter(|name| !name.is_empty()),
            _ => None,
        }
    }
}

/// A part of the text is not `key=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form key=value,key=value")]
pub struct NotAttributes;

/// `text` with `%2C` and the like decoded; an error where a `%` begins no such thing.
fn percent_decoded(text: &str) -> Result<String, NotAttributes> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = text.split('%').skip(1).map(str::as_bytes);
    if !escapes.all(|escape| is_digit(escape.first()) && is_digit(escape.get(1))) {
        return Err(NotAttributes);
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| NotAttributes)
}

impl FromStr for ResourceAttributes {
    type Err = NotAttributes;

    fn from_str(text: &str) -> Result<Self, NotAttributes> {
        text.split(',')
            .map(|pair| {
                let (key, value) = pair.split_once('=').ok_or(NotAttributes)?;
                let key = percent_decoded(key.trim())?;
                if key.is_empty() {
                    return Err(NotAttributes);
                }
                Ok(KeyValue::new(key, percent_decoded(value.trim())?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for ResourceAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|attribute| format!("{}={}", attribute.key, attribute.value))
            .collect();
        f.write_str(&pairs.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_attributes_are_percent_decoded() {
        let attributes: ResourceAttributes = "deployment.environment.name=test, team=a%2Cb"
            .parse()
            .unwrap();
        assert_eq!(
            attributes.to_string(),
            "deployment.environment.name=test,team=a,b"
        );
        for bad in [
            "a", "=a", "a=%ff", "a=b,", ",a=b", "a=50%", "a=%2", "a=%é", "%zz=b",
        ] {
            assert_eq!(
                bad.parse::<ResourceAttributes>(),
                Err(NotAttributes),
                "{bad}"
            );
        }
    }

    #[test]
    #[cfg(feature = "thrift")]
    fn names_go_both_ways() {
        assert_eq!("thrift-agent".parse(), Ok(Mode::ThriftAgent));
        assert_eq!(Mode::ThriftAgent.to_string(), "thrift-agent");
        assert!("Grpc".parse::<Mode>().is_err());
    }
}
