//! Encodings of spans and messages for the transports.
//!
//! A span is encoded where it ends: by the thread that made it, while the span is in the cache of
//! that core. So the queue holds bytes of a known size, and a message is made of the bytes of its
//! spans between a prefix and a suffix.
//!
//! The mapping from OpenTelemetry to Jaeger (`mapping`) is shared; `protobuf` and `thrift` write a
//! span, and `envelope` what is around the spans of a Thrift message.

mod envelope;
mod mapping;
mod protobuf;
mod thrift;

use opentelemetry_sdk::{Resource, trace::SpanData};

use self::{envelope::Envelope, thrift::Protocol};
use crate::Mode;

pub use envelope::EnvelopeError;

/// The Jaeger agent reads at most 65,000 bytes; macOS sends at most 9,216 by default.
const MAX_DATAGRAM: usize = if cfg!(target_os = "macos") {
    9_216
} else {
    65_000
};

/// A gRPC server accepts 4 MiB by default. Smaller messages are sent concurrently.
const MAX_COLLECTOR_MESSAGE: usize = 1024 * 1024;

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
    Protobuf,
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
            Mode::Grpc => (
                Format::Protobuf,
                Envelope {
                    prefix: Vec::new(),
                    suffix: protobuf::process(resource),
                },
                MAX_COLLECTOR_MESSAGE,
            ),
            Mode::ThriftCollector => (
                Format::Thrift(Protocol::Binary),
                envelope::batch(resource)?,
                MAX_COLLECTOR_MESSAGE,
            ),
            Mode::ThriftAgent => (
                Format::Thrift(Protocol::Compact),
                envelope::emit_batch(resource)?,
                MAX_DATAGRAM,
            ),
        };
        Ok(Self {
            format,
            envelope,
            max_message,
            max_value_length,
        })
    }

    /// Encodes one span.
    pub(super) fn span(&self, span: &SpanData) -> Vec<u8> {
        let mut out = Vec::with_capacity(SPAN_CAPACITY);
        match self.format {
            Format::Protobuf => protobuf::span(span, self.max_value_length, &mut out),
            Format::Thrift(protocol) => {
                thrift::span(span, self.max_value_length, protocol, &mut out);
            }
        }
        out
    }

    /// The most bytes of encoded spans in a message.
    pub(super) fn max_payload(&self) -> usize {
        self.max_message.saturating_sub(self.overhead())
    }

    /// Encodes a message of `count` spans, whose encodings are concatenated in `spans`.
    pub(super) fn message(&self, count: usize, spans: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.overhead() + spans.len());
        out.extend_from_slice(&self.envelope.prefix);
        if let Format::Thrift(protocol) = self.format {
            thrift::list_of_structs(count, protocol, &mut out);
        }
        out.extend_from_slice(spans);
        out.extend_from_slice(&self.envelope.suffix);
        out
    }

    /// The most bytes of a message besides its spans.
    fn overhead(&self) -> usize {
        self.envelope.prefix.len() + thrift::LIST_HEADER + self.envelope.suffix.len()
    }
}
