//! Bytes as hexadecimal text.

/// Appends two digits for each byte. A tenth of what an id's own `Display` takes, and a request has
/// some of them: in its lines of the log, and in its answer.
pub(super) fn push<const N: usize>(text: &mut String, bytes: [u8; N]) {
    text.push_str(const_hex::Buffer::<N>::new().format(&bytes));
}
