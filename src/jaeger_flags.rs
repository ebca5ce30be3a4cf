//! The command-line flags of the embedded Jaeger.

use std::net::IpAddr;

use embedded_jaeger::{BasePath, Settings};

/// Flags of `axum-jaeger jaeger` and `axum-jaeger demo`. Port 0 is a free port.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct JaegerFlags {
    /// The address to listen on; 0.0.0.0 accepts connections from the network
    #[arg(long, default_value_t = Settings::default().host)]
    pub host: IpAddr,
    /// The UDP port for Thrift's compact protocol
    #[arg(long, default_value_t = Settings::default().compact_port)]
    pub compact_port: u16,
    /// The UDP port for Thrift's binary protocol
    #[arg(long, default_value_t = Settings::default().binary_port)]
    pub binary_port: u16,
    /// The port for Thrift over HTTP
    #[arg(long, default_value_t = Settings::default().http_port)]
    pub http_port: u16,
    /// The port for gRPC
    #[arg(long, default_value_t = Settings::default().grpc_port)]
    pub grpc_port: u16,
    /// The port of the page and the query API
    #[arg(long, default_value_t = Settings::default().query_port)]
    pub query_port: u16,
    /// The path prefix of everything on the query port, such as /jaeger
    #[arg(long, default_value = "/")]
    pub base_path: BasePath,
    /// The memory for stored spans, in MiB; above it the oldest traces are removed
    #[arg(long, default_value_t = Settings::default().max_memory_mib, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_memory_mib: u16,
}

impl From<&JaegerFlags> for Settings {
    fn from(flags: &JaegerFlags) -> Self {
        let mut settings = Self::default();
        settings.host = flags.host;
        settings.compact_port = flags.compact_port;
        settings.binary_port = flags.binary_port;
        settings.http_port = flags.http_port;
        settings.grpc_port = flags.grpc_port;
        settings.query_port = flags.query_port;
        settings.base_path = flags.base_path.clone();
        settings.max_memory_mib = flags.max_memory_mib;
        settings
    }
}
