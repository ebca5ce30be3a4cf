//! Writes batches in both of Thrift's protocols, for tests only: it shares nothing with the decoder
//! but the definition. Whoever includes it supplies `model` beside it.

use super::model::{Log, Process, RefKind, Span, SpanRef, Tag, Value};

/// An `emitBatch` message in the compact protocol.
pub(crate) fn compact_message(process: &Process, spans: &[Span]) -> Vec<u8> {
    let mut out = Writer {
        compact: true,
        bytes: vec![0x82, 0x81, 0],
        ids: vec![0],
    };
    out.binary(b"emitBatch");
    out.header(STRUCT, 1);
    out.batch(process, spans);
    out.stop();
    out.bytes
}

/// An `emitBatch` message in the binary protocol.
pub(crate) fn binary_message(process: &Process, spans: &[Span]) -> Vec<u8> {
    let mut out = Writer {
        compact: false,
        bytes: vec![0x80, 1, 0, 4],
        ids: vec![0],
    };
    out.binary(b"emitBatch");
    out.bytes.extend([0; 4]);
    out.header(STRUCT, 1);
    out.batch(process, spans);
    out.stop();
    out.bytes
}

/// A bare `Batch` in the binary protocol.
pub(crate) fn binary_batch(process: &Process, spans: &[Span]) -> Vec<u8> {
    let mut out = Writer {
        compact: false,
        bytes: vec![],
        ids: vec![],
    };
    out.batch(process, spans);
    out.bytes
}

/// A type's number in the compact and in the binary protocol.
type Kind = (u8, u8);
const I32: Kind = (5, 8);
const I64: Kind = (6, 10);
const DOUBLE: Kind = (7, 4);
const BINARY: Kind = (8, 11);
const LIST: Kind = (9, 15);
const STRUCT: Kind = (12, 12);

struct Writer {
    compact: bool,
    bytes: Vec<u8>,
    /// The last field's id of each struct that is open.
    ids: Vec<i16>,
}

impl Writer {
    fn batch(&mut self, process: &Process, spans: &[Span]) {
        self.ids.push(0);
        self.header(STRUCT, 1);
        self.ids.push(0);
        self.binary_field(1, process.service.as_bytes());
        self.list_field(2, &process.tags, Self::tag);
        self.stop();
        self.list_field(2, spans, Self::span);
        self.stop();
    }

    /// References stay references: `parentSpanId` is 0.
    fn span(&mut self, span: &Span) {
        let (high, low) = halves(span.trace_id.0);
        self.i64_field(1, low);
        self.i64_field(2, high);
        self.i64_field(3, span.span_id.0 as i64);
        self.i64_field(4, 0);
        self.binary_field(5, span.operation.as_bytes());
        self.list_field(6, &span.references, Self::reference);
        self.i32_field(7, span.flags as i32);
        self.i64_field(8, span.start_ns / 1_000);
        self.i64_field(9, span.duration_ns / 1_000);
        self.list_field(10, &span.tags, Self::tag);
        self.list_field(11, &span.logs, Self::log);
    }

    fn reference(&mut self, reference: &SpanRef) {
        let (high, low) = halves(reference.trace_id.0);
        self.i32_field(1, i32::from(reference.kind == RefKind::FollowsFrom));
        self.i64_field(2, low);
        self.i64_field(3, high);
        self.i64_field(4, reference.span_id.0 as i64);
    }

    fn log(&mut self, log: &Log) {
        self.i64_field(1, log.timestamp_ns / 1_000);
        self.list_field(2, &log.fields, Self::tag);
    }

    fn tag(&mut self, tag: &Tag) {
        self.binary_field(1, tag.key.as_bytes());
        let number = match tag.value {
            Value::String(_) => 0,
            Value::Float64(_) => 1,
            Value::Bool(_) => 2,
            Value::Int64(_) => 3,
            Value::Binary(_) => 4,
        };
        self.i32_field(2, number);
        match &tag.value {
            Value::String(text) => self.binary_field(3, text.as_bytes()),
            Value::Float64(value) => {
                self.header(DOUBLE, 4);
                let bytes = if self.compact {
                    value.to_le_bytes()
                } else {
                    value.to_be_bytes()
                };
                self.bytes.extend(bytes);
            }
            Value::Bool(value) => {
                self.header((if *value { 1 } else { 2 }, 2), 5);
                if !self.compact {
                    self.bytes.push(u8::from(*value));
                }
            }
            Value::Int64(value) => self.i64_field(6, *value),
            Value::Binary(bytes) => self.binary_field(7, bytes),
        }
    }

    fn i32_field(&mut self, id: i16, value: i32) {
        self.header(I32, id);
        match self.compact {
            true => self.zigzag(value.into()),
            false => self.bytes.extend(value.to_be_bytes()),
        }
    }

    fn i64_field(&mut self, id: i16, value: i64) {
        self.header(I64, id);
        match self.compact {
            true => self.zigzag(value),
            false => self.bytes.extend(value.to_be_bytes()),
        }
    }

    fn binary_field(&mut self, id: i16, value: &[u8]) {
        self.header(BINARY, id);
        self.binary(value);
    }

    fn list_field<T>(&mut self, id: i16, items: &[T], write: fn(&mut Self, &T)) {
        self.header(LIST, id);
        match (self.compact, items.len()) {
            (true, short @ ..15) => self.bytes.push((short as u8) << 4 | STRUCT.0),
            (true, long) => {
                self.bytes.push(0xf0 | STRUCT.0);
                self.varint(long as u64);
            }
            (false, count) => {
                self.bytes.push(STRUCT.1);
                self.bytes.extend((count as i32).to_be_bytes());
            }
        }
        for item in items {
            self.ids.push(0);
            write(self, item);
            self.stop();
        }
    }

    fn header(&mut self, kind: Kind, id: i16) {
        let last = self.ids.last_mut().unwrap();
        let step = id - std::mem::replace(last, id);
        match self.compact {
            true => self.bytes.push((step as u8) << 4 | kind.0),
            false => {
                self.bytes.push(kind.1);
                self.bytes.extend(id.to_be_bytes());
            }
        }
    }

    fn stop(&mut self) {
        self.ids.pop();
        self.bytes.push(0);
    }

    fn binary(&mut self, value: &[u8]) {
        match self.compact {
            true => self.varint(value.len() as u64),
            false => self.bytes.extend((value.len() as i32).to_be_bytes()),
        }
        self.bytes.extend(value);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint((value << 1 ^ value >> 63) as u64);
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

fn halves(id: u128) -> (i64, i64) {
    ((id >> 64) as i64, id as i64)
}
