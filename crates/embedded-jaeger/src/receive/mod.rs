//! The four ways in: bytes become spans here, and what is not a span stays out.

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

/// The spans of one message, as it comes in by this way.
pub(super) fn decode(receiver: Receiver, message: &[u8]) -> Result<Vec<Span>, DecodeError> {
    match receiver {
        Receiver::UdpCompact => thrift::compact_message(message),
        Receiver::UdpBinary => thrift::binary_message(message),
        Receiver::Http => thrift::binary_batch(message),
        Receiver::Grpc => proto::batch(message),
    }
}

/// What a receiver hands its spans to.
#[derive(Debug)]
pub(super) struct SpanSink {
    receiver: Receiver,
    store: Arc<Store>,
    counters: Counters,
}

impl SpanSink {
    /// For one receiver.
    pub(super) fn new(receiver: Receiver, store: &Arc<Store>) -> Arc<Self> {
        Arc::new(Self {
            receiver,
            store: Arc::clone(store),
            counters: Counters::default(),
        })
    }

    /// Whose sink it is.
    pub(super) fn receiver(&self) -> Receiver {
        self.receiver
    }

    /// What was taken and refused so far.
    pub(super) fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Stores the spans of one message. A span without an id would be found by nobody: it is
    /// refused and the others are kept.
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

    /// Counts a connection that speaks something else than HTTP in the port's version.
    pub(super) fn refuse_connection(&self, why: &dyn Error) {
        let why = format!("a connection of another protocol ({why})");
        self.refuse(Reason::Unsupported, &why);
        self.counters.done();
    }

    /// Counts it, and logs it with what is taken instead where that helps.
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
