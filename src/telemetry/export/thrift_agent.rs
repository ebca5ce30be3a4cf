//! The path `thrift-agent`: datagrams to a Jaeger agent.
//!
//! Nobody answers a datagram. But a system that refuses one says so, and this becomes an error of the
//! socket that sent it. So each datagram has a socket of its own, whose error is about nothing else,
//! and counts as delivered when none has come for a moment. A new source port each time has another
//! use: Kubernetes sends what comes from one port to the same pod, even when the pod is gone.

use std::{
    error::Error,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::{UdpSocket, lookup_host},
    sync::Mutex,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{ATTEMPT_TIMEOUT, Loss, RETRY_DELAY, SendError};
use crate::telemetry::with_causes;

/// How long an agent's address is believed.
const ADDRESS_LIFE: Duration = Duration::from_secs(30);

/// How long a refusal may take. On one machine it is there when the datagram has left; this leaves
/// room for a busy one and for a host nearby.
const VERDICT: Duration = Duration::from_millis(10);

/// Time between two datagrams. An agent's receive buffer holds four large ones (208 KiB by default).
const GAP: Duration = Duration::from_millis(1);

/// How long after a failure nothing may fail before the way counts as open again. A pod that ends first
/// refuses, then is silent with its network gone, and then its Service refuses.
const PROBATION: Duration = Duration::from_secs(2);

/// A Jaeger agent's port for Thrift compact over UDP.
#[derive(Debug)]
pub(super) struct Agent {
    endpoint: String,
    verdict: Duration,
    probation: Duration,
    closing: CancellationToken,
    way: Mutex<Way>,
}

/// What is known of the way to the agent.
#[derive(Debug)]
struct Way {
    /// And when it was looked up.
    address: Option<(SocketAddr, Instant)>,
    /// When the next datagram may leave.
    free: Instant,
    /// The last one, until the way is open again.
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    error: SendError,
    seen: Instant,
    /// When the next message may be tried.
    next: Instant,
}

/// A message's place on the way.
struct Turn {
    to: SocketAddr,
    at: Instant,
    /// Whether the way is not known to be open.
    on_trial: bool,
}

impl Agent {
    /// A message is tried for `timeout`. Once `closing` is cancelled, none waits for another one.
    pub(super) fn new(
        host: &str,
        port: u16,
        timeout: Duration,
        closing: CancellationToken,
    ) -> Self {
        let endpoint = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        Self {
            endpoint,
            verdict: VERDICT.min(timeout / 2),
            probation: PROBATION.min(timeout / 2),
            closing,
            way: Mutex::new(Way {
                address: None,
                free: Instant::now(),
                failure: None,
            }),
        }
    }

    /// Sends a datagram, and waits for what the system says of it. After a failure one message a second
    /// is tried, and the others fail at once: systems limit how many refusals they send.
    pub(super) async fn send(&self, message: &[u8]) -> Result<(), SendError> {
        let turn = self.turn().await?;
        sleep_until(turn.at).await;
        let sent = Instant::now();
        if let Err(error) = self.send_to(turn.to, message).await {
            self.way.lock().await.failed(&error);
            return Err(error);
        }
        if turn.on_trial {
            self.prove(sent).await?;
        }
        Ok(())
    }

    async fn turn(&self) -> Result<Turn, SendError> {
        // Held during the look-up: the others wait for its result.
        let mut way = self.way.lock().await;
        let now = Instant::now();
        let on_trial = match &mut way.failure {
            Some(failure) if !self.closing.is_cancelled() => {
                if now < failure.next {
                    return Err(failure.error.clone().untried());
                }
                failure.next = now + RETRY_DELAY;
                true
            }
            _ => false,
        };
        let to = match way.address {
            Some((address, since)) if since.elapsed() < ADDRESS_LIFE => address,
            _ => {
                let found = self.look_up().await;
                let address = found.inspect_err(|error| way.failed(error))?;
                way.address = Some((address, Instant::now()));
                address
            }
        };
        let at = way.free.max(Instant::now());
        way.free = at + GAP;
        Ok(Turn { to, at, on_trial })
    }

    async fn send_to(&self, agent: SocketAddr, message: &[u8]) -> Result<(), SendError> {
        let any: SocketAddr = match agent {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await.map_err(unreachable)?;
        socket.connect(agent).await.map_err(unreachable)?;
        socket.send(message).await.map_err(unreachable)?;
        sleep(self.verdict).await;
        match socket.take_error() {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(unreachable(error)),
        }
    }

    /// Waits whether one that is `sent` later fails: then this one was lost, too.
    async fn prove(&self, sent: Instant) -> Result<(), SendError> {
        tokio::select! {
            () = sleep(self.probation) => {}
            () = self.closing.cancelled() => {}
        }
        let mut way = self.way.lock().await;
        match &way.failure {
            Some(failure) if failure.seen > sent => Err(failure.error.clone()),
            _ => {
                way.failure = None;
                Ok(())
            }
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
        self.failure = Some(Failure {
            error: error.clone(),
            seen: now,
            next: now + RETRY_DELAY,
        });
    }
}

fn unreachable(error: impl Error) -> SendError {
    SendError::transient(Loss::Unreachable, with_causes(&error))
}
