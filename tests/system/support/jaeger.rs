//! An embedded Jaeger within the tests' process, and what tests ask it for.

use std::{
    ops::Deref,
    sync::{LazyLock, mpsc},
    time::Duration,
};

use embedded_jaeger::{Addresses, Settings, Span, Trace, TraceId, TraceQuery};
use tokio::runtime::{Builder, Runtime};

/// The three values of `MODE`, each of which takes another way to Jaeger.
pub const MODES: [&str; 3] = ["grpc", "thrift-collector", "thrift-agent"];

/// Longer than any wait in these tests takes.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Not the tests' own runtime: a test may block its thread, for example until a service has sent
/// its last spans.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
});

/// A Jaeger on free ports.
pub struct Jaeger(embedded_jaeger::Jaeger);

impl Deref for Jaeger {
    type Target = embedded_jaeger::Jaeger;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Jaeger {
    pub fn start() -> Self {
        let (started, jaeger) = mpsc::channel();
        RUNTIME.spawn(async move {
            let jaeger = embedded_jaeger::Jaeger::start(&Settings::on_free_ports()).await;
            started.send(jaeger).unwrap();
        });
        Self(jaeger.recv().unwrap().unwrap())
    }

    /// The variables that send a service's spans here.
    pub fn env(&self, mode: &str) -> Vec<(&'static str, String)> {
        env(self.addresses(), mode)
    }

    /// All traces of `service`, once they have `spans` spans together.
    pub async fn traces(&self, service: &str, spans: usize) -> Vec<Trace> {
        let enough = |traces: &[Trace]| {
            let counts = traces.iter().map(|trace| trace.spans().len());
            counts.sum::<usize>() >= spans
        };
        let query = TraceQuery::new(service);
        let traces = self.wait_for_traces(&query, enough, TIMEOUT).await;
        traces.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The trace with this id, once it has `spans` spans.
    pub async fn whole_trace(&self, id: &str, spans: usize) -> Trace {
        let id: TraceId = id.parse().unwrap();
        let whole = |trace: &Trace| trace.spans().len() == spans;
        let trace = self.wait_for_trace(id, whole, TIMEOUT).await;
        trace.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The variables that send a service's spans to a Jaeger with these addresses.
pub fn env(jaeger: &Addresses, mode: &str) -> Vec<(&'static str, String)> {
    vec![
        ("MODE", mode.to_owned()),
        ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", jaeger.grpc.to_string()),
        ("COLLECTOR_THRIFT_URL", format!("http://{}", jaeger.http)),
        ("AGENT_HOST_NAME", jaeger.compact.ip().to_string()),
        ("AGENT_PORT", jaeger.compact.port().to_string()),
        ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
    ]
}

/// The span with this name.
pub fn span<'t>(trace: &'t Trace, name: &str) -> &'t Span {
    let found = trace.span(name);
    found.unwrap_or_else(|| panic!("no span {name} in {trace}"))
}
