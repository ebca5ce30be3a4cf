//! Tools of the targets: a Jaeger without sockets, and what must hold whatever it was sent.

#[path = "../../tests/embedded_jaeger/support/thrift.rs"]
mod encode;

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, StatusCode},
};
use embedded_jaeger::{
    fuzz::{Parts, decode},
    model::{self, Process, Receiver, Span},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// Enough for the spans of any one input.
const STORE: usize = 64 << 20;

/// Runs whatever is asynchronous.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_time().build();
    runtime.unwrap()
});

/// A Jaeger without sockets.
pub struct Jaeger {
    pub parts: Parts,
}

impl Default for Jaeger {
    fn default() -> Self {
        Jaeger {
            parts: Parts::new(STORE),
        }
    }
}

impl Jaeger {
    /// Answers one request, to the end of the body.
    pub fn call(&self, router: Router, request: Request<Body>) -> Response<Vec<u8>> {
        RUNTIME.block_on(async {
            let (head, body) = router.oneshot(request).await.unwrap().into_parts();
            let body = body.collect().await.expect("the answer is whole");
            Response::from_parts(head, body.to_bytes().into())
        })
    }

    /// Answers a path of the query API, always in JSON: with data, or with the error that the
    /// status says.
    pub fn query(&self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.call(self.parts.query(), request);
        let json: Value = serde_json::from_slice(response.body()).expect("the answer is JSON");
        let status = response.status();
        match status {
            StatusCode::OK => assert!(json.get("data").is_some(), "{json}"),
            StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_IMPLEMENTED => {
                assert_eq!(json["errors"][0]["code"], status.as_u16(), "{json}");
            }
            _ => panic!("{status} {json}"),
        }
        (status, json)
    }

    /// Asks for all that is stored, and counts the spans of these traces.
    pub fn check_answers(&self, spans: &[Span]) {
        for path in ["/api/services", "/api/dependencies", "/page/stats"] {
            assert_eq!(self.query(path).0, StatusCode::OK);
        }
        let mut ids: Vec<_> = spans.iter().map(|span| span.trace_id).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids.into_iter().filter(|id| id.0 != 0).take(2) {
            let wanted = |span: &&Span| span.trace_id == id && span.span_id.0 != 0;
            let sent = spans.iter().filter(wanted).count();
            let (status, json) = self.query(&format!("/api/traces/{id}"));
            let shown = json["data"][0]["spans"].as_array().map_or(0, Vec::len);
            assert_eq!(status == StatusCode::OK, sent > 0, "{json}");
            // Equal ones are shown once.
            assert_eq!(shown > 0, sent > 0, "{json}");
            assert!(shown <= sent, "{json}");
        }
    }
}

/// The spans of one message if there are any, and the memory that they take is one that the message
/// has paid for.
pub fn decoded(receiver: Receiver, message: &[u8]) -> Option<Vec<Span>> {
    let spans = decode(receiver, message).ok()?;
    let processes = spans.chunk_by(|a, b| Arc::ptr_eq(&a.process, &b.process));
    let size = spans.iter().map(Span::size).sum::<usize>()
        + processes.map(|of| of[0].process.size()).sum::<usize>();
    // The decoder's budget is eight times the message and 64 KiB of values; the small texts of each
    // come on top.
    let bound = 24 * message.len() + (256 << 10);
    assert!(size <= bound, "{size} bytes of {}", message.len());
    Some(spans)
}

/// Spans that came by Thrift, written again, are the same in every protocol.
pub fn check_protocols_agree(spans: Vec<Span>) {
    let process = match spans.first() {
        Some(span) => Process::clone(&span.process),
        None => return,
    };
    for (receiver, message) in [
        (
            Receiver::UdpCompact,
            encode::compact_message(&process, &spans),
        ),
        (
            Receiver::UdpBinary,
            encode::binary_message(&process, &spans),
        ),
        (Receiver::Http, encode::binary_batch(&process, &spans)),
    ] {
        let expected = spans.iter().map(|span| Span {
            receiver,
            // Thrift has microseconds, and what is larger than the model's nanoseconds is cut to
            // them.
            start_ns: whole_microseconds(span.start_ns),
            duration_ns: whole_microseconds(span.duration_ns),
            logs: span.logs.iter().map(whole_microseconds_of).collect(),
            ..span.clone()
        });
        let again = decode(receiver, &message).expect("what was decoded can be encoded");
        assert_eq!(again, expected.collect::<Vec<_>>());
    }
}

fn whole_microseconds(nanoseconds: i64) -> i64 {
    nanoseconds / 1_000 * 1_000
}

fn whole_microseconds_of(log: &model::Log) -> model::Log {
    model::Log {
        timestamp_ns: whole_microseconds(log.timestamp_ns),
        fields: log.fields.clone(),
    }
}
