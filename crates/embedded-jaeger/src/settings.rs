//! The embedded Jaeger's settings.

use std::net::{IpAddr, Ipv4Addr};

use super::base_path::BasePath;

/// Where to listen and how much to keep, as flags of the command line. A port of 0 is a free one.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Settings {
    /// The address to listen on; 0.0.0.0 is every one, for anybody on the network.
    #[arg(long, default_value_t = Settings::default().host)]
    pub host: IpAddr,
    /// The UDP port for Thrift's compact protocol.
    #[arg(long, default_value_t = Settings::default().compact_port)]
    pub compact_port: u16,
    /// The UDP port for Thrift's binary protocol.
    #[arg(long, default_value_t = Settings::default().binary_port)]
    pub binary_port: u16,
    /// The port for Thrift over HTTP.
    #[arg(long, default_value_t = Settings::default().http_port)]
    pub http_port: u16,
    /// The port for gRPC.
    #[arg(long, default_value_t = Settings::default().grpc_port)]
    pub grpc_port: u16,
    /// The port of the query API.
    #[arg(long, default_value_t = Settings::default().query_port)]
    pub query_port: u16,
    /// The path under which everything on the query port is, such as /jaeger.
    #[arg(long, default_value = "/")]
    pub base_path: BasePath,
    /// What the stored spans may take, in MiB; above that the oldest traces leave.
    #[arg(long, default_value_t = Settings::default().max_memory_mib, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_memory_mib: u16,
}

impl Default for Settings {
    /// Loopback and Jaeger's own ports.
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            compact_port: 6831,
            binary_port: 6832,
            http_port: 14268,
            grpc_port: 14250,
            query_port: 16686,
            base_path: BasePath::default(),
            max_memory_mib: 256,
        }
    }
}

impl Settings {
    /// Loopback and free ports, which [`Jaeger::addresses`](super::Jaeger::addresses) then has: for
    /// tests.
    pub fn on_free_ports() -> Self {
        Self {
            compact_port: 0,
            binary_port: 0,
            http_port: 0,
            grpc_port: 0,
            query_port: 0,
            ..Self::default()
        }
    }

    /// The bound on stored spans in bytes.
    pub(super) fn max_memory_bytes(&self) -> usize {
        usize::from(self.max_memory_mib) * 1024 * 1024
    }
}
