//! The ids of traces and spans, and their texts.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The id of a trace, 128 bits. It is written and parsed as hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TraceId(pub u128);

/// The id of a span, 64 bits, unique within its trace. It is written and parsed as hexadecimal
/// digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(pub u64);

/// A text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not an id: expected 1 to {max_digits} hexadecimal digits, not all of them 0")]
pub struct ParseIdError {
    text: String,
    max_digits: usize,
}

/// With its digits in hexadecimal.
impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

/// With its digits in hexadecimal.
impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

impl FromStr for TraceId {
    type Err = ParseIdError;

    /// Parses 1 to 32 hexadecimal digits. Zero is not an id.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        parse(text, 32).map(TraceId)
    }
}

impl FromStr for SpanId {
    type Err = ParseIdError;

    /// Parses 1 to 16 hexadecimal digits. Zero is not an id.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        parse(text, 16).map(|id| Self(id as u64))
    }
}

fn parse(text: &str, max_digits: usize) -> Result<u128, ParseIdError> {
    // `from_str_radix` would accept a sign, too.
    let digits = text.len() <= max_digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(id) if digits && id != 0 => Ok(id),
        _ => Err(ParseIdError {
            text: text.chars().take(64).collect(),
            max_digits,
        }),
    }
}

impl From<[u8; 16]> for TraceId {
    /// Takes the id from its bytes, the most significant first, as OpenTelemetry's `to_bytes`
    /// returns them.
    fn from(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }
}

impl From<[u8; 8]> for SpanId {
    /// Takes the id from its bytes, the most significant first, as OpenTelemetry's `to_bytes`
    /// returns them.
    fn from(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl fmt::Display for TraceId {
    /// Writes 16 hexadecimal digits if the upper half is zero, else 32: Jaeger's text form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >> 64 == 0 {
            write!(f, "{:016x}", self.0)
        } else {
            write!(f, "{:032x}", self.0)
        }
    }
}

impl fmt::Display for SpanId {
    /// Writes 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_it_writes() {
        for id in [1, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX] {
            assert_eq!(TraceId(id).to_string().parse(), Ok(TraceId(id)));
            assert_eq!(TraceId::from(id.to_be_bytes()), TraceId(id));
        }
        for id in [1, u64::MAX] {
            assert_eq!(SpanId(id).to_string().parse(), Ok(SpanId(id)));
            assert_eq!(SpanId::from(id.to_be_bytes()), SpanId(id));
        }
        assert_eq!(TraceId(0xa).to_string(), "000000000000000a");
        assert_eq!("A".parse(), Ok(TraceId(0xa)));
    }

    #[test]
    fn anything_else_is_not_an_id() {
        let long = "1".repeat(33);
        for text in [
            "", "0", "+1", "-1", "0x1", "g", " 1", "ä", "00000000", &long,
        ] {
            assert!(text.parse::<TraceId>().is_err(), "{text}");
            assert!(text.parse::<SpanId>().is_err(), "{text}");
        }
        assert!("11111111111111111".parse::<SpanId>().is_err());
        let error = "x".parse::<SpanId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""x" is not an id: expected 1 to 16 hexadecimal digits, not all of them 0"#
        );
    }
}
