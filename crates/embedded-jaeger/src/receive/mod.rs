//! The four receivers, which decode spans and refuse everything else.

mod counters;
mod cursor;
mod foreign;
pub(super) mod grpc;
pub(super) mod http;
pub(super) mod kernel;
mod proto;
mod sanitize;
mod thrift;
pub(super) mod udp;

use std::{error::Error, fmt, sync::Arc};

use super::{
    model::{Receiver, Span},
    store::Store,
};
pub use counters::Counts;
use counters::{Counters, Reason};
pub(super) use cursor::{Budget, DecodeError};

/// The largest message that is read from a stream, in bytes: gRPC's own default.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Decodes the spans of one message to a receiver.
pub(super) fn decode(receiver: Receiver, message: &[u8]) -> Result<Vec<Span>, DecodeError> {
    match receiver {
        Receiver::UdpCompact => thrift::compact_message(message),
        Receiver::UdpBinary => thrift::binary_message(message),
        Receiver::Http => thrift::binary_batch(message),
        Receiver::Grpc => proto::batch(message),
    }
}

/// The sink of one receiver's spans: it stores and counts them.
#[derive(Debug)]
pub(super) struct SpanSink {
    receiver: Receiver,
    store: Arc<Store>,
    counters: Counters,
}

impl SpanSink {
    /// Creates the sink of one receiver.
    pub(super) fn new(receiver: Receiver, store: &Arc<Store>) -> Arc<Self> {
        Arc::new(Self {
            receiver,
            store: Arc::clone(store),
            counters: Counters::default(),
        })
    }

    /// The receiver whose sink it is.
    pub(super) fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// The counts of what has been stored and refused.
    pub(super) fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Stores the spans of one message. A span without an id could not be found: it is refused and
    /// the others are stored.
    fn accept(&self, mut spans: Vec<Span>) {
        spans.retain(|span| {
            let has_ids = span.trace_id.0 != 0 && span.span_id.0 != 0;
            if !has_ids {
                self.refuse(Reason::ZeroId, &"a span's trace id or span id is zero");
            }
            has_ids
        });
        let count = spans.len();
        let duplicates = self.store.insert(spans);
        self.counters.stored(count - duplicates);
        self.counters.duplicates(duplicates);
    }

    /// Counts a connection with another protocol than the port's version of HTTP.
    pub(super) fn refuse_connection(&self, why: &dyn Error) {
        let why = format!("a connection of another protocol ({why})");
        self.refuse(Reason::Unsupported, &why);
        self.counters.done();
    }

    /// Counts and logs a refusal; the log line names what the receiver accepts if that helps.
    fn refuse(&self, reason: Reason, why: &dyn fmt::Display) {
        match reason {
            Reason::Malformed | Reason::Unsupported => {
                let why = format_args!("{why}; {}", foreign::taken(self.receiver));
                self.counters.refused(self.receiver, reason, &why);
            }
            Reason::ZeroId | Reason::QueueFull => {
                self.counters.refused(self.receiver, reason, why);
            }
        }
    }
}
