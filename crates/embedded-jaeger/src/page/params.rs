//! The parameters of the page's scripts.

use crate::ids::TraceId;

/// Parses the parameter `trace`.
///
/// # Errors
/// A message that names the parameter, its value and the expected ones.
pub(super) fn trace(value: &str) -> Result<TraceId, String> {
    let expected = "a trace id of 1 to 32 hexadecimal digits";
    value.parse().map_err(|_| invalid("trace", value, expected))
}

/// The message for a value that cannot be used.
pub(crate) fn invalid(name: &str, value: &str, expected: &str) -> String {
    format!("{name}={value:?} is invalid: expected {expected}")
}
