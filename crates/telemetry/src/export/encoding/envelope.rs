//! What stands around the spans of a Thrift message, from opentelemetry-jaeger: the name of the
//! call and the process, as that crate writes them.
//!
//! The crate ended with the OpenTelemetry SDK 0.23, and nothing outside of this file sees that
//! SDK's types. It is asked once, at the start, for a message without a span. Its client would send
//! that through an [`HttpClient`] or a [`JaegerTraceRuntime`] of ours, which keeps it instead.
//!
//! It reads `OTEL_EXPORTER_JAEGER_*` variables: they change nothing here, but an address among them
//! that it cannot use is an error.

// The crate is deprecated as a whole.
#![allow(deprecated)]

use std::{
    error::Error,
    fmt::Debug,
    mem,
    net::ToSocketAddrs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::thrift as thrift_crate;
use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use opentelemetry_0_23 as old;
use opentelemetry_http_0_12::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_jaeger::{
    Exporter, JaegerTraceRuntime, new_agent_pipeline, new_collector_pipeline,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk_0_23::{
    self as old_sdk,
    export::trace::{SpanData as OldSpanData, SpanExporter as _},
    runtime::{Runtime, RuntimeChannel, Tokio},
    trace::Config,
};

use super::{
    MAX_DATAGRAM, mapping,
    thrift::{self, Protocol, STOP},
};
use crate::with_causes;

/// opentelemetry-jaeger does not write the process.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Its client cannot be made, of which all but its own variables is set here.
    #[error(
        "opentelemetry-jaeger: {0}; unset its variables OTEL_EXPORTER_JAEGER_*, which this service has no use for"
    )]
    Variables(String),
    /// The process has what cannot be written, such as more than a datagram can have.
    #[error("the attributes of the process cannot be written for Jaeger: {0}")]
    Process(String),
}

/// The bytes of a message around its spans.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) prefix: Vec<u8>,
    pub(super) suffix: Vec<u8>,
}

/// Around the spans of a `Batch` in the binary protocol, which the collector takes over HTTP.
pub(super) fn batch(resource: &Resource) -> Result<Envelope, EnvelopeError> {
    let message = binary(resource, Vec::new())?;
    around(&message, Protocol::Binary, &[STOP])
}

/// Around the spans of a call of `emitBatch` in the compact protocol, which the agent takes over
/// UDP.
pub(super) fn emit_batch(resource: &Resource) -> Result<Envelope, EnvelopeError> {
    let message = compact(resource, Vec::new())?;
    around(&message, Protocol::Compact, &[STOP, STOP])
}

/// The spans are the last field of the message, and the list of them is empty; `tail` ends the
/// batch, and the arguments of the call that it is one of.
fn around(message: &[u8], protocol: Protocol, tail: &[u8]) -> Result<Envelope, EnvelopeError> {
    let mut end = Vec::new();
    thrift::list_of_structs(0, protocol, &mut end);
    end.extend_from_slice(tail);
    let head = message
        .strip_suffix(end.as_slice())
        .ok_or_else(|| EnvelopeError::Process("the list of spans is not at the end".into()))?;
    Ok(Envelope {
        prefix: head.to_vec(),
        suffix: tail.to_vec(),
    })
}

fn binary(resource: &Resource, spans: Vec<OldSpanData>) -> Result<Vec<u8>, EnvelopeError> {
    let kept = Kept::default();
    let exporter = new_collector_pipeline()
        .with_http_client(kept.clone())
        .with_instrumentation_library_tags(false)
        .with_trace_config(Config::default().with_resource(old_resource(resource)))
        .build_collector_exporter::<Kept>();
    kept.message(exporter.map_err(unusable)?, spans)
}

fn compact(resource: &Resource, spans: Vec<OldSpanData>) -> Result<Vec<u8>, EnvelopeError> {
    let kept = Kept::default();
    let exporter = new_agent_pipeline()
        .with_max_packet_size(MAX_DATAGRAM)
        .with_instrumentation_library_tags(false)
        .with_trace_config(Config::default().with_resource(old_resource(resource)))
        .build_async_agent_exporter(kept.clone());
    kept.message(exporter.map_err(unusable)?, spans)
}

fn unusable(error: impl Error) -> EnvelopeError {
    EnvelopeError::Variables(with_causes(&error))
}

fn old_resource(resource: &Resource) -> old_sdk::Resource {
    old_sdk::Resource::new(mapping::process_tags(resource).map(old_attribute))
}

fn old_attribute(tag: mapping::Tag<'_>) -> old::KeyValue {
    let value: old::Value = match tag.value {
        mapping::Value::Bool(value) => value.into(),
        mapping::Value::Int64(value) => value.into(),
        mapping::Value::Float64(value) => value.into(),
        mapping::Value::String(text) => text.into_owned().into(),
    };
    old::KeyValue::new(tag.key.to_owned(), value)
}

/// The message that an exporter would have sent last.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn message(
        &self,
        mut exporter: Exporter,
        spans: Vec<OldSpanData>,
    ) -> Result<Vec<u8>, EnvelopeError> {
        // Nothing in it waits, since nothing is sent.
        match exporter.export(spans).now_or_never() {
            Some(Ok(())) => Ok(mem::take(&mut *self.lock())),
            Some(Err(error)) => Err(EnvelopeError::Process(with_causes(&error))),
            None => Err(EnvelopeError::Process("the exporter waits".into())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for Kept {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
        *self.lock() = request.into_body();
        Ok(Response::new(Bytes::new()))
    }
}

#[async_trait]
impl JaegerTraceRuntime for Kept {
    type Socket = ();

    fn create_socket<T: ToSocketAddrs>(&self, _: T) -> thrift_crate::Result<()> {
        Ok(())
    }

    async fn write_to_socket(&self, (): &(), payload: Vec<u8>) -> thrift_crate::Result<()> {
        *self.lock() = payload;
        Ok(())
    }
}

/// That trait asks for these; they are never called.
impl Runtime for Kept {
    type Interval = <Tokio as Runtime>::Interval;
    type Delay = <Tokio as Runtime>::Delay;

    fn interval(&self, duration: Duration) -> Self::Interval {
        Tokio.interval(duration)
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        Tokio.spawn(future);
    }

    fn delay(&self, duration: Duration) -> Self::Delay {
        Tokio.delay(duration)
    }
}

impl RuntimeChannel for Kept {
    type Receiver<T: Debug + Send> = <Tokio as RuntimeChannel>::Receiver<T>;
    type Sender<T: Debug + Send> = <Tokio as RuntimeChannel>::Sender<T>;

    fn batch_message_channel<T: Debug + Send>(
        &self,
        capacity: usize,
    ) -> (Self::Sender<T>, Self::Receiver<T>) {
        Tokio.batch_message_channel(capacity)
    }
}

#[cfg(test)]
mod tests;
