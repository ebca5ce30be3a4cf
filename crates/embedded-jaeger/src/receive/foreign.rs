//! What a sender is told that uses another format, or has the wrong port: each receiver's own, and
//! where the sender's is taken.

use crate::model::Receiver;

/// Characters of a text from outside that are said again.
const SHOWN: usize = 100;

/// What a receiver takes, for the end of a message about something else.
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

/// A path of HTTP that is not known.
pub(super) fn path(path: &str) -> String {
    let format = match path.trim_end_matches('/') {
        "/v1/traces" | "/v1/metrics" | "/v1/logs" => OTLP,
        "/api/v1/spans" | "/api/v2/spans" => ": Zipkin's spans are for a real Jaeger, on 9411",
        _ => "",
    };
    format!("no such path {}{format}", short(path))
}

/// A method of gRPC that is not known, in the words of grpc-go, which the real Jaeger answers with.
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

/// As much of a text as a line of the log has room for.
pub(super) fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
