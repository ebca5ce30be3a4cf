//! The variables of the destination.

#[cfg(feature = "thrift")]
use std::net::IpAddr;
#[cfg(feature = "grpc")]
use std::str::FromStr;

#[cfg(feature = "grpc")]
use http::uri::Authority;
#[cfg(feature = "thrift")]
use reqwest::Url;

use super::Env;
#[cfg(feature = "thrift")]
use super::Port;
#[cfg(any(feature = "grpc", feature = "thrift"))]
use super::variables;
use crate::Destination;
#[cfg(any(feature = "grpc", feature = "thrift"))]
use crate::Mode;

#[cfg(any(feature = "grpc", feature = "thrift"))]
variables! {
    /// The transport.
    struct Variables {
        /// Transport of the spans.
        mode: Mode = DEFAULT_MODE;
    }
}

/// `grpc`, in a build that has it.
#[cfg(feature = "grpc")]
const DEFAULT_MODE: Mode = Mode::Grpc;
#[cfg(all(feature = "thrift", not(feature = "grpc")))]
const DEFAULT_MODE: Mode = Mode::ThriftAgent;

#[cfg(feature = "grpc")]
variables! {
    /// The collector of the mode `grpc`.
    struct GrpcVariables {
        /// The collector.
        collector_endpoint_grpc_endpoint: String = "jaeger-collector:14250".to_owned(),
            if |text| is_host_and_port(text), else "host:port";
    }
}

#[cfg(feature = "thrift")]
variables! {
    /// The collector and the agent of the modes with Thrift.
    struct ThriftVariables {
        /// Collector of the mode `thrift-collector`.
        collector_thrift_url: String = "http://jaeger-collector:14268".to_owned(),
            if |text| is_http_url(text), else "a URL that begins with http://";
        /// Agent of the mode `thrift-agent`.
        agent_host_name: String = "jaeger-agent".to_owned(),
            if |text| is_host(text), else "a host name or an IP address";
        /// Its UDP port for Thrift compact.
        agent_port: Port = Port(6831);
    }
}

impl Destination {
    /// Reads the variables of every mode, so that an invalid one is found before the mode changes,
    /// and returns the destination of the mode.
    #[cfg(any(feature = "grpc", feature = "thrift"))]
    pub(super) fn read(env: &mut Env) -> Option<Self> {
        let vars: Variables = env.read();
        #[cfg(feature = "grpc")]
        let grpc: GrpcVariables = env.read();
        #[cfg(feature = "thrift")]
        let thrift: ThriftVariables = env.read();
        Some(match vars.mode {
            #[cfg(feature = "grpc")]
            Mode::Grpc => Self::Grpc {
                collector: grpc.collector_endpoint_grpc_endpoint,
            },
            #[cfg(feature = "thrift")]
            Mode::ThriftCollector => Self::ThriftCollector {
                url: thrift.collector_thrift_url,
            },
            #[cfg(feature = "thrift")]
            Mode::ThriftAgent => Self::ThriftAgent {
                host: thrift.agent_host_name,
                port: thrift.agent_port.0,
            },
        })
    }

    /// `None`, since there is no transport.
    #[cfg(not(any(feature = "grpc", feature = "thrift")))]
    pub(super) fn read(_: &mut Env) -> Option<Self> {
        None
    }
}

#[cfg(feature = "grpc")]
pub(crate) fn is_host_and_port(text: &str) -> bool {
    !text.contains('@') && Authority::from_str(text).is_ok_and(|host| host.port_u16().is_some())
}

#[cfg(feature = "thrift")]
pub(crate) fn is_http_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "http" && url.query().is_none())
}

/// Host names as in RFC 1123, with the underscore that Docker's names use; or an IP address.
#[cfg(feature = "thrift")]
fn is_host(text: &str) -> bool {
    let is_host_name = |text: &str| {
        let mut bytes = text.bytes();
        text.len() <= 253 && bytes.all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    text.parse::<IpAddr>().is_ok() || is_host_name(text)
}
