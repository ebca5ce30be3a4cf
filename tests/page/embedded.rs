//! Jaeger as the demo embeds it, without the demo: with lines that no service would write.

use std::sync::Arc;

use embedded_jaeger::{Extras, Logs, Request, Settings};

use crate::{browser::Browser, jaeger::Jaeger, spans::HOSTILE};

/// A Jaeger within the test, with all that the page can have; the test hands it lines.
pub(crate) struct Embedded {
    running: embedded_jaeger::Jaeger,
    pub(crate) jaeger: Jaeger,
    pub(crate) logs: Arc<Logs>,
}

impl Embedded {
    pub(crate) async fn start() -> Self {
        Self::start_under("/").await
    }

    /// With everything under this path.
    pub(crate) async fn start_under(base_path: &str) -> Self {
        let logs = Arc::new(Logs::new(1024 * 1024));
        let settings = Settings {
            base_path: base_path.parse().unwrap(),
            ..Settings::on_free_ports()
        };
        let extras = Extras {
            logs: Some(Arc::clone(&logs)),
            // Nobody listens there.
            requests: ["/chain", HOSTILE]
                .map(|label| Request {
                    label: label.to_owned(),
                    url: "http://127.0.0.1:1".to_owned(),
                })
                .into(),
        };
        let running = embedded_jaeger::Jaeger::start_with(&settings, extras)
            .await
            .unwrap();
        Self {
            jaeger: Jaeger::at(running.addresses()),
            running,
            logs,
        }
    }

    /// Without a slash at its end.
    pub(crate) fn url(&self) -> &str {
        self.running.query_url()
    }

    /// A line of this span of the trace that `spans::shop` makes.
    pub(crate) fn push(&self, service: &str, level: &str, span: u64, message: &str) {
        let line = format!(
            "2026-11-22 21:00:00,{span:03} {level} [t] [f.rs:1] [trace_id={:032x} span_id={span:016x} resource.service.name=x] - {message}",
            10
        );
        self.logs.push(service, line.as_bytes());
    }

    pub(crate) async fn open(&self, path: &str) -> Browser {
        let browser = Browser::start().await;
        let url = self.jaeger.url().join(path).unwrap();
        browser.open(url.as_str()).await;
        browser
    }
}
