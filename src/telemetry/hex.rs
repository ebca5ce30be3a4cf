//! Bytes as hexadecimal text.

/// Appends two digits for each byte. A quarter of what an id's own `Display` takes, and a request has
/// some of them: in its lines of the log, and in its answer.
pub(super) fn push<const N: usize>(text: &mut String, bytes: [u8; N]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.map(|byte| [byte >> 4, byte & 15].map(|half| DIGITS[usize::from(half)]));
    text.push_str(str::from_utf8(digits.as_flattened()).unwrap_or_default());
}
