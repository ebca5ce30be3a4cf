//! The path `thrift-agent`: datagrams to a Jaeger agent.
//!
//! Nobody answers a datagram. But a system that refuses one says so, and this becomes an error of
//! the socket that sent it. So a socket has one datagram on its way at a time, which counts as
//! delivered when no error has come for a moment. It is not used for long: Kubernetes sends what
//! comes from one port to the same pod, even when the pod is gone.

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

use super::{ATTEMPT_TIMEOUT, Loss, RETRY_DELAY, SendError};
use crate::with_causes;

/// How long an agent's address is believed.
const ADDRESS_LIFE: Duration = Duration::from_secs(30);

/// How long a socket is used. Those who send less often than this have a new one each time.
const SOCKET_LIFE: Duration = Duration::from_secs(1);

/// How long a refusal may take. On one machine it is there when the datagram has left; this leaves
/// room for a busy one and for a host nearby.
const VERDICT: Duration = Duration::from_millis(10);

/// Time between two datagrams. An agent's receive buffer holds four large ones (208 KiB by
/// default).
const GAP: Duration = Duration::from_millis(1);

/// How long after the last failure the way is known to be open. A pod that ends first refuses, then
/// is silent with its network gone, until its Service refuses or has another pod.
const PROBATION: Duration = Duration::from_secs(3);

/// A Jaeger agent's port for Thrift compact over UDP.
#[derive(Debug)]
pub(super) struct Agent {
    endpoint: String,
    /// A message that nobody misses.
    probe: Vec<u8>,
    closing: CancellationToken,
    way: Mutex<Way>,
}

/// What is known of the way to the agent.
#[derive(Debug)]
struct Way {
    /// And when it was looked up.
    address: Option<(SocketAddr, Instant)>,
    /// Sockets that wait for their next datagram, while the way is open.
    idle: Vec<Socket>,
    /// When the next datagram may leave.
    free: Instant,
    /// The last one, until the way is open again.
    failure: Option<Failure>,
}

/// Connected to the agent.
#[derive(Debug)]
struct Socket {
    socket: UdpSocket,
    since: Instant,
}

#[derive(Debug)]
struct Failure {
    error: SendError,
    seen: Instant,
    next_probe: Instant,
    /// Whether a probe since then was not refused.
    probed: bool,
}

/// What a message does next.
enum Step {
    Send,
    Probe,
    Wait { until: Instant },
}

impl Agent {
    /// `probe` is a message without spans. Once `closing` is cancelled, every message is tried.
    pub(super) fn new(host: &str, port: u16, probe: Vec<u8>, closing: CancellationToken) -> Self {
        let endpoint = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        Self {
            endpoint,
            probe,
            closing,
            way: Mutex::new(Way {
                address: None,
                idle: Vec::new(),
                free: Instant::now(),
                failure: None,
            }),
        }
    }

    /// Sends a datagram, and waits for what the system says of it. After a failure only a probe
    /// leaves each second, until the way is open again: systems limit how many refusals they send.
    pub(super) async fn send(&self, message: &[u8]) -> Result<(), SendError> {
        loop {
            match self.next_step().await? {
                Step::Send => return self.send_datagram(message).await,
                Step::Wait { until } => sleep_until(until).await,
                Step::Probe => {
                    self.send_datagram(&self.probe).await?;
                    self.way.lock().await.probed();
                }
            }
        }
    }

    /// An error when the way was found closed just now.
    async fn next_step(&self) -> Result<Step, SendError> {
        let mut way = self.way.lock().await;
        let now = Instant::now();
        match &mut way.failure {
            Some(failure) if !self.closing.is_cancelled() => {
                if now >= failure.next_probe {
                    failure.next_probe = now + RETRY_DELAY;
                    Ok(Step::Probe)
                } else if failure.probed {
                    let until = failure.next_probe;
                    Ok(Step::Wait { until })
                } else {
                    Err(failure.error.clone().untried())
                }
            }
            _ => Ok(Step::Send),
        }
    }

    async fn send_datagram(&self, datagram: &[u8]) -> Result<(), SendError> {
        let (socket, at) = self.turn().await?;
        if at > Instant::now() {
            sleep_until(at).await;
        }
        let sent = socket.send(datagram).await.map_err(unreachable);
        let mut way = self.way.lock().await;
        match &sent {
            Ok(()) if way.failure.is_none() => way.idle.push(socket),
            Ok(()) => {}
            Err(error) => way.failed(error),
        }
        sent
    }

    /// The socket for the next datagram, and when to send it.
    async fn turn(&self) -> Result<(Socket, Instant), SendError> {
        // Held during the look-up: the others wait for its result.
        let mut way = self.way.lock().await;
        let socket = self.socket(&mut way).await;
        let socket = socket.inspect_err(|error| way.failed(error))?;
        let at = way.free.max(Instant::now());
        way.free = at + GAP;
        Ok((socket, at))
    }

    async fn socket(&self, way: &mut Way) -> Result<Socket, SendError> {
        let to = match way.address {
            Some((address, since)) if since.elapsed() < ADDRESS_LIFE => address,
            _ => {
                let address = self.look_up().await?;
                way.address = Some((address, Instant::now()));
                way.idle.clear();
                address
            }
        };
        way.idle.retain(|idle| idle.since.elapsed() < SOCKET_LIFE);
        match way.idle.pop() {
            Some(socket) => Ok(socket),
            None => Socket::new(to).map_err(unreachable),
        }
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

impl Way {
    /// The next attempt is to a newly resolved address.
    fn failed(&mut self, error: &SendError) {
        let now = Instant::now();
        self.address = None;
        self.idle.clear();
        self.failure = Some(Failure {
            error: error.clone(),
            seen: now,
            next_probe: now + RETRY_DELAY,
            probed: false,
        });
    }

    /// A probe was not refused.
    fn probed(&mut self) {
        if let Some(failure) = &mut self.failure {
            failure.probed = true;
            if failure.seen.elapsed() >= PROBATION {
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
            since: Instant::now(),
        })
    }

    /// Sends a datagram, and waits whether it is refused.
    async fn send(&self, datagram: &[u8]) -> io::Result<()> {
        self.socket.send(datagram)?;
        sleep(VERDICT).await;
        self.socket.take_error()?.map_or(Ok(()), Err)
    }
}

fn unreachable(error: impl Error) -> SendError {
    SendError::transient(Loss::Unreachable, with_causes(&error))
}
