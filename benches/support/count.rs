//! How many spans a message has, without decoding them: the length of Thrift's list, and how often
//! protocol buffers' field of a span occurs. A receiver that costs much would slow the service
//! down.

use prost::{
    bytes::Buf,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use thrift::protocol::{TBinaryInputProtocol, TCompactInputProtocol, TInputProtocol, TType};

use super::Result;

/// The struct `Batch` and the argument of `emitBatch` (jaeger-idl's `jaeger.thrift`,
/// `agent.thrift`).
const BATCH_SPANS: i16 = 2;

/// Fields from the message down to a span: `PostSpansRequest.batch.spans` of Jaeger's api_v2, and
/// `ExportTraceServiceRequest.resource_spans.scope_spans.spans` of OpenTelemetry's OTLP.
const JAEGER: [u32; 2] = [1, 1];
const OPENTELEMETRY: [u32; 3] = [1, 2, 2];

/// Of a datagram to an agent.
pub(crate) fn thrift_compact_message(message: &[u8]) -> thrift::Result<u64> {
    let mut protocol = TCompactInputProtocol::new(message);
    protocol.read_message_begin()?;
    protocol.read_struct_begin()?;
    protocol.read_field_begin()?;
    batch(&mut protocol)
}

/// Of a body that is posted to a collector.
pub(crate) fn thrift_binary_batch(body: &[u8]) -> thrift::Result<u64> {
    batch(&mut TBinaryInputProtocol::new(body, true))
}

fn batch(protocol: &mut impl TInputProtocol) -> thrift::Result<u64> {
    protocol.read_struct_begin()?;
    loop {
        let field = protocol.read_field_begin()?;
        match (field.field_type, field.id) {
            (TType::Stop, _) => return Ok(0),
            (TType::List, Some(BATCH_SPANS)) => {
                return Ok(protocol
                    .read_list_begin()?
                    .size
                    .try_into()
                    .unwrap_or_default());
            }
            (other, _) => protocol.skip(other)?,
        }
        protocol.read_field_end()?;
    }
}

/// Of a message to Jaeger's collector over gRPC.
pub(crate) fn jaeger_request(message: &[u8]) -> Result<u64> {
    occurrences(message, &JAEGER)
}

/// Of a message to an OpenTelemetry collector over gRPC.
pub(crate) fn opentelemetry_request(message: &[u8]) -> Result<u64> {
    occurrences(message, &OPENTELEMETRY)
}

fn occurrences(mut message: &[u8], path: &[u32]) -> Result<u64> {
    let Some((wanted, below)) = path.split_first() else {
        return Ok(1);
    };
    let mut found = 0;
    while message.has_remaining() {
        let (field, wire_type) = decode_key(&mut message)?;
        if field == *wanted && wire_type == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut message)?).unwrap_or(usize::MAX);
            let (inner, rest) = message
                .split_at_checked(length)
                .ok_or("a field is cut off")?;
            found += occurrences(inner, below)?;
            message = rest;
        } else {
            skip_field(wire_type, field, &mut message, DecodeContext::default())?;
        }
    }
    Ok(found)
}
