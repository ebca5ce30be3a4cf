//! The test rig: a service, a gate before its Jaeger, and the checks after each fault.

pub(crate) mod gate;
pub(crate) mod load;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod port;
pub(crate) mod span_counts;

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

use self::{gate::Gate, span_counts::SpanCounts};
use crate::support::{metrics::Scrape, patience::Patience, service::Service};

/// The modes that send to a collector, which answers; an agent never does.
pub(crate) const COLLECTOR_MODES: [&str; 2] = ["grpc", "thrift-collector"];

/// Logged once when spans do not arrive, and once when they do again.
pub(crate) const BROKEN: &str = "spans do not reach";
pub(crate) const MENDED: &str = "spans reach";

/// Logged once when spans are lost while others are delivered, and once when that stops.
pub(crate) const LOST: &str = "spans are lost";
pub(crate) const LOST_NO_MORE: &str = "span loss stopped";

/// The interval of polling.
pub(crate) const STEP: Duration = Duration::from_millis(5);

/// Starts a Jaeger in this process; port 0 is a free one.
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

/// A service that sends spans, and the number of requests to it.
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

    /// Sends a request that makes one span, and waits for the answer.
    pub(crate) async fn get(&self) {
        let answer = self.service.get("/").await;
        assert_eq!(answer.status(), 200);
        // To its end, so that the connection is used again.
        answer.bytes().await.unwrap();
        self.asked.fetch_add(1, Relaxed);
    }

    /// Counts a request that was not sent by [`Traced::get`].
    pub(crate) fn count_request(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.asked.load(Relaxed)
    }

    /// Sends requests, one after the other, until `enough`.
    pub(crate) async fn get_until(&self, what: &str, enough: impl Fn() -> bool) {
        let patience = Patience::new();
        while !enough() {
            patience.check(|| format!("not {what}: {:#?}", self.log()));
            self.get().await;
            // A request is quick; a queue is not to be filled by waiting.
            sleep(STEP).await;
        }
    }

    /// Waits until every span is delivered or dropped; the counts of spans are right at each step.
    pub(crate) async fn wait_until_settled(&self) {
        let patience = Patience::new();
        loop {
            let metrics = Scrape::of(&self.service).await;
            metrics.check_account();
            if metrics.underway() == 0 {
                return;
            }
            patience.check(|| format!("{} spans underway: {:#?}", metrics.underway(), self.log()));
            sleep(STEP).await;
        }
    }

    /// The number of log lines that contain `text`.
    pub(crate) fn count_lines(&self, text: &str) -> usize {
        let lines = self.service.process.lines();
        lines.iter().filter(|line| line.contains(text)).count()
    }

    /// Asserts that so many lines of its log contain `text`.
    #[track_caller]
    pub(crate) fn assert_logged(&self, text: &str, lines: usize) {
        assert_eq!(self.count_lines(text), lines, "{text}: {:#?}", self.log());
    }

    /// The log lines that are not about a request.
    pub(crate) fn log(&self) -> Vec<String> {
        let mut lines = self.service.process.lines();
        lines.retain(|line| !line.contains(" - GET ") && !line.contains("Hello World"));
        lines
    }

    /// Sends SIGTERM, and then does as [`Traced::wait_for_end`].
    pub(crate) fn end(&mut self) -> SpanCounts {
        self.service.process.signal(Signal::SIGTERM);
        self.wait_for_end()
    }

    /// Waits for the end of the process, and reads its counts of spans: every span that was started
    /// is delivered or dropped.
    pub(crate) fn wait_for_end(&mut self) -> SpanCounts {
        let code = self.service.process.wait().code();
        assert_eq!(code, Some(0), "{:#?}", self.log());
        let span_counts = SpanCounts::from_log(&self.service.process);
        println!("  {span_counts:?}");
        span_counts.is_complete();
        assert_eq!(span_counts.started, self.requests(), "{:#?}", self.log());
        span_counts
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

    /// The number of spans that Jaeger has.
    pub(crate) fn arrived(&self) -> u64 {
        self.jaeger.counts(receiver(self.mode)).spans
    }

    /// Waits until Jaeger has `spans` spans.
    pub(crate) async fn wait_for_spans(&self, spans: u64) {
        let patience = Patience::new();
        while self.arrived() < spans {
            patience.check(|| format!("{} of {spans}: {:#?}", self.arrived(), self.traced.log()));
            sleep(STEP).await;
        }
    }

    /// Waits until every span so far is in Jaeger.
    pub(crate) async fn wait_for_all_spans(&self) {
        self.wait_for_spans(self.traced.requests()).await;
    }

    /// Sends requests until Jaeger has a span that it did not have.
    pub(crate) async fn get_until_spans_arrive(&self) {
        let before = self.arrived();
        self.traced
            .get_until("arriving again", || self.arrived() > before)
            .await;
    }

    /// Ends the service when it has nothing left to send, and then does as [`Rig::wait_for_end`].
    pub(crate) async fn end(self) -> SpanCounts {
        self.traced.wait_until_settled().await;
        self.traced.service.process.signal(Signal::SIGTERM);
        self.wait_for_end().await
    }

    /// Waits for the end of the service; the spans that it reports as delivered are those that
    /// Jaeger has.
    pub(crate) async fn wait_for_end(mut self) -> SpanCounts {
        let span_counts = Arc::get_mut(&mut self.traced).unwrap().wait_for_end();
        // A datagram may still be read.
        self.wait_for_spans(span_counts.delivered).await;
        assert_eq!(self.arrived(), span_counts.delivered, "{}", self.mode);
        span_counts
    }
}
