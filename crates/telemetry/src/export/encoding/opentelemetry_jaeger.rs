//! Thrift envelopes written by opentelemetry-jaeger, the same bytes as those of `thrift::envelope`.
//!
//! The last version of that crate depends on version 0.23 of the OpenTelemetry SDK, whose types are
//! used in this file only. It writes one message without spans, at the start, and hands it to an
//! [`HttpClient`] or a [`JaegerTraceRuntime`] to send, which here captures it.
//!
//! It reads the variables `OTEL_EXPORTER_JAEGER_*`: they have no effect on the message, but an
//! invalid address among them is an error.

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
    MAX_COLLECTOR_MESSAGE,
    envelope::{Envelope, EnvelopeError},
    mapping,
    thrift::{self, Protocol, STOP},
};

/// The envelope of a message in `protocol`.
pub(super) fn envelope(resource: &Resource, protocol: Protocol) -> Result<Envelope, EnvelopeError> {
    // The suffix ends the batch and, in a call of `emitBatch`, its arguments.
    let (message, suffix): (_, &[u8]) = match protocol {
        Protocol::Binary => (binary(resource, Vec::new())?, &[STOP]),
        Protocol::Compact => (compact(resource, Vec::new())?, &[STOP, STOP]),
    };
    // The spans are the last field of the batch, here an empty list.
    let mut end = Vec::new();
    thrift::list_of_structs(0, protocol, &mut end);
    end.extend_from_slice(suffix);
    let prefix = message
        .strip_suffix(end.as_slice())
        .ok_or_else(|| EnvelopeError::Resource {
            source: "the list of spans is not at the end".into(),
        })?;
    Ok(Envelope {
        prefix: prefix.to_vec(),
        suffix: suffix.to_vec(),
    })
}

/// A `Batch` of `spans` in the binary protocol.
fn binary(resource: &Resource, spans: Vec<OldSpanData>) -> Result<Vec<u8>, EnvelopeError> {
    let capture = Capture::default();
    let exporter = new_collector_pipeline()
        .with_http_client(capture.clone())
        .with_instrumentation_library_tags(false)
        .with_trace_config(Config::default().with_resource(old_resource(resource)))
        .build_collector_exporter::<Capture>();
    capture.message(exporter.map_err(invalid_variable)?, spans)
}

/// A call of `emitBatch` with `spans` in the compact protocol.
fn compact(resource: &Resource, spans: Vec<OldSpanData>) -> Result<Vec<u8>, EnvelopeError> {
    let capture = Capture::default();
    let exporter = new_agent_pipeline()
        // The limit of a datagram is checked where the encoding is made.
        .with_max_packet_size(MAX_COLLECTOR_MESSAGE)
        .with_instrumentation_library_tags(false)
        .with_trace_config(Config::default().with_resource(old_resource(resource)))
        .build_async_agent_exporter(capture.clone());
    capture.message(exporter.map_err(invalid_variable)?, spans)
}

fn invalid_variable(error: impl Error + Send + Sync + 'static) -> EnvelopeError {
    EnvelopeError::Variables {
        source: error.into(),
    }
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

/// Captures the message that an exporter sends.
#[derive(Clone, Debug, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    fn message(
        &self,
        mut exporter: Exporter,
        spans: Vec<OldSpanData>,
    ) -> Result<Vec<u8>, EnvelopeError> {
        // It is ready at once, since nothing is sent.
        match exporter.export(spans).now_or_never() {
            Some(Ok(())) => Ok(mem::take(&mut *self.lock())),
            Some(Err(error)) => Err(EnvelopeError::Resource {
                source: error.into(),
            }),
            None => Err(EnvelopeError::Resource {
                source: "the exporter did not send it at once".into(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl HttpClient for Capture {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Bytes>, HttpError> {
        *self.lock() = request.into_body();
        Ok(Response::new(Bytes::new()))
    }
}

#[async_trait]
impl JaegerTraceRuntime for Capture {
    type Socket = ();

    fn create_socket<T: ToSocketAddrs>(&self, _: T) -> thrift_crate::Result<()> {
        Ok(())
    }

    async fn write_to_socket(&self, (): &(), payload: Vec<u8>) -> thrift_crate::Result<()> {
        *self.lock() = payload;
        Ok(())
    }
}

/// Required by that trait, and never called.
impl Runtime for Capture {
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

impl RuntimeChannel for Capture {
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
