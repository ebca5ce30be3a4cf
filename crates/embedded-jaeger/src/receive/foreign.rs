//! Messages for senders that use another format or the wrong port: they name what the receiver
//! accepts, and the place for what was sent.

use crate::model::Receiver;

/// The characters of a sender's text that a message repeats.
const SHOWN: usize = 100;

/// The input that a receiver accepts, for the end of a message.
pub(super) fn taken(receiver: Receiver) -> &'static str {
    match receiver {
        Receiver::UdpCompact => "this port takes emitBatch in Thrift's compact protocol",
        Receiver::UdpBinary => "this port takes emitBatch in Thrift's binary protocol",
        Receiver::Http => {
            "this port takes POST /api/traces with a Batch in Thrift's binary protocol, as application/x-thrift"
        }
        Receiver::Grpc => "this port takes jaeger.api_v2.CollectorService/PostSpans",
    }
}

/// The message for an unknown HTTP path.
pub(super) fn path(path: &str) -> String {
    let format = match path.trim_end_matches('/') {
        "/v1/traces" | "/v1/metrics" | "/v1/logs" => OTLP,
        "/api/v1/spans" | "/api/v2/spans" => ": Zipkin's spans are for a real Jaeger, on 9411",
        _ => "",
    };
    format!("no such path {}{format}", short(path))
}

/// The message for an unknown gRPC method, in the words of grpc-go, which the real Jaeger uses.
pub(super) fn method(path: &str, known_services: &[&str]) -> String {
    let name = path.strip_prefix('/').unwrap_or(path);
    let Some((service, method)) = name.rsplit_once('/') else {
        return format!("malformed method name: {:?}", short(path));
    };
    if known_services.contains(&service) {
        return format!("unknown method {} for service {service}", short(method));
    }
    let format = match service.starts_with("opentelemetry.proto.collector.") {
        true => OTLP,
        false => "",
    };
    format!("unknown service {}{format}", short(service))
}

const OTLP: &str = ": OTLP is for a real Jaeger, on 4317 (gRPC) and 4318 (HTTP)";

/// The text, shortened for the log.
pub(super) fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
