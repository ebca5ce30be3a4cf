//! Paths A and B: Thrift through opentelemetry-jaeger, to the agent over UDP and to the collector
//! over HTTP.
//!
//! That crate ended with the OpenTelemetry SDK 0.23. This file turns the current SDK's spans into
//! that one's, and nothing outside of it sees the old types. Its faults are handled here too:
//!
//! - it looks a name up once and keeps the socket for ever: here both are renewed after an error,
//!   and from time to time;
//! - a batch that does not fit a datagram is lost, unless it may split it, for which it copies every
//!   batch: it is given batches that fit (`message`), and may not;
//! - its settings can be overridden by `OTEL_EXPORTER_JAEGER_*` variables: they win over ours.

// The crate is deprecated as a whole; it is used for the paths that have no other exporter.
#![allow(deprecated)]

use std::{
    borrow::Cow,
    error::Error,
    fmt,
    net::{Ipv6Addr, SocketAddr},
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use opentelemetry_0_23::{
    self as old,
    trace::{self as old_trace, TraceError},
};
use opentelemetry_http_0_12::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_jaeger::{Exporter, new_agent_pipeline, new_collector_pipeline};
use opentelemetry_sdk::{Resource, trace::SpanData};
use opentelemetry_sdk_0_23::{
    self as old_sdk,
    export::trace::{SpanData as OldSpanData, SpanExporter as _},
    runtime::Tokio,
    trace::{Config, SpanEvents, SpanLinks},
};
use tokio::{net::lookup_host, time::timeout};

use super::{ATTEMPT_TIMEOUT, BuildError, Loss, SendError, Sent, message::MAX_DATAGRAM};
use crate::telemetry::with_causes;

/// How long an agent's address is believed.
const ADDRESS_LIFE: Duration = Duration::from_secs(30);

/// A Jaeger agent's port for Thrift compact over UDP.
#[derive(Debug)]
pub(super) struct Agent {
    endpoint: String,
    resource: old_sdk::Resource,
    socket: Mutex<Option<(Exporter, Instant)>>,
}

impl Agent {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let endpoint = match host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{host}:{port}"),
        };
        Self {
            endpoint,
            resource: old_sdk::Resource::empty(),
            socket: Mutex::default(),
        }
    }

    pub(super) fn set_resource(&mut self, resource: &Resource) {
        self.resource = old_resource(resource);
    }

    /// Hands a datagram to the kernel. An error is about the one before: that nobody listened
    /// there. So this one is sent again, from a new socket to a newly resolved address; and the
    /// first one from a socket proves nothing.
    pub(super) async fn send(&self, spans: &[SpanData]) -> Result<Sent, SendError> {
        let refused = match self.used_socket() {
            Some(socket) => match self.send_from(socket, spans).await {
                Ok(()) => return Ok(Sent::Taken),
                Err(error) => Some(error.reason),
            },
            None => None,
        };
        let socket = (self.connect().await?, Instant::now());
        self.send_from(socket, spans).await?;
        Ok(Sent::Unanswered { refused })
    }

    /// The socket of the datagram before, unless its address is too old to be believed.
    fn used_socket(&self) -> Option<(Exporter, Instant)> {
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
        (mut exporter, since): (Exporter, Instant),
        spans: &[SpanData],
    ) -> Result<(), SendError> {
        exporter
            .export(old_spans(spans))
            .await
            .map_err(unreachable)?;
        *self.socket.lock().unwrap_or_else(PoisonError::into_inner) = Some((exporter, since));
        Ok(())
    }

    async fn connect(&self) -> Result<Exporter, SendError> {
        new_agent_pipeline()
            .with_endpoint(self.look_up().await?.to_string())
            .with_max_packet_size(MAX_DATAGRAM)
            .with_auto_split_batch(false)
            .with_instrumentation_library_tags(false)
            .with_trace_config(Config::default().with_resource(self.resource.clone()))
            .build_sync_agent_exporter()
            .map_err(unreachable)
    }

    /// Here, since opentelemetry-jaeger would hold the thread, and the requests on it, for as long as
    /// the name server takes.
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

/// A Jaeger collector's port for Thrift binary over HTTP.
#[derive(Debug)]
pub(super) struct Collector {
    url: String,
    client: reqwest::Client,
    resource: old_sdk::Resource,
    exporter: Mutex<Option<Exporter>>,
}

impl Collector {
    pub(super) fn new(url: &str) -> Result<Self, BuildError> {
        let base = url.trim_end_matches('/');
        let base = base.strip_suffix("/api/traces").unwrap_or(base);
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            // Longer than a pause between two batches; short enough to follow a name that moves.
            .pool_idle_timeout(ADDRESS_LIFE)
            .build()?;
        Ok(Self {
            url: format!("{base}/api/traces"),
            client,
            resource: old_sdk::Resource::empty(),
            exporter: Mutex::default(),
        })
    }

    /// Where spans are posted to.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn set_resource(&mut self, resource: &Resource) {
        self.resource = old_resource(resource);
    }

    pub(super) async fn send(&self, spans: &[SpanData]) -> Result<(), SendError> {
        let sending = {
            let mut exporter = self.exporter.lock().unwrap_or_else(PoisonError::into_inner);
            let mut ready = match exporter.take() {
                Some(ready) => ready,
                None => self.build()?,
            };
            let sending = ready.export(old_spans(spans));
            *exporter = Some(ready);
            sending
        };
        sending.await.map_err(|error| not_taken(&error))
    }

    fn build(&self) -> Result<Exporter, SendError> {
        new_collector_pipeline()
            .with_endpoint(&self.url)
            .with_http_client(Http(self.client.clone()))
            .with_instrumentation_library_tags(false)
            .with_trace_config(Config::default().with_resource(self.resource.clone()))
            .build_collector_exporter::<Tokio>()
            .map_err(|error| SendError::permanent(Loss::Other, with_causes(&error)))
    }
}

fn not_taken(error: &TraceError) -> SendError {
    if let Some(refused) = cause::<Refused>(error) {
        return if refused.is_transient() {
            SendError::transient(Loss::Refused, refused)
        } else {
            SendError::permanent(Loss::Refused, refused)
        };
    }
    let timeout = cause::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout);
    let loss = if timeout {
        Loss::Timeout
    } else {
        Loss::Unreachable
    };
    SendError::transient(loss, with_causes(error))
}

/// The error of our own HTTP client, if it is of this type.
fn cause<E: Error + 'static>(error: &TraceError) -> Option<&E> {
    match error {
        TraceError::Other(error) => error.downcast_ref(),
        _ => None,
    }
}

/// The collector's answer was not a success.
#[derive(Debug, thiserror::Error)]
#[error("the collector answered with status {0}")]
struct Refused(reqwest::StatusCode);

impl Refused {
    /// A busy collector answers 429 or 5xx, one that cannot read the message 4xx.
    fn is_transient(&self) -> bool {
        self.0.is_server_error() || self.0 == reqwest::StatusCode::TOO_MANY_REQUESTS
    }
}

/// The HTTP client that opentelemetry-jaeger asks for, on the current reqwest.
struct Http(reqwest::Client);

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl HttpClient for Http {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let response = self
            .0
            .post(head.uri.to_string())
            .header("content-type", "application/vnd.apache.thrift.binary")
            .body(body)
            .send()
            .await?;
        if !response.status().is_success() {
            return Err(Refused(response.status()).into());
        }
        Ok(Response::new(Bytes::new()))
    }
}

/// The process is said once for a batch.
static NO_RESOURCE: LazyLock<old_sdk::Resource> = LazyLock::new(old_sdk::Resource::empty);

fn old_spans(spans: &[SpanData]) -> Vec<OldSpanData> {
    spans.iter().map(old_span).collect()
}

/// Kind, status, scope and counts are attributes by now, so the old exporter finds none of its own.
fn old_span(span: &SpanData) -> OldSpanData {
    let mut events = SpanEvents::default();
    events.events = span.events.iter().map(old_event).collect();
    let mut links = SpanLinks::default();
    links.links = span
        .links
        .iter()
        .map(|link| old_trace::Link::with_context(old_context(&link.span_context)))
        .collect();
    OldSpanData {
        span_context: old_context(&span.span_context),
        parent_span_id: old_trace::SpanId::from_bytes(span.parent_span_id.to_bytes()),
        span_kind: old_trace::SpanKind::Internal,
        name: span.name.clone(),
        start_time: span.start_time,
        end_time: span.end_time,
        attributes: old_attributes(&span.attributes),
        dropped_attributes_count: 0,
        events,
        links,
        status: old_trace::Status::Unset,
        resource: Cow::Borrowed(&NO_RESOURCE),
        instrumentation_lib: old_sdk::InstrumentationLibrary::default(),
    }
}

fn old_event(event: &opentelemetry::trace::Event) -> old_trace::Event {
    old_trace::Event::new(
        event.name.clone(),
        event.timestamp,
        old_attributes(&event.attributes),
        0,
    )
}

fn old_context(context: &opentelemetry::trace::SpanContext) -> old_trace::SpanContext {
    old_trace::SpanContext::new(
        old_trace::TraceId::from_bytes(context.trace_id().to_bytes()),
        old_trace::SpanId::from_bytes(context.span_id().to_bytes()),
        old_trace::TraceFlags::new(context.trace_flags().to_u8()),
        context.is_remote(),
        old_trace::TraceState::NONE,
    )
}

fn old_resource(resource: &Resource) -> old_sdk::Resource {
    old_sdk::Resource::new(
        resource
            .iter()
            .map(|(key, value)| old_attribute(key.as_str(), value)),
    )
}

fn old_attributes(attributes: &[opentelemetry::KeyValue]) -> Vec<old::KeyValue> {
    attributes
        .iter()
        .map(|attribute| old_attribute(attribute.key.as_str(), &attribute.value))
        .collect()
}

fn old_attribute(key: &str, value: &opentelemetry::Value) -> old::KeyValue {
    let value = match value {
        opentelemetry::Value::Bool(value) => old::Value::Bool(*value),
        opentelemetry::Value::I64(value) => old::Value::I64(*value),
        opentelemetry::Value::F64(value) => old::Value::F64(*value),
        text => old::Value::String(text.as_str().into_owned().into()),
    };
    old::KeyValue::new(key.to_owned(), value)
}
