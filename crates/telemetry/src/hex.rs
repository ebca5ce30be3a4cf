//! Bytes as hexadecimal text.

/// Appends two digits for each byte. Takes a tenth of the time of an id's own `Display`; a request
/// writes several ids, in its log lines and its response.
pub(super) fn push<const N: usize>(text: &mut String, bytes: [u8; N]) {
    text.push_str(const_hex::Buffer::<N>::new().format(&bytes));
}
