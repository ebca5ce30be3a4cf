//! A datagram of Thrift's binary protocol.
#![no_main]

use axum_jaeger::jaeger::model::Receiver;
use axum_jaeger_fuzz::{check_protocols_agree, decoded};

libfuzzer_sys::fuzz_target!(|datagram: &[u8]| {
    decoded(Receiver::UdpBinary, datagram).map(check_protocols_agree);
});
