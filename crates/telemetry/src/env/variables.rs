//! The variables of this crate.

use std::{fmt, str::FromStr, time::Duration};

use super::{Env, EnvError, Flag, InvalidValue, Whole, value::MAX_INTEGER, variables};
use crate::{
    Batching, DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT, Destination, Requests, ResourceAttributes,
    Sampler, SensitiveKeys, Settings,
};

variables! {
    /// The service, its spans and its requests.
    struct Variables {
        /// Attributes of the resource: `key=value,key=value`, percent-encoded.
        otel_resource_attributes: ResourceAttributes = ResourceAttributes::default();
        /// `service.name`, if `APP_NAME` is not set.
        otel_service_name: String =
            otel_resource_attributes.service_name().unwrap_or("app").to_owned();
        /// `service.name`.
        app_name: String = otel_service_name.clone();

        /// Makes no spans, and passes the caller's context on.
        otel_sdk_disabled: Flag = Flag(false);
        /// The traces that are kept.
        otel_traces_sampler: Sampler = Sampler::ParentBasedAlwaysOn;
        /// The share of traces that a ratio sampler keeps.
        otel_traces_sampler_arg: Ratio = Ratio(1.0);
        /// The most spans that wait.
        otel_bsp_max_queue_size: Spans = Whole(Batching::DEFAULT.max_queue_size as u64);
        /// The most bytes of the spans, encoded, that wait or are being sent.
        span_queue_max_bytes: Whole<65_536, 1_073_741_824> =
            Whole(Batching::DEFAULT.max_queue_bytes as u64);
        /// The most spans that leave together; no more than may wait.
        otel_bsp_max_export_batch_size: Spans = batch_size(otel_bsp_max_queue_size),
            if |&size| size <= otel_bsp_max_queue_size, else
            "a whole number from 1 to OTEL_BSP_MAX_QUEUE_SIZE";
        /// The longest time that a span waits for others, in milliseconds.
        otel_bsp_schedule_delay: Milliseconds = milliseconds(Batching::DEFAULT.schedule_delay);
        /// The longest time that a batch is tried, in milliseconds; 0 is without end.
        otel_bsp_export_timeout: Milliseconds = milliseconds(Batching::DEFAULT.export_timeout);
        /// The most characters of an attribute's text.
        otel_attribute_value_length_limit: Whole<0, MAX_INTEGER> =
            Whole(DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT as u64);

        /// Keys of a URL's query whose values are redacted. OpenTelemetry's agent for Java has
        /// this name.
        otel_instrumentation_sanitization_url_experimental_sensitive_query_parameters:
            SensitiveKeys = SensitiveKeys::default();
        /// Takes the client's address and the scheme from `Forwarded` and `X-Forwarded-…`.
        trust_forwarded_headers: Flag = Flag(false);
    }
}

#[cfg(feature = "log")]
variables! {
    /// The filter and the form of the log.
    struct LogVariables {
        /// Form of a line.
        log_format: crate::LogFormat = crate::LogFormat::Text;
        /// Filter of the lines.
        rust_log: String = "info".to_owned(),
            if |text| is_log_filter(text), else
            "a filter of tracing-subscriber, such as info or axum_jaeger=debug,hyper=warn";
    }
}

impl Settings {
    /// Reads the environment of the process. The README of this crate lists the variables.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum_jaeger_telemetry::Settings;
    ///
    /// let settings = Settings::from_env()?.service_name("shop");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`EnvError`] with every invalid variable, except for those of OpenTelemetry's
    /// specification: as it demands, they count as not set, and [`init`](crate::init) logs a
    /// warning for each.
    pub fn from_env() -> Result<Self, EnvError> {
        let mut env = Env::from_process();
        let settings = Self::read(&mut env);
        env.finish()?;
        Ok(settings)
    }

    /// Reads these settings from `env`, for a program that has variables of its own: see
    /// [`env`](crate::env).
    pub fn read(env: &mut Env) -> Self {
        let destination = Destination::read(env);
        let vars: Variables = env.read();
        let mut settings = Self::new(vars.app_name, destination);
        if vars.otel_sdk_disabled.0 {
            settings.destination = None;
        }
        settings.resource = vars.otel_resource_attributes;
        settings.sampler = vars
            .otel_traces_sampler
            .with_ratio(vars.otel_traces_sampler_arg.0);
        settings.batching = Batching {
            max_queue_size: size(vars.otel_bsp_max_queue_size),
            max_queue_bytes: size(vars.span_queue_max_bytes),
            max_export_batch_size: size(vars.otel_bsp_max_export_batch_size),
            schedule_delay: Duration::from_millis(vars.otel_bsp_schedule_delay.0),
            export_timeout: Duration::from_millis(match vars.otel_bsp_export_timeout.0 {
                // No timeout (OpenTelemetry specification, "Timeout").
                0 => MAX_INTEGER,
                timeout => timeout,
            }),
        };
        settings.attribute_value_length_limit = size(vars.otel_attribute_value_length_limit);
        settings.requests = Requests {
            sensitive_keys: vars
                .otel_instrumentation_sanitization_url_experimental_sensitive_query_parameters,
            trusts_forwarded: vars.trust_forwarded_headers.0,
        };
        #[cfg(feature = "log")]
        {
            let log: LogVariables = env.read();
            settings.log_format = log.log_format;
            settings.log_filter = log.rust_log;
        }
        settings.ignored = env.take_ignored();
        settings
    }
}

type Spans = Whole<1, MAX_INTEGER>;
type Milliseconds = Whole<0, MAX_INTEGER>;

fn milliseconds(duration: Duration) -> Milliseconds {
    Whole(u64::try_from(duration.as_millis()).unwrap_or(MAX_INTEGER))
}

/// Its types have no number that is too large for one of 32 bits.
fn size<const MIN: u64, const MAX: u64>(number: Whole<MIN, MAX>) -> usize {
    usize::try_from(number.0).unwrap_or(usize::MAX)
}

fn batch_size(queue_size: Spans) -> Spans {
    Whole(Batching::DEFAULT.max_export_batch_size as u64).min(queue_size)
}

/// A share.
struct Ratio(f64);

impl FromStr for Ratio {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let ratio = text
            .parse()
            .ok()
            .filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio
            .map(Self)
            .ok_or(InvalidValue::expected("a number from 0 to 1"))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "log")]
fn is_log_filter(text: &str) -> bool {
    tracing_subscriber::EnvFilter::builder().parse(text).is_ok()
}
