//! A datagram of Thrift's compact protocol.
#![no_main]

use embedded_jaeger::model::Receiver;
use embedded_jaeger_fuzz::{check_protocols_agree, decoded};

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| {
    if let Some(spans) = decoded(Receiver::UdpCompact, datagram) {
        check_protocols_agree(spans);
    }
});
