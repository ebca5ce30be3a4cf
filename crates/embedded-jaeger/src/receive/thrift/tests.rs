//! The wire written out by hand, and the wire written by an encoder that knows nothing of the
//! decoder.

use proptest::prelude::*;

use super::*;
use crate::model::{self, Log, Process, RefKind, SpanId, SpanRef, Tag, TraceId, Value};

#[path = "../../../tests/embedded_jaeger/support/thrift.rs"]
mod encode;

/// A span of a process, from the protocol's definition.
const COMPACT: &[u8] = &[
    0x82, // protocol id
    0x81, // oneway (4) << 5 | version 1
    0x05, // sequence
    0x09, b'e', b'm', b'i', b't', b'B', b'a', b't', b'c', b'h',
    0x1c, // arguments: field 1, struct: Batch
    0x1c, //   field 1, struct: Process
    0x18, 0x01, b's', // serviceName
    0x00, //   end of Process
    0x19, //   field 2, list: spans
    0x1c, //     1 element of type struct
    0x16, 0x02, // traceIdLow: zigzag of 1
    0x16, 0x01, // traceIdHigh: zigzag of -1
    0x16, 0x04, // spanId: 2
    0x16, 0x06, // parentSpanId: 3
    0x18, 0x02, b'o', b'p', // operationName
    // references (6) is left out, so the step is 2
    0x25, 0x02, // flags: 1
    0x16, 0x90, 0x03, // startTime: zigzag of 200 is 400 = 0x190
    0x16, 0x0a, // duration: 5
    0x19, 0x2c, // tags: list of 2 structs
    0x18, 0x01, b'b', 0x15, 0x04, 0x31,
    0x00, // key b, vType BOOL (2), step 3 to vBool: true is in the header
    0x18, 0x01, b'd', 0x15, 0x02, // key d, vType DOUBLE (1)
    0x27, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8,
    0x3f, // step 2 to vDouble: 1.5, little-endian
    0x00, //
    0x00, //     end of Span
    0x00, //   end of Batch
    0x00, // end of arguments
];

/// The same in the binary protocol, but with a bare Batch.
const BINARY: &[u8] = &[
    12, 0, 1, // field 1, struct: Process
    11, 0, 1, 0, 0, 0, 1, b's', // serviceName
    0,    // end of Process
    15, 0, 2, 12, 0, 0, 0, 1, // field 2, list of 1 struct: spans
    10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, // traceIdLow
    10, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255, // traceIdHigh: -1
    10, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, // spanId
    10, 0, 4, 0, 0, 0, 0, 0, 0, 0, 3, // parentSpanId
    11, 0, 5, 0, 0, 0, 2, b'o', b'p', // operationName
    8, 0, 7, 0, 0, 0, 1, // flags
    10, 0, 8, 0, 0, 0, 0, 0, 0, 0, 200, // startTime
    10, 0, 9, 0, 0, 0, 0, 0, 0, 0, 5, // duration
    15, 0, 10, 12, 0, 0, 0, 2, // tags: list of 2 structs
    11, 0, 1, 0, 0, 0, 1, b'b', 8, 0, 2, 0, 0, 0, 2, 2, 0, 5, 1, 0, // b: BOOL, vBool true
    11, 0, 1, 0, 0, 0, 1, b'd', 8, 0, 2, 0, 0, 0, 1, // d: DOUBLE
    4, 0, 4, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, // vDouble 1.5, big-endian
    0, //
    0, // end of Span
    0, // end of Batch
];

fn golden(receiver: Receiver) -> Span {
    let trace_id = TraceId(u128::from(u64::MAX) << 64 | 1);
    Span {
        trace_id,
        span_id: SpanId(2),
        operation: "op".into(),
        references: vec![SpanRef {
            kind: RefKind::ChildOf,
            trace_id,
            span_id: SpanId(3),
        }],
        flags: 1,
        start_ns: 200_000,
        duration_ns: 5_000,
        tags: vec![
            Tag {
                key: "b".into(),
                value: Value::Bool(true),
            },
            Tag {
                key: "d".into(),
                value: Value::Float64(1.5),
            },
        ],
        logs: vec![],
        process: Process {
            service: "s".into(),
            tags: vec![],
        }
        .into(),
        warnings: vec![],
        receiver,
    }
}

#[test]
fn the_golden_bytes_are_read() {
    assert_eq!(
        compact_message(COMPACT),
        Ok(vec![golden(Receiver::UdpCompact)])
    );
    assert_eq!(binary_batch(BINARY), Ok(vec![golden(Receiver::Http)]));
    let arguments = [&[12, 0, 1], BINARY, &[0]].concat();
    let versioned = [
        &[0x80, 1, 0, 4, 0, 0, 0, 9][..],
        b"emitBatch",
        &[0; 4],
        &arguments,
    ]
    .concat();
    assert_eq!(
        binary_message(&versioned),
        Ok(vec![golden(Receiver::UdpBinary)])
    );
    let old = [&[0, 0, 0, 9][..], b"emitBatch", &[4], &[0; 4], &arguments].concat();
    assert_eq!(binary_message(&old), Ok(vec![golden(Receiver::UdpBinary)]));
}

#[test]
fn every_shorter_message_is_an_error() {
    for length in 0..COMPACT.len() {
        assert!(compact_message(&COMPACT[..length]).is_err(), "{length}");
    }
    for length in 0..BINARY.len() {
        assert!(binary_batch(&BINARY[..length]).is_err(), "{length}");
    }
}

/// Puts bytes in front of the golden Batch's first field.
fn with_field(field: &[u8]) -> Result<Vec<Span>, DecodeError> {
    binary_batch(&[field, BINARY].concat())
}

#[test]
fn unknown_fields_of_every_type_are_skipped() {
    for field in [
        &[2, 0, 99, 1][..],                                // bool
        &[3, 0, 99, 1],                                    // i8
        &[6, 0, 99, 0, 1],                                 // i16
        &[8, 0, 99, 0, 0, 0, 1],                           // i32
        &[10, 0, 99, 0, 0, 0, 0, 0, 0, 0, 1],              // i64
        &[4, 0, 99, 0, 0, 0, 0, 0, 0, 0, 1],               // double
        &[11, 0, 99, 0, 0, 0, 2, 1, 2],                    // binary
        &[12, 0, 99, 2, 0, 1, 1, 0],                       // struct
        &[13, 0, 99, 3, 11, 0, 0, 0, 1, 7, 0, 0, 0, 1, 8], // map of i8 to binary
        &[14, 0, 99, 3, 0, 0, 0, 2, 1, 2],                 // set of i8
        &[15, 0, 99, 15, 0, 0, 0, 1, 3, 0, 0, 0, 1, 9],    // list of lists of i8
        &[8, 0, 1, 0, 0, 0, 1],                            // a known id, another type
    ] {
        assert_eq!(
            with_field(field),
            Ok(vec![golden(Receiver::Http)]),
            "{field:?}"
        );
    }
    // In the compact protocol: a field 20 (its id does not fit the step), a map of bool to i16, in
    // the span.
    let at = COMPACT.iter().position(|byte| *byte == 0x16).unwrap();
    let field = [0x0b, 40, 1, 0x14, 1, 2, 0x06, 2, 2]; // ..., then traceIdLow with its whole id
    let bytes = [&COMPACT[..at], &field, &COMPACT[at + 2..]].concat();
    assert_eq!(
        compact_message(&bytes),
        Ok(vec![golden(Receiver::UdpCompact)])
    );
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(with_field(&[1, 0, 99]), Err(DecodeError::Type(1)));
    assert_eq!(
        with_field(&[11, 0, 99, 255, 255, 255, 255]),
        Err(DecodeError::Length)
    );
    assert_eq!(
        with_field(&[15, 0, 99, 3, 127, 255, 255, 255]),
        Err(DecodeError::Length)
    );
    assert_eq!(
        with_field(&[12, 0, 99].repeat(100)),
        Err(DecodeError::Nesting)
    );
    assert_eq!(compact_message(b"hello"), Err(DecodeError::Version));
    let mut reply = COMPACT.to_vec();
    reply[1] = 2 << 5 | 1;
    assert_eq!(compact_message(&reply), Err(DecodeError::Method));
    let mut other = COMPACT.to_vec();
    other[4] = b'x';
    assert_eq!(compact_message(&other), Err(DecodeError::Method));
    // The field's id is changed to an unknown one.
    for (offset, id, name) in [
        (0, 1, "Batch.process"),
        (12, 2, "Batch.spans"),
        (20, 1, "Span.traceIdLow"),
        (42, 3, "Span.spanId"),
    ] {
        let mut bytes = BINARY.to_vec();
        assert_eq!(bytes[offset + 2], id);
        bytes[offset + 2] = 99;
        assert_eq!(binary_batch(&bytes), Err(DecodeError::Missing(name)));
    }
}

#[test]
fn memory_is_taken_only_as_the_message_is_long() {
    // 4 MiB of nothing, said to be as many spans.
    let header = [
        12, 0, 1, 11, 0, 1, 0, 0, 0, 1, b's', 0, 15, 0, 2, 12, 0, 0x3f, 0xff, 0xff,
    ];
    let bytes = [&header[..], &vec![0; 4 << 20]].concat();
    assert_eq!(binary_batch(&bytes), Err(DecodeError::Budget));
}

fn text() -> impl Strategy<Value = Box<str>> {
    "\\PC{0,12}".prop_map(Into::into)
}

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    let value = prop_oneof![
        text().prop_map(Value::String),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int64),
        any::<f64>().prop_map(Value::Float64),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    // More than 14, so that the compact protocol's long list is there, too.
    proptest::collection::vec(
        (text(), value).prop_map(|(key, value)| Tag { key, value }),
        0..20,
    )
}

fn references() -> impl Strategy<Value = Vec<SpanRef>> {
    let kind = prop_oneof![Just(RefKind::ChildOf), Just(RefKind::FollowsFrom)];
    let reference = (kind, any::<u128>(), any::<u64>());
    let reference = reference.prop_map(|(kind, trace, span)| SpanRef {
        kind,
        trace_id: TraceId(trace),
        span_id: SpanId(span),
    });
    proptest::collection::vec(reference, 0..3)
}

/// Microseconds as nanoseconds.
fn time() -> impl Strategy<Value = i64> {
    (0..i64::MAX / 1_000).prop_map(|time| time * 1_000)
}

fn span() -> impl Strategy<Value = Span> {
    let log = (time(), tags()).prop_map(|(timestamp_ns, fields)| Log {
        timestamp_ns,
        fields,
    });
    let ids = (any::<u128>(), any::<u64>(), any::<u32>());
    let parts = (
        ids,
        text(),
        references(),
        time(),
        time(),
        tags(),
        proptest::collection::vec(log, 0..3),
    );
    parts.prop_map(
        |((trace, span, flags), operation, references, start_ns, duration_ns, tags, logs)| Span {
            trace_id: TraceId(trace),
            span_id: SpanId(span),
            flags,
            operation,
            references,
            start_ns,
            duration_ns,
            tags,
            logs,
            process: Process {
                service: "".into(),
                tags: vec![],
            }
            .into(),
            warnings: vec![],
            receiver: Receiver::Http,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn what_is_encoded_is_decoded(
        service in "\\PC{1,12}",
        tags in tags(),
        mut spans in proptest::collection::vec(span(), 0..4),
    ) {
        let process = std::sync::Arc::new(Process { service: service.into(), tags });
        for (receiver, decoded) in [
            (Receiver::UdpCompact, compact_message(&encode::compact_message(&process, &spans))),
            (Receiver::UdpBinary, binary_message(&encode::binary_message(&process, &spans))),
            (Receiver::Http, binary_batch(&encode::binary_batch(&process, &spans))),
        ] {
            for span in &mut spans {
                span.receiver = receiver;
                span.process = std::sync::Arc::clone(&process);
            }
            prop_assert_eq!(decoded.as_ref(), Ok(&spans));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = compact_message(&bytes);
        let _ = binary_message(&bytes);
        let _ = binary_batch(&bytes);
    }

    #[test]
    fn a_changed_message_is_read_without_a_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut compact = COMPACT.to_vec();
        compact[at.index(COMPACT.len())] = byte;
        let _ = compact_message(&compact);
        let mut binary = BINARY.to_vec();
        binary[at.index(BINARY.len())] = byte;
        let _ = binary_batch(&binary);
    }
}
