use super::*;

/// Written by hand from the specifications of the protocols.
#[test]
fn the_envelope_is_that_of_the_definition() {
    let resource = Resource::builder_empty().with_service_name("a").build();
    let compact = Envelope {
        prefix: [
            b"\x82\x81\x01\x09emitBatch".as_slice(), // compact, oneway and version 1, sequence 1
            b"\x1c",                                 // field 1: struct Batch
            b"\x1c",                                 // field 1: struct Process
            b"\x18\x01a",                            // field 1: string serviceName
            b"\x19\x1c",                             // field 2: list of one struct Tag
            b"\x18\x0cservice.name\x15\0\x18\x01a\0", // key, type STRING, value, end
            b"\0",                                   // end of the process
            b"\x19",                                 // field 2: list of spans
        ]
        .concat(),
        suffix: b"\0\0".to_vec(), // end of the batch and of the arguments
    };
    assert_eq!(envelope(&resource, Protocol::Compact), compact);
    let binary = Envelope {
        prefix: [
            b"\x0c\0\x01".as_slice(),    // field 1: struct Process
            b"\x0b\0\x01\0\0\0\x01a",    // field 1: string serviceName
            b"\x0f\0\x02\x0c\0\0\0\x01", // field 2: list of one struct Tag
            b"\x0b\0\x01\0\0\0\x0cservice.name",
            b"\x08\0\x02\0\0\0\0", // type STRING
            b"\x0b\0\x03\0\0\0\x01a\0",
            b"\0",         // end of the process
            b"\x0f\0\x02", // field 2: list of spans
        ]
        .concat(),
        suffix: b"\0".to_vec(), // end of the batch
    };
    assert_eq!(envelope(&resource, Protocol::Binary), binary);
}
