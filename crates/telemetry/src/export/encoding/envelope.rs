//! The envelope: the bytes of a message around its spans, which describe the process.

#[cfg(feature = "opentelemetry-jaeger")]
use crate::{export::Source, with_causes};

/// The bytes of a message around its spans.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) prefix: Vec<u8>,
    pub(super) suffix: Vec<u8>,
}

/// The envelope cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The attributes of the resource leave no room for spans in a message.
    #[error(
        "the resource attributes take {size} bytes, but a message to Jaeger has at most {max_message}"
    )]
    TooLarge {
        /// Size of the envelope in bytes.
        size: usize,
        /// Size limit of a message in bytes.
        max_message: usize,
    },
    /// The exporter of opentelemetry-jaeger could not be built. Everything but its environment
    /// variables is set, so one of them is invalid.
    #[cfg(feature = "opentelemetry-jaeger")]
    #[error(
        "opentelemetry-jaeger: {}; unset its variables OTEL_EXPORTER_JAEGER_*, which have no effect here",
        with_causes(.source.as_ref())
    )]
    Variables {
        /// The error of opentelemetry-jaeger.
        source: Source,
    },
    /// opentelemetry-jaeger could not write the attributes of the resource.
    #[cfg(feature = "opentelemetry-jaeger")]
    #[error("opentelemetry-jaeger cannot write the resource attributes: {source}")]
    Resource {
        /// The error of opentelemetry-jaeger.
        source: Source,
    },
}
