//! Reads untrusted bytes: never past the end, and never into much more memory than arrived on the
//! wire.

use thiserror::Error;

/// The error for which a whole message is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// The bytes are at their end within a value.
    #[error("the message ends within a value")]
    Truncated,
    /// More than ten bytes, or more than 64 bits.
    #[error("a number is longer than 64 bits")]
    Varint,
    /// A length or a count that the rest of the message cannot hold.
    #[error("a length is negative or larger than the message")]
    Length,
    /// Nested deeper than any message of Jaeger's is.
    #[error("the message is nested too deeply")]
    Nesting,
    /// The values would take far more memory than their bytes on the wire.
    #[error("the message has too many empty values")]
    Budget,
    /// A type that the protocol does not define.
    #[error("unknown type {0}")]
    Type(u8),
    /// Neither protocol nor version are what is spoken here.
    #[error("not a message of this protocol and version")]
    Version,
    /// A message, but not the one that carries spans.
    #[error("not an emitBatch message")]
    Method,
    /// A field that the definition calls required.
    #[error("required field {0} is not set")]
    Missing(&'static str),
    /// An id or a time that is not one.
    #[error("{0} is not valid")]
    Invalid(&'static str),
}

/// The next `count` bytes.
pub(super) fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], DecodeError> {
    rest.split_off(..count).ok_or(DecodeError::Truncated)
}

/// The next `N` bytes.
pub(super) fn array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (array, after) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(*array)
}

/// The next byte.
pub(super) fn byte(rest: &mut &[u8]) -> Result<u8, DecodeError> {
    array::<1>(rest).map(|[byte]| byte)
}

/// The next number in LEB128: seven bits a byte, the lowest first, the eighth bit says that another
/// byte follows. Thrift compact and protocol buffers share it.
pub(super) fn varint(rest: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte(rest)?;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for one bit.
        if shift == 63 && bits > 1 {
            return Err(DecodeError::Varint);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(DecodeError::Varint)
}

/// The text as it is stored. Invalid UTF-8 becomes U+FFFD, since Jaeger accepts any bytes, too.
pub(super) fn text(bytes: &[u8]) -> Box<str> {
    String::from_utf8_lossy(bytes).into()
}

/// The memory that the values of one message may take beside their texts: eight times its bytes,
/// and some. Real spans take less than two times; a list of four million empty tags of one byte
/// each would take far more.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    /// The budget of a message with this length.
    pub(crate) fn of(message: &[u8]) -> Self {
        Self(message.len().saturating_mul(8).saturating_add(64 * 1024))
    }

    /// Pays for `count` values of a type; to be called before memory is taken for them.
    pub(crate) fn pay<T>(&mut self, count: usize) -> Result<(), DecodeError> {
        let price = count.saturating_mul(size_of::<T>());
        self.0 = self.0.checked_sub(price).ok_or(DecodeError::Budget)?;
        Ok(())
    }
}
