//! Transport of the mode `thrift-agent`: datagrams to a Jaeger agent.
//!
//! UDP has no confirmation. But a host without an agent refuses a datagram by ICMP, which the
//! kernel reports as an error of the socket that sent it. So a socket sends one datagram at a time,
//! which counts as delivered if no error arrives for a moment. A socket is not used for long:
//! Kubernetes sends datagrams from one port to the same pod, even when that pod is gone.

use std::{
    error::Error,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use tokio::{
    net::lookup_host,
    sync::Mutex,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{ATTEMPT_TIMEOUT, DropReason, SendError};
use crate::{export::RETRY_DELAY, with_causes};

/// Lifetime of a resolved address.
const ADDRESS_LIFE: Duration = Duration::from_secs(30);

/// Lifetime of a socket. A service that sends less often has a new one for each datagram.
const SOCKET_LIFE: Duration = Duration::from_secs(1);

/// Time that a refusal may take. Within one machine it is there when the datagram has left; this is
/// enough for a busy machine and for a host nearby.
const REFUSAL_TIMEOUT: Duration = Duration::from_millis(10);

/// Pause between two datagrams: the receive buffer of an agent, 208 KiB by default, holds four
/// large ones.
const PAUSE: Duration = Duration::from_millis(1);

/// Time without a failure after which the agent counts as reachable. A pod that ends first refuses
/// datagrams; then its network is gone and it is silent, until its Service refuses them or has
/// another pod.
const PROBATION: Duration = Duration::from_secs(3);

/// A client of an agent's port for Thrift compact over UDP.
#[derive(Debug)]
pub(in crate::export) struct Client {
    endpoint: String,
    /// A message without spans, whose loss does no harm.
    probe: Vec<u8>,
    closing: CancellationToken,
    state: Mutex<State>,
}

/// State of the path to the agent.
#[derive(Debug)]
struct State {
    address: Option<Address>,
    /// Sockets to reuse for the next datagrams, while the agent is reachable.
    idle: Vec<Socket>,
    /// The time at which the next datagram may be sent.
    next_send: Instant,
    /// The last failure, until the agent is reachable again.
    failure: Option<Failure>,
}

#[derive(Clone, Copy, Debug)]
struct Address {
    address: SocketAddr,
    resolved_at: Instant,
}

/// A socket that is connected to the agent.
#[derive(Debug)]
struct Socket {
    socket: UdpSocket,
    opened_at: Instant,
}

#[derive(Debug)]
struct Failure {
    error: SendError,
    since: Instant,
    next_probe: Instant,
    /// A probe since then was not refused.
    probed: bool,
}

/// The next step of a message.
enum Step {
    Send,
    Probe,
    Wait { until: Instant },
}

impl Client {
    /// `probe` is a message without spans. Once `closing` is cancelled, every message is sent.
    pub(super) fn new(host: &str, port: u16, probe: Vec<u8>, closing: CancellationToken) -> Self {
        let endpoint = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        Self {
            endpoint,
            probe,
            closing,
            state: Mutex::new(State {
                address: None,
                idle: Vec::new(),
                next_send: Instant::now(),
                failure: None,
            }),
        }
    }

    /// Sends a datagram, and waits for a refusal. After a failure, one probe a second is sent and
    /// nothing else until the agent is reachable again: hosts limit the rate of refusals.
    pub(super) async fn send(&self, message: &[u8]) -> Result<(), SendError> {
        loop {
            match self.next_step().await? {
                Step::Send => return self.send_datagram(message).await,
                Step::Wait { until } => sleep_until(until).await,
                Step::Probe => {
                    self.send_datagram(&self.probe).await?;
                    self.state.lock().await.probe_succeeded();
                }
            }
        }
    }

    /// Returns an error if the agent was unreachable a moment ago.
    async fn next_step(&self) -> Result<Step, SendError> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        match &mut state.failure {
            Some(failure) if !self.closing.is_cancelled() => {
                if now >= failure.next_probe {
                    failure.next_probe = now + RETRY_DELAY;
                    Ok(Step::Probe)
                } else if failure.probed {
                    let until = failure.next_probe;
                    Ok(Step::Wait { until })
                } else {
                    Err(failure.error.clone().skipped())
                }
            }
            _ => Ok(Step::Send),
        }
    }

    async fn send_datagram(&self, datagram: &[u8]) -> Result<(), SendError> {
        let (socket, at) = self.next_slot().await?;
        if at > Instant::now() {
            sleep_until(at).await;
        }
        let sent = socket.send(datagram).await.map_err(unreachable);
        let mut state = self.state.lock().await;
        match &sent {
            Ok(()) if state.failure.is_none() => state.idle.push(socket),
            Ok(()) => {}
            Err(error) => state.failed(error),
        }
        sent
    }

    /// The socket for the next datagram, and the time to send it.
    async fn next_slot(&self) -> Result<(Socket, Instant), SendError> {
        // Held while the name is resolved: the other messages wait for the result.
        let mut state = self.state.lock().await;
        let socket = self.socket(&mut state).await;
        let socket = socket.inspect_err(|error| state.failed(error))?;
        let at = state.next_send.max(Instant::now());
        state.next_send = at + PAUSE;
        Ok((socket, at))
    }

    async fn socket(&self, state: &mut State) -> Result<Socket, SendError> {
        let to = match state.address {
            Some(known) if known.resolved_at.elapsed() < ADDRESS_LIFE => known.address,
            _ => {
                let address = self.resolve().await?;
                state.address = Some(Address {
                    address,
                    resolved_at: Instant::now(),
                });
                state.idle.clear();
                address
            }
        };
        state
            .idle
            .retain(|idle| idle.opened_at.elapsed() < SOCKET_LIFE);
        match state.idle.pop() {
            Some(socket) => Ok(socket),
            None => Socket::new(to).map_err(unreachable),
        }
    }

    async fn resolve(&self) -> Result<SocketAddr, SendError> {
        let found = timeout(ATTEMPT_TIMEOUT, lookup_host(&self.endpoint)).await;
        let no_address = || {
            let reason = format!("{} has no address", self.endpoint);
            SendError::transient(DropReason::Unreachable, reason)
        };
        found
            .map_err(|_| {
                SendError::transient(
                    DropReason::Timeout,
                    "the name server did not answer in time",
                )
            })?
            .map_err(unreachable)?
            .next()
            .ok_or_else(no_address)
    }
}

impl State {
    /// Records a failure. The next attempt is to a newly resolved address.
    fn failed(&mut self, error: &SendError) {
        let now = Instant::now();
        self.address = None;
        self.idle.clear();
        self.failure = Some(Failure {
            error: error.clone(),
            since: now,
            next_probe: now + RETRY_DELAY,
            probed: false,
        });
    }

    /// Records a probe that was not refused.
    fn probe_succeeded(&mut self) {
        if let Some(failure) = &mut self.failure {
            failure.probed = true;
            if failure.since.elapsed() >= PROBATION {
                self.failure = None;
            }
        }
    }
}

impl Socket {
    fn new(to: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        socket.connect(to)?;
        Ok(Self {
            socket,
            opened_at: Instant::now(),
        })
    }

    /// Sends a datagram, and waits for a refusal.
    async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram)?;
        sleep(REFUSAL_TIMEOUT).await;
        self.socket.take_error()?.map_or(Ok(()), Err)
    }
}

fn unreachable(error: impl Error) -> SendError {
    SendError::transient(DropReason::Unreachable, with_causes(&error))
}
