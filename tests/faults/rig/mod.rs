//! What the tests have in common: a service with a gate before its Jaeger, and the questions that
//! each fault is asked.

pub(crate) mod account;
pub(crate) mod gate;
pub(crate) mod load;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod port;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::sleep;

use embedded_jaeger::{Jaeger, Settings, model::Receiver};

use self::{account::Account, gate::Gate};
use crate::support::{metrics::Scrape, patience::Patience, service::Service};

/// The ways to a collector, which answers; an agent never does.
pub(crate) const COLLECTOR_MODES: [&str; 2] = ["grpc", "thrift-collector"];

/// Logged once when spans do not arrive, and once when they do again.
pub(crate) const BROKEN: &str = "spans do not reach";
pub(crate) const MENDED: &str = "spans reach";

/// Logged once when spans are lost while others are delivered, and once when that stops.
pub(crate) const LOST: &str = "spans are lost";
pub(crate) const LOST_NO_MORE: &str = "span loss stopped";

/// Between two looks at something that changes by itself.
pub(crate) const STEP: Duration = Duration::from_millis(5);

/// A Jaeger in this process, whose counts are its own; 0 is a free port.
pub(crate) async fn jaeger(compact_port: u16) -> Jaeger {
    let mut settings = Settings::on_free_ports();
    settings.compact_port = compact_port;
    Jaeger::start(&settings).await.unwrap()
}

/// The receiver of a mode.
pub(crate) fn receiver(mode: &str) -> Receiver {
    match mode {
        "grpc" => Receiver::Grpc,
        "thrift-collector" => Receiver::Http,
        _ => Receiver::UdpCompact,
    }
}

/// The variables that send a service's spans to `host:port`, soon.
pub(crate) fn env(mode: &str, host: &str, port: u16) -> Vec<(&'static str, String)> {
    vec![
        ("MODE", mode.to_owned()),
        ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", format!("{host}:{port}")),
        ("COLLECTOR_THRIFT_URL", format!("http://{host}:{port}")),
        ("AGENT_HOST_NAME", host.to_owned()),
        ("AGENT_PORT", port.to_string()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ("METRICS_PORT", "0".to_owned()),
    ]
}

/// A service and what it was asked.
pub(crate) struct Traced {
    pub(crate) service: Service,
    asked: AtomicU64,
}

impl Traced {
    pub(crate) fn new(service: Service) -> Self {
        Self {
            service,
            asked: AtomicU64::new(0),
        }
    }

    pub(crate) fn start(env: &[(&str, String)]) -> Self {
        let env: Vec<_> = env
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        Self::new(Service::start(&env))
    }

    /// One request that makes one span, and is answered.
    pub(crate) async fn get(&self) {
        let answer = self.service.get("/").await;
        assert_eq!(answer.status(), 200);
        // To its end, so that the connection is used again.
        answer.bytes().await.unwrap();
        self.asked.fetch_add(1, Relaxed);
    }

    /// A request was answered that [`Traced::get`] did not make.
    pub(crate) fn answered(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    /// Makes requests, one after the other, until `enough`.
    pub(crate) async fn get_until(&self, what: &str, enough: impl Fn() -> bool) {
        let patience = Patience::new();
        while !enough() {
            patience.check(|| format!("not {what}: {:#?}", self.tail()));
            self.get().await;
            // A request is quick; a queue is not to be filled by waiting.
            sleep(STEP).await;
        }
    }

    /// Waits until the fate of every span is known; the account is right all the while.
    pub(crate) async fn settled(&self) {
        let patience = Patience::new();
        loop {
            let metrics = Scrape::of(&self.service).await;
            metrics.check_account();
            if metrics.underway() == 0 {
                return;
            }
            patience.check(|| format!("{} spans underway: {:#?}", metrics.underway(), self.tail()));
            sleep(STEP).await;
        }
    }

    /// How many lines of its log have `text`.
    pub(crate) fn told(&self, text: &str) -> usize {
        let lines = self.service.process.lines();
        lines.iter().filter(|line| line.contains(text)).count()
    }

    /// What it said that is not about a request.
    pub(crate) fn tail(&self) -> Vec<String> {
        let mut lines = self.service.process.lines();
        lines.retain(|line| !line.contains(" - GET ") && !line.contains("Hello World"));
        lines
    }

    /// Sends SIGTERM, and then as [`Traced::ended`].
    pub(crate) fn end(&mut self) -> Account {
        self.service.process.signal(Signal::SIGTERM);
        self.ended()
    }

    /// Waits for its end, and reads its account: every span that was started is delivered or dropped.
    pub(crate) fn ended(&mut self) -> Account {
        let code = self.service.process.wait().code();
        assert_eq!(code, Some(0), "{:#?}", self.tail());
        let account = Account::from_log(&self.service.process);
        println!("  {account:?}");
        account.is_complete();
        assert_eq!(account.started, self.asked(), "{:#?}", self.tail());
        account
    }
}

/// A service, a gate, and the Jaeger behind it.
pub(crate) struct Rig {
    pub(crate) mode: &'static str,
    pub(crate) jaeger: Jaeger,
    /// Datagrams go past it, straight to Jaeger.
    pub(crate) gate: Gate,
    pub(crate) traced: Arc<Traced>,
}

impl Rig {
    /// With these variables beside those for its destination.
    pub(crate) async fn start(mode: &'static str, more: &[(&'static str, &str)]) -> Self {
        Self::start_as(mode, more, Traced::start).await
    }

    /// With a service that `start` makes of its variables.
    pub(crate) async fn start_as(
        mode: &'static str,
        more: &[(&'static str, &str)],
        start: impl FnOnce(&[(&str, String)]) -> Traced,
    ) -> Self {
        let jaeger = jaeger(0).await;
        let addresses = jaeger.addresses();
        let gate = match mode {
            "grpc" => Gate::start(addresses.grpc).await,
            _ => Gate::start(addresses.http).await,
        };
        let port = match mode {
            "thrift-agent" => addresses.compact.port(),
            _ => gate.address.port(),
        };
        let mut env = env(mode, "127.0.0.1", port);
        env.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let traced = Arc::new(start(&env));
        Self {
            mode,
            jaeger,
            gate,
            traced,
        }
    }

    /// Spans that Jaeger has.
    pub(crate) fn arrived(&self) -> u64 {
        self.jaeger.counts(receiver(self.mode)).spans
    }

    /// Waits until Jaeger has `spans` spans.
    pub(crate) async fn have_arrived(&self, spans: u64) {
        let patience = Patience::new();
        while self.arrived() < spans {
            patience.check(|| format!("{} of {spans}: {:#?}", self.arrived(), self.traced.tail()));
            sleep(STEP).await;
        }
    }

    /// Waits until every span so far is in Jaeger.
    pub(crate) async fn all_arrived(&self) {
        self.have_arrived(self.traced.asked()).await;
    }

    /// Makes requests until Jaeger has spans that it did not have.
    pub(crate) async fn arrive_again(&self) {
        let before = self.arrived();
        self.traced
            .get_until("arriving again", || self.arrived() > before)
            .await;
    }

    /// Ends the service when it has nothing left to send, and then as [`Rig::ended`].
    pub(crate) async fn end(self) -> Account {
        self.traced.settled().await;
        self.traced.service.process.signal(Signal::SIGTERM);
        self.ended().await
    }

    /// What the service says of its spans is what Jaeger has of them.
    pub(crate) async fn ended(mut self) -> Account {
        let account = Arc::get_mut(&mut self.traced).unwrap().ended();
        // A datagram may still be read.
        self.have_arrived(account.delivered).await;
        assert_eq!(self.arrived(), account.delivered, "{}", self.mode);
        account
    }
}
