//! Binding the ports, and addresses for clients.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use thiserror::Error;
use tokio::net::TcpListener;

use super::receive::udp;

/// Jaeger could not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is in use.
    #[error("port {} for {purpose} is taken: another program listens on {address}", address.port())]
    Taken {
        /// The address to listen on.
        address: SocketAddr,
        /// The use of the port, such as "gRPC".
        purpose: &'static str,
    },
    /// The port is not available for another reason.
    #[error("cannot listen on {address} for {purpose}: {source}")]
    Listen {
        /// The address to listen on.
        address: SocketAddr,
        /// The use of the port, such as "gRPC".
        purpose: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// There is no Tokio runtime to run on.
    #[error("Jaeger starts only within a Tokio runtime")]
    NoRuntime,
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}

impl StartError {
    fn of(source: io::Error, address: SocketAddr, purpose: &'static str) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { address, purpose },
            _ => Self::Listen {
                address,
                purpose,
                source,
            },
        }
    }
}

pub(super) fn bind_udp(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(UdpSocket, SocketAddr), StartError> {
    let bind = || {
        let socket = UdpSocket::bind(address)?;
        udp::prepare(&socket)?;
        let bound = socket.local_addr()?;
        Ok((socket, bound))
    };
    bind().map_err(|error| StartError::of(error, address, purpose))
}

pub(super) async fn bind_tcp(
    address: SocketAddr,
    purpose: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let bind = async {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    bind.await
        .map_err(|error| StartError::of(error, address, purpose))
}

/// The address for clients on this machine: loopback's where Jaeger listens on all addresses.
pub(super) fn near(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
