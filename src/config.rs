//! The settings of `axum-jaeger serve`, from the environment.

use std::{fmt, net::IpAddr, str::FromStr};

use axum_jaeger_telemetry::{
    self as telemetry,
    env::{Env, EnvError, InvalidValue, Maybe, Port, variables},
};
use opentelemetry::InstrumentationScope;

use crate::service::{self, Target};

variables! {
    /// The variables of the service; [`telemetry::Settings::read`] reads the others.
    struct Variables {
        /// Address to listen on.
        expose_host: Host = Host(IpAddr::from([0, 0, 0, 0]));
        /// Port to listen on; 0 takes a free one.
        expose_port: Port = Port(8000);
        /// Port of `/metrics`, on the same address; none opens no port.
        metrics_port: Maybe<Port> = Maybe(None),
            if |port| port.0 == Some(Port(0)) || port.0 != Some(expose_port), else
            "a port from 0 to 65535 other than EXPOSE_PORT";
        /// The service whose `/io_task` is called by `/chain`.
        target_one_host: Target = Target::new("app-b");
        /// The service whose `/cpu_task` is called by `/chain`.
        target_two_host: Target = Target::new("app-c");
    }
}

/// An address to listen on.
struct Host(IpAddr);

impl FromStr for Host {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let host = text.parse().map(Self);
        host.map_err(|_| InvalidValue::expected("an IP address to listen on"))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The settings of one service.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The addresses to listen on, and the targets of `/chain`.
    pub service: service::Settings,
    /// Its log and its spans.
    pub telemetry: telemetry::Settings,
    /// Each variable and its value in force.
    pub in_force: Vec<(String, String)>,
}

impl Config {
    /// Reads `env`.
    ///
    /// # Errors
    /// [`EnvError`] with every invalid variable.
    pub(crate) fn read(mut env: Env) -> Result<Self, EnvError> {
        let vars: Variables = env.read();
        let mut telemetry = telemetry::Settings::read(&mut env);
        telemetry.scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Ok(Self {
            service: service::Settings {
                host: vars.expose_host.0,
                port: vars.expose_port.0,
                metrics_port: vars.metrics_port.0.map(|port| port.0),
                targets: [vars.target_one_host, vars.target_two_host],
            },
            telemetry,
            in_force: env.finish()?,
        })
    }
}

#[cfg(test)]
mod tests;
