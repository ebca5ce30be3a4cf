//! Decodes the part of Thrift that Jaeger's clients use: the compact and the binary protocol, and
//! the structs of jaeger-idl `thrift/jaeger.thrift`. The `thrift` crate bounds each size by itself;
//! here one budget bounds the memory of a whole message.

mod batch;
mod binary;
mod compact;
#[cfg(test)]
mod tests;

use super::cursor::{Budget, DecodeError};
use crate::model::{Receiver, Span};

/// Deeper than any struct of Jaeger's, shallow enough for the stack.
const MAX_DEPTH: usize = 16;

/// The spans of one `emitBatch` message in the compact protocol.
pub(crate) fn compact_message(bytes: &[u8]) -> Result<Vec<Span>, DecodeError> {
    message(&mut compact::Compact::new(bytes), Receiver::UdpCompact)
}

/// The spans of one `emitBatch` message in the binary protocol.
pub(crate) fn binary_message(bytes: &[u8]) -> Result<Vec<Span>, DecodeError> {
    message(&mut binary::Binary::new(bytes), Receiver::UdpBinary)
}

/// The spans of one bare `Batch` struct in the binary protocol, as it is posted to a collector.
pub(crate) fn binary_batch(bytes: &[u8]) -> Result<Vec<Span>, DecodeError> {
    batch::batch(&mut binary::Binary::new(bytes), Receiver::Http)
}

/// `oneway void emitBatch(1: jaeger.Batch batch)` (`thrift/agent.thrift`). Bytes behind the message
/// are ignored, as by Jaeger's agent.
fn message<'a>(
    protocol: &mut impl Protocol<'a>,
    receiver: Receiver,
) -> Result<Vec<Span>, DecodeError> {
    const CALL: u8 = 1;
    const ONEWAY: u8 = 4;
    let (name, kind) = protocol.message()?;
    // Old clients mark a oneway message as a call, and the agent takes it.
    if name != b"emitBatch" || !matches!(kind, CALL | ONEWAY) {
        return Err(DecodeError::Method);
    }
    let mut spans = None;
    fields(protocol, |protocol, field| {
        match (field.id, field.kind) {
            (1, Type::Struct) => spans = Some(batch::batch(protocol, receiver)?),
            _ => skip(protocol, field.kind, MAX_DEPTH)?,
        }
        Ok(())
    })?;
    spans.ok_or(DecodeError::Missing("emitBatch.batch"))
}

/// The types of Thrift's values, whose numbers differ between the protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Bool,
    I8,
    I16,
    I32,
    I64,
    Double,
    Binary,
    Struct,
    Map,
    /// A set is written as a list is.
    List,
}

/// The header of a struct's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    id: i16,
    kind: Type,
}

/// A protocol of Thrift: the encoding of values. Each method reads one value from the front.
trait Protocol<'a> {
    /// The header of a message: its name and its kind.
    fn message(&mut self) -> Result<(&'a [u8], u8), DecodeError>;
    /// The header of the struct's next field, `None` at its end. `last` is the id of the field
    /// before, 0 at first.
    fn field(&mut self, last: i16) -> Result<Option<Field>, DecodeError>;
    /// The header of a list: the type and the number of its elements, which is not larger than the
    /// rest of the message.
    fn list(&mut self) -> Result<(Type, usize), DecodeError>;
    /// The header of a map: the types of keys and values, and their number, bounded as a list's.
    fn map(&mut self) -> Result<(Type, Type, usize), DecodeError>;
    fn bool(&mut self) -> Result<bool, DecodeError>;
    fn i8(&mut self) -> Result<i8, DecodeError>;
    fn i16(&mut self) -> Result<i16, DecodeError>;
    fn i32(&mut self) -> Result<i32, DecodeError>;
    fn i64(&mut self) -> Result<i64, DecodeError>;
    fn double(&mut self) -> Result<f64, DecodeError>;
    fn binary(&mut self) -> Result<&'a [u8], DecodeError>;
    /// The memory that the message may still take.
    fn budget(&mut self) -> &mut Budget;
}

/// Reads a struct: `on_field` gets the header of each field and must read or skip its value.
fn fields<'a, P: Protocol<'a>>(
    protocol: &mut P,
    mut on_field: impl FnMut(&mut P, Field) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut last = 0;
    while let Some(field) = protocol.field(last)? {
        last = field.id;
        on_field(protocol, field)?;
    }
    Ok(())
}

/// Reads a list of structs, paid for before memory is taken. A list of another type is skipped.
fn structs<'a, P: Protocol<'a>, T>(
    protocol: &mut P,
    read: impl Fn(&mut P) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let (kind, count) = protocol.list()?;
    if kind != Type::Struct {
        skip_all(protocol, kind, count, MAX_DEPTH)?;
        return Ok(Vec::new());
    }
    protocol.budget().pay::<T>(count)?;
    let mut list = Vec::with_capacity(count);
    for _ in 0..count {
        list.push(read(protocol)?);
    }
    Ok(list)
}

/// Skips a value.
fn skip<'a>(protocol: &mut impl Protocol<'a>, kind: Type, depth: usize) -> Result<(), DecodeError> {
    let depth = depth.checked_sub(1).ok_or(DecodeError::Nesting)?;
    match kind {
        Type::Bool => protocol.bool().map(drop),
        Type::I8 => protocol.i8().map(drop),
        Type::I16 => protocol.i16().map(drop),
        Type::I32 => protocol.i32().map(drop),
        Type::I64 => protocol.i64().map(drop),
        Type::Double => protocol.double().map(drop),
        Type::Binary => protocol.binary().map(drop),
        Type::List => {
            let (kind, count) = protocol.list()?;
            skip_all(protocol, kind, count, depth)
        }
        Type::Map => {
            let (key, value, count) = protocol.map()?;
            for _ in 0..count {
                skip(protocol, key, depth)?;
                skip(protocol, value, depth)?;
            }
            Ok(())
        }
        Type::Struct => {
            let mut last = 0;
            while let Some(field) = protocol.field(last)? {
                last = field.id;
                skip(protocol, field.kind, depth)?;
            }
            Ok(())
        }
    }
}

fn skip_all<'a>(
    protocol: &mut impl Protocol<'a>,
    kind: Type,
    count: usize,
    depth: usize,
) -> Result<(), DecodeError> {
    (0..count).try_for_each(|_| skip(protocol, kind, depth))
}
