//! The settings of `axum-jaeger serve`: from the environment to typed values.
//!
//! All variables are read before any complaint is made, so that a person sees every bad one at
//! once.

mod environment;
mod reader;

use std::{ffi::OsString, net::IpAddr, str::FromStr, time::Duration};

use http::uri::Authority;
use opentelemetry::InstrumentationScope;

use axum_jaeger_telemetry::{
    self as telemetry, Batching, Destination, LogFormat, Mode, Requests, ResourceAttributes,
    Sampler, SensitiveKeys,
};

use crate::service::{self, Target};

pub(crate) use self::reader::{BadVariable, ConfigError};
use self::{
    environment::Environment,
    reader::{MAX_INTEGER, Reader},
};

/// What one service runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where it listens and whom `/chain` calls.
    pub service: service::Settings,
    /// How it logs, and where its spans go.
    pub telemetry: telemetry::Settings,
    /// Each variable and the value in force, in the order in which they are read.
    pub effective: Vec<(&'static str, String)>,
    /// Variables of OpenTelemetry's specification whose values cannot be used. They count as not
    /// set; the log should name them.
    pub ignored: Vec<BadVariable>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that has a value which is not allowed.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_env_if(|_| true)
    }

    /// Reads those variables of the process's environment that `uses` names; the others count as
    /// not set, whatever they hold.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub(crate) fn from_env_if(uses: impl Fn(&str) -> bool) -> Result<Self, ConfigError> {
        // `std::env::vars` panics on a name or value that is not UTF-8.
        let text = |s: OsString| s.to_string_lossy().into_owned();
        let vars = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self::from_vars(vars.filter(|(name, _)| uses(name)))
    }

    /// The values in force in one line, for the log.
    pub(crate) fn effective_line(&self) -> String {
        let settings = self
            .effective
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        settings.collect::<Vec<_>>().join(" ")
    }

    /// Reads variables from `vars`, as [`Config::from_env`] does.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub(crate) fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let env = Environment::of(vars);
        let mut read = Reader::default();

        let resource = read.parsed(
            "OTEL_RESOURCE_ATTRIBUTES",
            env.otel_resource_attributes,
            ResourceAttributes::default(),
            "key=value,key=value with what is not plain text percent-encoded",
        );
        let app_name = read.text(
            "APP_NAME",
            env.app_name.or(env.otel_service_name),
            resource.service_name().unwrap_or("app"),
        );
        let host = read.parsed(
            "EXPOSE_HOST",
            env.expose_host,
            IpAddr::from([0, 0, 0, 0]),
            "an IP address to listen on",
        );
        let port = read.port("EXPOSE_PORT", env.expose_port, 8000);
        let service = service::Settings {
            host,
            port,
            metrics_port: env.metrics_port.map(|found| {
                read.port_if(
                    "METRICS_PORT",
                    Some(found),
                    0,
                    "a port from 0 to 65535 other than EXPOSE_PORT",
                    |&metrics| metrics == 0 || metrics != port,
                )
            }),
            targets: [
                read.parsed(
                    "TARGET_ONE_HOST",
                    env.target_one_host,
                    Target::new("app-b"),
                    A_TARGET,
                ),
                read.parsed(
                    "TARGET_TWO_HOST",
                    env.target_two_host,
                    Target::new("app-c"),
                    A_TARGET,
                ),
            ],
        };

        let mode = read.parsed(
            "MODE",
            env.mode,
            Mode::Grpc,
            "grpc, thrift-collector or thrift-agent",
        );
        let collector = read.text_if(
            "COLLECTOR_ENDPOINT_GRPC_ENDPOINT",
            env.collector_endpoint_grpc_endpoint,
            "jaeger-collector:14250",
            "host:port",
            |value| {
                !value.contains('@')
                    && Authority::from_str(value).is_ok_and(|a| a.port_u16().is_some())
            },
        );
        let collector_url = read.text_if(
            "COLLECTOR_THRIFT_URL",
            env.collector_thrift_url,
            "http://jaeger-collector:14268",
            "a URL that begins with http://",
            |value| {
                reqwest::Url::parse(value)
                    .is_ok_and(|url| url.scheme() == "http" && url.query().is_none())
            },
        );
        let agent_host = read.text_if(
            "AGENT_HOST_NAME",
            env.agent_host_name,
            "jaeger-agent",
            "a host name or an IP address",
            |value| value.parse::<IpAddr>().is_ok() || is_host_name(value),
        );
        let agent_port = read.port("AGENT_PORT", env.agent_port, 6831);
        let destination = match mode {
            Mode::Grpc => Destination::Grpc { collector },
            Mode::ThriftCollector => Destination::ThriftCollector { url: collector_url },
            Mode::ThriftAgent => Destination::ThriftAgent {
                host: agent_host,
                port: agent_port,
            },
        };

        let log_format = read.parsed(
            "LOG_FORMAT",
            env.log_format,
            LogFormat::Text,
            "text or json",
        );
        let log_filter = read.text_if(
            "RUST_LOG",
            env.rust_log,
            "info",
            "a filter of tracing-subscriber, such as info or axum_jaeger=debug,hyper=warn",
            telemetry::is_log_filter,
        );
        let disabled = read.in_any_case(
            "OTEL_SDK_DISABLED",
            env.otel_sdk_disabled,
            false,
            "true or false",
        );
        let sampler = read.in_any_case(
            "OTEL_TRACES_SAMPLER",
            env.otel_traces_sampler,
            Sampler::ParentBasedAlwaysOn,
            "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off \
             or parentbased_traceidratio",
        );
        let sampler_ratio = read.value_if(
            "OTEL_TRACES_SAMPLER_ARG",
            env.otel_traces_sampler_arg,
            1.0,
            "a number from 0 to 1",
            |ratio| (0.0..=1.0).contains(ratio),
        );
        let max_queue_size = read.value_if(
            "OTEL_BSP_MAX_QUEUE_SIZE",
            env.otel_bsp_max_queue_size,
            Batching::DEFAULT.max_queue_size,
            "a number of spans from 1 to 2147483647",
            |&size| (1..=MAX_INTEGER).contains(&(size as u64)),
        );
        let batching = Batching {
            max_queue_size,
            max_queue_bytes: read.value_if(
                "SPAN_QUEUE_MAX_BYTES",
                env.span_queue_max_bytes,
                Batching::DEFAULT.max_queue_bytes,
                "a number of bytes from 65536 to 1073741824",
                |bytes| (64 * 1024..=1024 * 1024 * 1024).contains(bytes),
            ),
            max_export_batch_size: read.value_if(
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                env.otel_bsp_max_export_batch_size,
                Batching::DEFAULT.max_export_batch_size.min(max_queue_size),
                "a number of spans from 1 to OTEL_BSP_MAX_QUEUE_SIZE",
                |size| (1..=max_queue_size).contains(size),
            ),
            schedule_delay: read.milliseconds(
                "OTEL_BSP_SCHEDULE_DELAY",
                env.otel_bsp_schedule_delay,
                Batching::DEFAULT.schedule_delay,
            ),
            export_timeout: without_end(read.milliseconds(
                "OTEL_BSP_EXPORT_TIMEOUT",
                env.otel_bsp_export_timeout,
                Batching::DEFAULT.export_timeout,
            )),
        };
        let attribute_value_length_limit = read.value_if(
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            env.otel_attribute_value_length_limit,
            telemetry::DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            "a number of characters",
            |_| true,
        );

        let requests = Requests {
            sensitive_keys: read.parsed(
                "OTEL_INSTRUMENTATION_SANITIZATION_URL_EXPERIMENTAL_SENSITIVE_QUERY_PARAMETERS",
                env.sensitive_keys,
                SensitiveKeys::default(),
                "key,key without = and &",
            ),
            trusts_forwarded: read.parsed(
                "TRUST_FORWARDED_HEADERS",
                env.trust_forwarded_headers,
                false,
                "true or false",
            ),
        };

        if !read.bad.is_empty() {
            return Err(ConfigError(read.bad));
        }
        Ok(Self {
            service,
            telemetry: telemetry::Settings {
                destination: (!disabled).then_some(destination.clone()),
                resource,
                sampler,
                sampler_ratio,
                batching,
                attribute_value_length_limit,
                requests,
                log_format,
                log_filter,
                scope: InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
                    .with_version(env!("CARGO_PKG_VERSION"))
                    .build(),
                ..telemetry::Settings::new(app_name, destination)
            },
            effective: read.effective,
            ignored: read.ignored,
        })
    }
}

const A_TARGET: &str = "host or host:port";

/// A timeout of 0 is none (OpenTelemetry specification, "Timeout").
fn without_end(timeout: Duration) -> Duration {
    if timeout.is_zero() {
        Duration::from_millis(MAX_INTEGER)
    } else {
        timeout
    }
}

/// Host names as RFC 1123 has them, and the underscore that Docker's names use.
fn is_host_name(value: &str) -> bool {
    value.len() <= 253
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

#[cfg(test)]
mod tests;
