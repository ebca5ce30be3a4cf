//! The settings of `axum-jaeger serve`: from the environment to typed values.
//!
//! All variables are read before any complaint is made, so that a person sees every bad one at once.

use std::{fmt, net::IpAddr, str::FromStr, time::Duration};

use http::uri::Authority;
use serde::Deserialize;

use crate::{
    service::{self, Target},
    telemetry::{self, Batching, Destination, LogFormat, Mode, ResourceAttributes, Sampler},
};

/// What one service runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens and whom `/chain` calls.
    pub service: service::Settings,
    /// How it logs, and where its spans go.
    pub telemetry: telemetry::Settings,
    /// Each variable and the value in force, in the order in which they are read.
    pub effective: Vec<(&'static str, String)>,
}

/// The variables as they are found; an empty one counts as not set, as OpenTelemetry has it
/// (specification, "Environment Variable Specification", "Parsing empty value").
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Environment {
    app_name: Option<String>,
    expose_host: Option<String>,
    expose_port: Option<String>,
    metrics_port: Option<String>,
    target_one_host: Option<String>,
    target_two_host: Option<String>,
    mode: Option<String>,
    collector_endpoint_grpc_endpoint: Option<String>,
    collector_thrift_url: Option<String>,
    agent_host_name: Option<String>,
    agent_port: Option<String>,
    log_format: Option<String>,
    rust_log: Option<String>,
    otel_sdk_disabled: Option<String>,
    otel_resource_attributes: Option<String>,
    otel_traces_sampler: Option<String>,
    otel_traces_sampler_arg: Option<String>,
    otel_bsp_max_queue_size: Option<String>,
    span_queue_max_bytes: Option<String>,
    otel_bsp_max_export_batch_size: Option<String>,
    otel_bsp_schedule_delay: Option<String>,
    otel_bsp_export_timeout: Option<String>,
    otel_attribute_value_length_limit: Option<String>,
}

/// One variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is not usable: allowed is {allowed}")]
pub struct BadVariable {
    /// The variable.
    pub name: &'static str,
    /// What it holds.
    pub value: String,
    /// What it may hold.
    pub allowed: &'static str,
}

/// Every variable that cannot be used; shown as one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<BadVariable>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every variable that has a value which is not allowed.
    pub fn from_env() -> Result<Self, ConfigError> {
        // `std::env::vars` panics on a name or value that is not UTF-8.
        Self::from_vars(std::env::vars_os().map(|(name, value)| {
            let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
            (text(name), text(value))
        }))
    }

    /// The values in force in one line, for the log.
    pub fn effective_line(&self) -> String {
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
    pub fn from_vars(
        vars: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let found = vars.into_iter().filter(|(_, value)| !value.is_empty());
        // Cannot fail, as every field is optional text.
        let env: Environment = envy::from_iter(found).unwrap_or_default();
        let mut read = Reader::default();

        let app_name = read.text("APP_NAME", env.app_name, "app");
        let host = read.parsed(
            "EXPOSE_HOST",
            env.expose_host,
            IpAddr::from([0, 0, 0, 0]),
            "an IP address to listen on",
        );
        let port = read.parsed("EXPOSE_PORT", env.expose_port, 8000, A_PORT);
        let service = service::Settings {
            host,
            port,
            metrics_port: env.metrics_port.map(|found| {
                read.value_if(
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
            |value| Authority::from_str(value).is_ok_and(|a| a.port_u16().is_some()),
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
        let agent_port = read.parsed("AGENT_PORT", env.agent_port, 6831, A_PORT);
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
        let disabled = read.parsed(
            "OTEL_SDK_DISABLED",
            env.otel_sdk_disabled,
            false,
            "true or false",
        );
        let resource = read.parsed(
            "OTEL_RESOURCE_ATTRIBUTES",
            env.otel_resource_attributes,
            ResourceAttributes::default(),
            "key=value,key=value with what is not plain text percent-encoded",
        );
        let sampler = read.parsed(
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
        let batching = Batching {
            max_queue_size: read.value_if(
                "OTEL_BSP_MAX_QUEUE_SIZE",
                env.otel_bsp_max_queue_size,
                Batching::DEFAULT.max_queue_size,
                "a number of spans from 1 to 1000000",
                |size| (1..=1_000_000).contains(size),
            ),
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
                Batching::DEFAULT.max_export_batch_size,
                "a number of spans from 1 to 100000",
                |size| (1..=100_000).contains(size),
            ),
            schedule_delay: read.milliseconds(
                "OTEL_BSP_SCHEDULE_DELAY",
                env.otel_bsp_schedule_delay,
                Batching::DEFAULT.schedule_delay,
            ),
            export_timeout: read.milliseconds(
                "OTEL_BSP_EXPORT_TIMEOUT",
                env.otel_bsp_export_timeout,
                Batching::DEFAULT.export_timeout,
            ),
        };
        let attribute_value_length_limit = read.value_if(
            "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
            env.otel_attribute_value_length_limit,
            telemetry::DEFAULT_ATTRIBUTE_VALUE_LENGTH_LIMIT,
            "a number of characters",
            |_| true,
        );

        if !read.bad.is_empty() {
            return Err(ConfigError(read.bad));
        }
        Ok(Self {
            service,
            telemetry: telemetry::Settings {
                service_name: app_name,
                resource,
                destination: (!disabled).then_some(destination),
                sampler,
                sampler_ratio,
                batching,
                attribute_value_length_limit,
                log_format,
                log_filter,
            },
            effective: read.effective,
        })
    }
}

const A_PORT: &str = "a port from 0 to 65535";
const A_TARGET: &str = "host or host:port";

/// Host names as RFC 1123 has them, and the underscore that Docker's names use.
fn is_host_name(value: &str) -> bool {
    value.len() <= 253
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

/// Collects the values in force and those that are not allowed.
#[derive(Default)]
struct Reader {
    effective: Vec<(&'static str, String)>,
    bad: Vec<BadVariable>,
}

impl Reader {
    fn parsed<T: FromStr + fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &'static str,
    ) -> T {
        self.value_if(name, found, default, allowed, |_| true)
    }

    fn value_if<T: FromStr + fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &'static str,
        is_allowed: impl FnOnce(&T) -> bool,
    ) -> T {
        let value = match found {
            None => default,
            Some(text) => match text.parse().ok().filter(is_allowed) {
                Some(value) => value,
                None => {
                    self.bad.push(BadVariable {
                        name,
                        value: text,
                        allowed,
                    });
                    default
                }
            },
        };
        self.effective.push((name, value.to_string()));
        value
    }

    fn text(&mut self, name: &'static str, found: Option<String>, default: &str) -> String {
        self.text_if(name, found, default, "any text", |_| true)
    }

    fn text_if(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: &str,
        allowed: &'static str,
        is_allowed: impl FnOnce(&str) -> bool,
    ) -> String {
        self.value_if(name, found, default.to_owned(), allowed, |text| {
            is_allowed(text)
        })
    }

    fn milliseconds(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: Duration,
    ) -> Duration {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.value_if(
            name,
            found,
            default,
            "a number of milliseconds from 1 to 3600000",
            |ms| (1..=3_600_000).contains(ms),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_vars(
            vars.iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned())),
        )
    }

    #[test]
    fn the_defaults_are_those_of_the_original() {
        let config = config(&[]).unwrap();
        let effective: Vec<String> = config
            .effective
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        for expected in [
            "MODE=grpc",
            "COLLECTOR_ENDPOINT_GRPC_ENDPOINT=jaeger-collector:14250",
            "COLLECTOR_THRIFT_URL=http://jaeger-collector:14268",
            "AGENT_HOST_NAME=jaeger-agent",
            "AGENT_PORT=6831",
            "APP_NAME=app",
            "EXPOSE_PORT=8000",
            "TARGET_ONE_HOST=app-b:8000",
            "TARGET_TWO_HOST=app-c:8000",
            "LOG_FORMAT=text",
        ] {
            assert!(effective.iter().any(|line| line == expected), "{expected}");
        }
        assert!(matches!(
            config.telemetry.destination,
            Some(Destination::Grpc { .. })
        ));
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let config = config(&[("MODE", ""), ("EXPOSE_PORT", "")]).unwrap();
        assert_eq!(config.service.port, 8000);
    }

    #[test]
    fn every_bad_variable_is_named_with_its_value_and_what_is_allowed() {
        let error = config(&[
            ("MODE", "zipkin"),
            ("EXPOSE_PORT", "eighty"),
            // What Kubernetes injects where a Service is called `agent`.
            ("AGENT_PORT", "tcp://10.0.0.1:6831"),
            ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", "http://collector:14250"),
            ("COLLECTOR_THRIFT_URL", "collector:14268"),
            ("TARGET_ONE_HOST", "http://app-b"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
            ("RUST_LOG", "a=b=c"),
            ("OTEL_RESOURCE_ATTRIBUTES", "novalue"),
            ("APP_NAME", "good"),
        ])
        .unwrap_err();
        let text = error.to_string();
        assert_eq!(text.lines().count(), 9, "{text}");
        assert!(text.contains(
            r#"MODE="zipkin" is not usable: allowed is grpc, thrift-collector or thrift-agent"#
        ));
        assert!(text.contains(r#"AGENT_PORT="tcp://10.0.0.1:6831""#));
    }

    #[test]
    fn a_disabled_sdk_has_no_destination() {
        let config = config(&[("OTEL_SDK_DISABLED", "true")]).unwrap();
        assert!(config.telemetry.destination.is_none());
    }
}
