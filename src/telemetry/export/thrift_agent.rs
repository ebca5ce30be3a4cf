//! The path `thrift-agent`: datagrams to a Jaeger agent.

use std::{
    error::Error,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    net::{UdpSocket, lookup_host},
    time::timeout,
};

use super::{ATTEMPT_TIMEOUT, Loss, SendError, Sent};
use crate::telemetry::with_causes;

/// How long an agent's address is believed.
const ADDRESS_LIFE: Duration = Duration::from_secs(30);

/// A Jaeger agent's port for Thrift compact over UDP.
#[derive(Debug)]
pub(super) struct Agent {
    endpoint: String,
    socket: Mutex<Option<(UdpSocket, Instant)>>,
}

impl Agent {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let endpoint = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        Self {
            endpoint,
            socket: Mutex::default(),
        }
    }

    /// Hands a datagram to the kernel. An error is about the one before: that nobody listened
    /// there. So this one is sent again, from a new socket to a newly resolved address; and the
    /// first one from a socket proves nothing.
    pub(super) async fn send(&self, message: &[u8]) -> Result<Sent, SendError> {
        let refused = match self.used_socket() {
            Some(socket) => match self.send_from(socket, message).await {
                Ok(()) => return Ok(Sent::Taken),
                Err(error) => Some(error.reason),
            },
            None => None,
        };
        let socket = (self.connect().await?, Instant::now());
        self.send_from(socket, message).await?;
        Ok(Sent::Unanswered { refused })
    }

    /// The socket of the datagram before, unless its address is too old to be believed.
    fn used_socket(&self) -> Option<(UdpSocket, Instant)> {
        let socket = self
            .socket
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        socket.filter(|(_, since)| since.elapsed() < ADDRESS_LIFE)
    }

    /// Keeps the socket for the next datagram where there was no error.
    async fn send_from(
        &self,
        (socket, since): (UdpSocket, Instant),
        message: &[u8],
    ) -> Result<(), SendError> {
        socket.send(message).await.map_err(unreachable)?;
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some((socket, since));
        Ok(())
    }

    async fn connect(&self) -> Result<UdpSocket, SendError> {
        let agent = self.look_up().await?;
        let any: SocketAddr = match agent {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
        socket.connect(agent).await.map_err(unreachable)?;
        Ok(socket)
    }

    async fn look_up(&self) -> Result<SocketAddr, SendError> {
        let found = timeout(ATTEMPT_TIMEOUT, lookup_host(&self.endpoint)).await;
        let no_address = || {
            let reason = format!("{} has no address", self.endpoint);
            SendError::transient(Loss::Unreachable, reason)
        };
        found
            .map_err(|_| SendError::transient(Loss::Timeout, "the name server does not answer"))?
            .map_err(unreachable)?
            .next()
            .ok_or_else(no_address)
    }
}

fn unreachable(error: impl Error) -> SendError {
    SendError::transient(Loss::Unreachable, with_causes(&error))
}
