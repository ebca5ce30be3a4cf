//! The embedded Jaeger without the demo, with log lines that no service would write.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use embedded_jaeger::{Button, LogLine, Logs, Settings, SpanId, TraceId};

use crate::{browser::Browser, jaeger::Jaeger, spans::HOSTILE};

/// A Jaeger in the test's process, with all extensions of the page.
pub(crate) struct Embedded {
    running: embedded_jaeger::Jaeger,
    pub(crate) jaeger: Jaeger,
    pub(crate) logs: Arc<Logs>,
}

impl Embedded {
    pub(crate) async fn start() -> Self {
        Self::start_under("/").await
    }

    /// Starts it under this path.
    pub(crate) async fn start_under(base_path: &str) -> Self {
        let logs = Arc::new(Logs::new(1024 * 1024));
        let mut settings = Settings::on_free_ports();
        settings.base_path = base_path.parse().unwrap();
        settings.logs = Some(Arc::clone(&logs));
        settings.buttons = ["/chain", HOSTILE]
            .map(|label| Button::new(label, || async { Err("no answer".into()) }))
            .into();
        let running = embedded_jaeger::Jaeger::start(&settings).await.unwrap();
        Self {
            jaeger: Jaeger::at(running.addresses()),
            running,
            logs,
        }
    }

    /// The address of the page, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        self.running.query_url()
    }

    /// Adds a log line of this span of the trace `spans::shop`.
    pub(crate) fn push(&self, service: &str, level: &str, span: u64, message: &str) {
        let mut line = LogLine::new(service, message);
        line.time = UNIX_EPOCH + Duration::from_millis(1_795_381_200_000 + span);
        line.level = level.parse().ok();
        line.trace_id = Some(TraceId(10));
        line.span_id = Some(SpanId(span));
        self.logs.push(line);
    }

    pub(crate) async fn open(&self, path: &str) -> Browser {
        let browser = Browser::start().await;
        let url = self.jaeger.url().join(path).unwrap();
        browser.open(url.as_str()).await;
        browser
    }
}
