//! Thrift's binary protocol (thrift `doc/specs/thrift-binary-protocol.md`): fixed widths,
//! big-endian.

use super::{
    super::cursor::{self, Budget, DecodeError},
    Field, Protocol, Type,
};

/// Reads the binary protocol.
pub(super) struct Binary<'a> {
    rest: &'a [u8],
    budget: Budget,
}

impl<'a> Binary<'a> {
    /// Reads from these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Binary {
            rest: bytes,
            budget: Budget::of(bytes),
        }
    }

    /// A count of elements of at least one byte each.
    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.i32()?).map_err(|_| DecodeError::Length)?;
        (count <= self.rest.len())
            .then_some(count)
            .ok_or(DecodeError::Length)
    }

    fn kind(&mut self) -> Result<Type, DecodeError> {
        kind(cursor::byte(&mut self.rest)?)
    }
}

fn kind(byte: u8) -> Result<Type, DecodeError> {
    match byte {
        2 => Ok(Type::Bool),
        3 => Ok(Type::I8),
        4 => Ok(Type::Double),
        6 => Ok(Type::I16),
        8 => Ok(Type::I32),
        10 => Ok(Type::I64),
        11 => Ok(Type::Binary),
        12 => Ok(Type::Struct),
        13 => Ok(Type::Map),
        14 | 15 => Ok(Type::List),
        unknown => Err(DecodeError::Type(unknown)),
    }
}

impl<'a> Protocol<'a> for Binary<'a> {
    fn message(&mut self) -> Result<(&'a [u8], u8), DecodeError> {
        const VERSION_1: u32 = 0x8001_0000;
        let first: [u8; 4] = cursor::array(&mut self.rest)?;
        let word = u32::from_be_bytes(first);
        let message = if word & 0x8000_0000 == 0 {
            // The old form without a version, which the agent takes, too: the name's length, the
            // name, the kind.
            let length = usize::try_from(word).map_err(|_| DecodeError::Length)?;
            let name = cursor::take(&mut self.rest, length)?;
            (name, cursor::byte(&mut self.rest)?)
        } else if word & 0xffff_0000 == VERSION_1 {
            (self.binary()?, first[3])
        } else {
            return Err(DecodeError::Version);
        };
        let _sequence = self.i32()?;
        Ok(message)
    }

    fn field(&mut self, _last: i16) -> Result<Option<Field>, DecodeError> {
        match cursor::byte(&mut self.rest)? {
            0 => Ok(None),
            byte => {
                let kind = kind(byte)?;
                let id = self.i16()?;
                Ok(Some(Field { id, kind }))
            }
        }
    }

    fn list(&mut self) -> Result<(Type, usize), DecodeError> {
        Ok((self.kind()?, self.count()?))
    }

    fn map(&mut self) -> Result<(Type, Type, usize), DecodeError> {
        Ok((self.kind()?, self.kind()?, self.count()?))
    }

    fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(cursor::byte(&mut self.rest)? == 1)
    }

    fn i8(&mut self) -> Result<i8, DecodeError> {
        cursor::byte(&mut self.rest).map(u8::cast_signed)
    }

    fn i16(&mut self) -> Result<i16, DecodeError> {
        cursor::array(&mut self.rest).map(i16::from_be_bytes)
    }

    fn i32(&mut self) -> Result<i32, DecodeError> {
        cursor::array(&mut self.rest).map(i32::from_be_bytes)
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        cursor::array(&mut self.rest).map(i64::from_be_bytes)
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        cursor::array(&mut self.rest).map(f64::from_be_bytes)
    }

    fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.count()?;
        cursor::take(&mut self.rest, length)
    }

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }
}
