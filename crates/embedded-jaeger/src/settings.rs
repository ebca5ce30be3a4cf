//! Configuration of the embedded Jaeger.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use super::{base_path::BasePath, logs::Logs, page::Button};

/// Configuration of [`Jaeger::start`](super::Jaeger::start): addresses, memory and extensions of
/// the page. With port 0 the kernel chooses a free port.
///
/// # Examples
/// ```
/// use embedded_jaeger::Settings;
///
/// let mut settings = Settings::on_free_ports();
/// settings.max_memory_mib = 16;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The address to listen on, for all ports. Default: 127.0.0.1.
    pub host: IpAddr,
    /// The UDP port for Thrift's compact protocol. Default: 6831.
    pub compact_port: u16,
    /// The UDP port for Thrift's binary protocol. Default: 6832.
    pub binary_port: u16,
    /// The port for Thrift over HTTP. Default: 14268.
    pub http_port: u16,
    /// The port for gRPC. Default: 14250.
    pub grpc_port: u16,
    /// The port of the page and the query API. Default: 16686.
    pub query_port: u16,
    /// The path prefix of everything on the query port. Default: `/`.
    pub base_path: BasePath,
    /// The estimated memory of the stored spans, in MiB, above which the oldest traces are removed.
    /// Default: 256.
    pub max_memory_mib: u16,
    /// Log lines to show beside the traces. Default: none, and the page has no place for them.
    pub logs: Option<Arc<Logs>>,
    /// Buttons on the search page. Default: none.
    pub buttons: Vec<Button>,
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
            logs: None,
            buttons: Vec::new(),
        }
    }
}

impl Settings {
    /// Loopback and free ports, for tests. The ports are in
    /// [`Jaeger::addresses`](super::Jaeger::addresses).
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
