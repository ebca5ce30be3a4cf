//! Encodings of spans and messages for the transports.
//!
//! A span is encoded where it ends: by the thread that made it, while the span is in the cache of
//! that core. So the queue holds bytes of a known size, and a message is made of the bytes of its
//! spans between a prefix and a suffix.
//!
//! The mapping from OpenTelemetry to Jaeger (`mapping`) is shared; `protobuf` and `thrift` write
//! spans and envelopes. With the feature `opentelemetry-jaeger`, that crate writes the envelopes of
//! Thrift.

mod envelope;
mod mapping;
#[cfg(feature = "opentelemetry-jaeger")]
mod opentelemetry_jaeger;
#[cfg(feature = "grpc")]
mod protobuf;
#[cfg(feature = "thrift")]
mod thrift;

use opentelemetry_sdk::{Resource, trace::SpanData};

use self::envelope::Envelope;
#[cfg(feature = "thrift")]
use self::thrift::Protocol;
use crate::Mode;

pub use envelope::EnvelopeError;

/// The Jaeger agent reads at most 65,000 bytes; macOS sends at most 9,216 by default.
#[cfg(feature = "thrift")]
const MAX_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9_216
} else {
    65_000
};

/// A gRPC server accepts 4 MiB by default. Smaller messages are sent concurrently.
const MAX_COLLECTOR_MESSAGE: usize = 1024 * 1024;

/// The most bytes of the header of the list of spans in Thrift.
const LIST_HEADER: usize = 6;

/// Initial capacity in bytes; most spans fit.
const SPAN_CAPACITY: usize = 1024;

/// Encodes the spans of one process for one transport.
#[derive(Debug)]
pub(super) struct Encoding {
    format: Format,
    envelope: Envelope,
    max_message: usize,
    max_value_length: usize,
}

#[derive(Clone, Copy, Debug)]
enum Format {
    #[cfg(feature = "grpc")]
    Protobuf,
    #[cfg(feature = "thrift")]
    Thrift(Protocol),
}

impl Encoding {
    /// Strings of attributes are cut to `max_value_length` characters.
    pub(super) fn new(
        mode: Mode,
        resource: &Resource,
        max_value_length: usize,
    ) -> Result<Self, EnvelopeError> {
        let (format, envelope, max_message) = match mode {
            #[cfg(feature = "grpc")]
            Mode::Grpc => (
                Format::Protobuf,
                protobuf::envelope(resource),
                MAX_COLLECTOR_MESSAGE,
            ),
            #[cfg(feature = "thrift")]
            Mode::ThriftCollector => (
                Format::Thrift(Protocol::Binary),
                thrift_envelope(resource, Protocol::Binary)?,
                MAX_COLLECTOR_MESSAGE,
            ),
            #[cfg(feature = "thrift")]
            Mode::ThriftAgent => (
                Format::Thrift(Protocol::Compact),
                thrift_envelope(resource, Protocol::Compact)?,
                MAX_DATAGRAM,
            ),
        };
        let encoding = Self {
            format,
            envelope,
            max_message,
            max_value_length,
        };
        let size = encoding.overhead();
        if size >= max_message {
            return Err(EnvelopeError::TooLarge { size, max_message });
        }
        Ok(encoding)
    }

    /// Encodes one span.
    pub(super) fn span(&self, span: &SpanData) -> Vec<u8> {
        let mut out = Vec::with_capacity(SPAN_CAPACITY);
        match self.format {
            #[cfg(feature = "grpc")]
            Format::Protobuf => protobuf::span(span, self.max_value_length, &mut out),
            #[cfg(feature = "thrift")]
            Format::Thrift(protocol) => {
                thrift::span(span, self.max_value_length, protocol, &mut out);
            }
        }
        out
    }

    /// The most bytes of encoded spans in a message.
    pub(super) fn max_payload(&self) -> usize {
        self.max_message - self.overhead()
    }

    /// Encodes a message of `count` spans, whose encodings are concatenated in `spans`.
    #[cfg_attr(not(feature = "thrift"), allow(unused_variables))] // only Thrift writes the count
    pub(super) fn message(&self, count: usize, spans: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.overhead() + spans.len());
        out.extend_from_slice(&self.envelope.prefix);
        match self.format {
            #[cfg(feature = "grpc")]
            Format::Protobuf => {}
            #[cfg(feature = "thrift")]
            Format::Thrift(protocol) => thrift::list_of_structs(count, protocol, &mut out),
        }
        out.extend_from_slice(spans);
        out.extend_from_slice(&self.envelope.suffix);
        out
    }

    /// The most bytes of a message besides its spans.
    fn overhead(&self) -> usize {
        self.envelope.prefix.len() + LIST_HEADER + self.envelope.suffix.len()
    }
}

#[cfg(feature = "opentelemetry-jaeger")]
fn thrift_envelope(resource: &Resource, protocol: Protocol) -> Result<Envelope, EnvelopeError> {
    opentelemetry_jaeger::envelope(resource, protocol)
}

#[cfg(all(feature = "thrift", not(feature = "opentelemetry-jaeger")))]
fn thrift_envelope(resource: &Resource, protocol: Protocol) -> Result<Envelope, EnvelopeError> {
    Ok(thrift::envelope(resource, protocol))
}

#[cfg(all(test, feature = "thrift"))]
mod tests {
    use opentelemetry::KeyValue;

    use super::*;

    #[test]
    fn a_process_that_no_datagram_can_have_is_an_error() {
        let resource = Resource::builder_empty()
            .with_attribute(KeyValue::new("long", "x".repeat(MAX_DATAGRAM)))
            .build();
        let error = Encoding::new(Mode::ThriftAgent, &resource, 0).unwrap_err();
        assert!(
            matches!(
                error,
                EnvelopeError::TooLarge {
                    max_message: MAX_DATAGRAM,
                    ..
                }
            ),
            "{error}"
        );
        assert!(Encoding::new(Mode::ThriftCollector, &resource, 0).is_ok());
    }
}
