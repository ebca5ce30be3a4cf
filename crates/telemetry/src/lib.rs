//! Distributed tracing and logging of a service, with Jaeger.
//!
//! ```no_run
//! use axum_jaeger_telemetry::{self as telemetry, Settings};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // MODE, OTEL_*, RUST_LOG and others
//!     let telemetry = telemetry::init(&Settings::from_env()?.service_name("shop"))?;
//!     tracing::info_span!("work").in_scope(|| tracing::info!("a line with the ids of the span"));
//!     telemetry.shutdown(std::time::Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! - [`init`] sets both up for the process; [`layers`] does it for a subscriber of the program's
//!   own. [`Telemetry::shutdown`] sends what is left.
//! - [`Settings`] come from the environment ([`mod@env`]) or are set in code.
//! - [`server`] makes the span of an incoming request, as axum middleware or as a tower layer.
//! - [`client`] makes the span of an outgoing request, for reqwest or as a tower layer.
//! - [`propagation`] reads and writes the headers that carry a trace.
//! - [`clock::StepGuard`] keeps the duration of a span of your own right when the clock is set.
//! - [`metrics`] counts and measures, for Prometheus.
//! - [`export`] takes finished spans to Jaeger.

pub mod clock;
pub mod env;
mod error_chain;
mod exception;
pub mod export;
mod hex;
mod http;
#[cfg(feature = "log")]
mod log;
#[cfg(feature = "metrics")]
pub mod metrics;
mod resource_attributes;
mod sampling;
mod settings;
mod span_filter;
mod telemetry;

use std::{error::Error, io};

use tracing::Subscriber;
use tracing_subscriber::{
    Layer, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

#[cfg(feature = "metrics")]
use self::metrics::Metrics;
use self::{
    exception::{CANCELLED, OTHER, record_cancelled},
    settings::{LayerSettings, set_requests},
    telemetry::Spans,
};

pub use self::http::{
    client, propagation,
    redaction::{self, SensitiveKeys},
    server,
};
pub use error_chain::with_causes;
pub use exception::record_exception;
pub use resource_attributes::ResourceAttributes;
pub use sampling::Sampler;
pub use settings::{
    Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, DEFAULT_SPAN_LEVEL, Destination, LogFormat,
    Mode, Requests, Settings,
};
pub use telemetry::Telemetry;

/// Tracing and logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// The log filter is invalid.
    #[error("the log filter: {0}")]
    LogFilter(#[source] BoxError),
    /// The export could not be started; outside of a Tokio runtime it never can.
    #[error(transparent)]
    Export(#[from] export::BuildError),
    /// The thread that writes the log could not be started.
    #[error("the log: {0}")]
    Log(#[from] io::Error),
    /// The process has a subscriber for `tracing` already.
    #[error(transparent)]
    Subscriber(BoxError),
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Sets tracing and logging up for the whole process. Call it once, within a Tokio runtime, which
/// the export then uses.
///
/// # Errors
/// [`InitError`] for an invalid setting, outside of a runtime, or on a second call.
///
/// # Examples
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use axum_jaeger_telemetry::{self as telemetry, Destination, Settings};
///
/// let collector = "localhost:14250".to_owned();
/// let settings = Settings::new("shop", Destination::Grpc { collector });
/// let telemetry = telemetry::init(&settings)?;
/// tracing::info!("logged to stdout");
/// telemetry.shutdown(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
pub fn init(settings: &Settings) -> Result<Telemetry, InitError> {
    let (layers, telemetry) = layers(settings)?;
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|error| InitError::Subscriber(error.into()))?;
    for variable in settings.ignored() {
        tracing::warn!("{variable}; it counts as not set");
    }
    Ok(telemetry)
}

/// Returns the layers of [`init`] for a subscriber of the caller's own: that of the process, or, as
/// in a test, that of a thread. Call it within a Tokio runtime.
///
/// A filter that is a layer by itself, such as an `EnvFilter` in
/// [`with`](tracing_subscriber::layer::SubscriberExt::with), decides about spans as well, and then
/// none may reach Jaeger. Give it to the layer that it is meant for with
/// [`with_filter`](Layer::with_filter).
///
/// # Errors
/// [`InitError`] for an invalid setting, or outside of a runtime.
///
/// # Examples
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use axum_jaeger_telemetry::{self as telemetry, Settings};
/// use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};
///
/// let (layers, telemetry) = telemetry::layers(&Settings::from_env()?)?;
/// let another = tracing_subscriber::layer::Identity::new();
/// tracing_subscriber::registry().with(layers).with(another).try_init()?;
/// # telemetry.shutdown(std::time::Duration::from_secs(1)).await;
/// # Ok(())
/// # }
/// ```
pub fn layers<S>(settings: &Settings) -> Result<(impl Layer<S> + use<S>, Telemetry), InitError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let spans = match &settings.destination {
        None => None,
        Some(destination) => Some(Spans::start(settings, destination)?),
    };
    let layers = spans.as_ref().map(|spans| spans.layer(settings));
    #[cfg(feature = "log")]
    let (log_layer, log) = log::start(settings)?;
    #[cfg(feature = "log")]
    let layers = Layer::and_then(layers, log_layer);
    set_requests(settings.requests.clone());
    let telemetry = Telemetry {
        #[cfg(feature = "metrics")]
        metrics: Metrics::new(|registry| {
            #[cfg(feature = "log")]
            log.register(registry);
            if let Some(spans) = &spans {
                spans.monitor.register(registry);
            }
        }),
        spans,
        #[cfg(feature = "log")]
        _log: log,
    };
    Ok((layers, telemetry))
}

/// The programs of the README, which are compiled and run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
