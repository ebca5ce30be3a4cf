//! The replacements of Jaeger's collector for what a client left out.

use crate::model::Value;

/// The service's name, or Jaeger's replacement for an empty one.
pub(super) fn service(name: Box<str>) -> Box<str> {
    if name.is_empty() {
        "empty-service-name".into()
    } else {
        name
    }
}

/// The name of the service of a span that has no process at all.
pub(super) const NO_PROCESS: &str = "null-process-and-service-name";

/// The value of a tag of a type that is not defined.
pub(super) fn unknown_type(number: i32) -> Value {
    Value::String(format!("Unknown VType: {number}").into())
}
