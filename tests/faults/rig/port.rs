//! Ports that are known before anybody listens on them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use socket2::{Domain, Socket, Type};

/// A free port of loopback.
pub(crate) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Bound but not listening: who wants to connect is refused, and the system gives the port to
/// nobody else. A listener with `SO_REUSEADDR`, as Tokio's are, may still take it.
pub(crate) struct Reserved {
    pub(crate) address: SocketAddr,
    _socket: Socket,
}

impl Reserved {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let socket = bound(address);
        Self {
            address: socket.local_addr().unwrap().as_socket().unwrap(),
            _socket: socket,
        }
    }
}

/// A TCP socket that shares its port with others of its kind.
pub(crate) fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind(&address.into()).unwrap();
    socket
}

/// A UDP port of loopback that was free a moment ago.
pub(crate) fn closed_udp() -> u16 {
    let socket = UdpSocket::bind(ANY_PORT).unwrap();
    socket.local_addr().unwrap().port()
}
