//! What is compared: the service in each MODE and without one, and the peers.

use std::{net::SocketAddr, path::Path, process::Command};

use clap::ValueEnum;

use crate::support::receiver::Receivers;

/// A way to run the endpoint `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// The service without spans and without a log.
    Untraced,
    /// The service without spans.
    LogLine,
    /// The service with spans that are not sampled: the least that tracing-opentelemetry takes.
    NotSampled,
    /// The service with each MODE.
    Grpc,
    ThriftCollector,
    ThriftAgent,
    /// The peers, from `benches/peers`: not traced, and with two other libraries.
    Plain,
    Otlp,
    Fastrace,
}

/// The ways of the service that the project is about.
pub(crate) const MODES: [Variant; 3] = [
    Variant::Grpc,
    Variant::ThriftCollector,
    Variant::ThriftAgent,
];

/// What other libraries do instead.
pub(crate) const PEERS: [Variant; 2] = [Variant::Otlp, Variant::Fastrace];

/// The access line alone: `/` itself writes another one.
const ONE_LINE: &str = "axum_jaeger::telemetry=info,axum_jaeger_telemetry=info";

impl Variant {
    /// Its name on the command line and in the table.
    pub(crate) fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// The same program without spans and log.
    pub(crate) fn baseline(self) -> Self {
        if self.is_peer() {
            Self::Plain
        } else {
            Self::Untraced
        }
    }

    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Self::Plain | Self::Otlp | Self::Fastrace)
    }

    pub(crate) fn makes_spans(self) -> bool {
        MODES.contains(&self) || PEERS.contains(&self)
    }

    pub(crate) fn writes_lines(self) -> bool {
        self != self.baseline()
    }

    /// The command that serves on `listen`, with nothing of this process's environment.
    ///
    /// Each has OpenTelemetry's settings of the service's own defaults: spans leave after a second,
    /// and 16,384 may wait. fastrace has no settings for a queue, and the same second by default.
    pub(crate) fn command(
        self,
        service: &Path,
        programs: &Path,
        listen: SocketAddr,
        receivers: &Receivers,
    ) -> Command {
        let collector = receivers.collector;
        let program = if self.is_peer() {
            programs.join(format!("peer-{}", self.name()))
        } else {
            service.to_owned()
        };
        let mut command = Command::new(program);
        command.env_clear();
        match self {
            Self::Plain => {}
            Self::Otlp => {
                command
                    .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{collector}"))
                    .env("OTEL_BSP_MAX_QUEUE_SIZE", "16384")
                    .env("OTEL_BSP_SCHEDULE_DELAY", "1000");
            }
            Self::Fastrace => {
                command.env("AGENT", receivers.agent.to_string());
            }
            Self::Untraced => {
                command
                    .env("OTEL_SDK_DISABLED", "true")
                    .env("RUST_LOG", "off");
            }
            Self::LogLine => {
                command
                    .env("OTEL_SDK_DISABLED", "true")
                    .env("RUST_LOG", ONE_LINE);
            }
            Self::NotSampled => {
                command
                    .env("RUST_LOG", ONE_LINE)
                    .env("OTEL_TRACES_SAMPLER", "always_off");
            }
            Self::Grpc | Self::ThriftCollector | Self::ThriftAgent => {
                command
                    .env("RUST_LOG", ONE_LINE)
                    .env("MODE", self.name())
                    .env("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", collector.to_string())
                    .env("COLLECTOR_THRIFT_URL", format!("http://{collector}"))
                    .env("AGENT_HOST_NAME", receivers.agent.ip().to_string())
                    .env("AGENT_PORT", receivers.agent.port().to_string());
            }
        }
        if self.is_peer() {
            command.env("LISTEN", listen.to_string());
        } else {
            command
                .arg("serve")
                .env("EXPOSE_HOST", listen.ip().to_string())
                .env("EXPOSE_PORT", listen.port().to_string());
        }
        command
    }
}
