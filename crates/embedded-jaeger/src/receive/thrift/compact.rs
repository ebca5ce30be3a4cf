//! Thrift's compact protocol (thrift `doc/specs/thrift-compact-protocol.md`): varints, and a
//! field's type and the step to its id in one byte.

use super::{
    super::cursor::{self, Budget, DecodeError},
    Field, Protocol, Type,
};

/// Reads the compact protocol.
pub(super) struct Compact<'a> {
    rest: &'a [u8],
    budget: Budget,
    /// The value of a boolean field is in the field's header.
    bool_of_header: Option<bool>,
}

impl<'a> Compact<'a> {
    /// Reads from these bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Compact {
            rest: bytes,
            budget: Budget::of(bytes),
            bool_of_header: None,
        }
    }

    /// Zigzag: 0, -1, 1, -2, ... are 0, 1, 2, 3, ... on the wire.
    fn zigzag(&mut self) -> Result<i64, DecodeError> {
        let value = cursor::varint(&mut self.rest)?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A count of elements of at least one byte each.
    fn count(&mut self) -> Result<usize, DecodeError> {
        let count = cursor::varint(&mut self.rest)?;
        let count = usize::try_from(count).map_err(|_| DecodeError::Length)?;
        (count <= self.rest.len())
            .then_some(count)
            .ok_or(DecodeError::Length)
    }
}

/// Both 1 and 2 are boolean: in a field's header they are the value, in a list's header either is
/// the type.
fn kind(nibble: u8) -> Result<Type, DecodeError> {
    match nibble {
        1 | 2 => Ok(Type::Bool),
        3 => Ok(Type::I8),
        4 => Ok(Type::I16),
        5 => Ok(Type::I32),
        6 => Ok(Type::I64),
        7 => Ok(Type::Double),
        8 => Ok(Type::Binary),
        9 | 10 => Ok(Type::List),
        11 => Ok(Type::Map),
        12 => Ok(Type::Struct),
        unknown => Err(DecodeError::Type(unknown)),
    }
}

impl<'a> Protocol<'a> for Compact<'a> {
    fn message(&mut self) -> Result<(&'a [u8], u8), DecodeError> {
        const PROTOCOL: u8 = 0x82;
        const VERSION: u8 = 1;
        let [protocol, kind_version] = cursor::array(&mut self.rest)?;
        if protocol != PROTOCOL || kind_version & 0x1f != VERSION {
            return Err(DecodeError::Version);
        }
        let _sequence = cursor::varint(&mut self.rest)?;
        Ok((self.binary()?, kind_version >> 5))
    }

    fn field(&mut self, last: i16) -> Result<Option<Field>, DecodeError> {
        let header = cursor::byte(&mut self.rest)?;
        let (step, nibble) = (header >> 4, header & 0x0f);
        if nibble == 0 {
            return Ok(None);
        }
        let id = match step {
            0 => self.i16()?,
            _ => last.wrapping_add(i16::from(step)),
        };
        let kind = kind(nibble)?;
        self.bool_of_header = (kind == Type::Bool).then_some(nibble == 1);
        Ok(Some(Field { id, kind }))
    }

    fn list(&mut self) -> Result<(Type, usize), DecodeError> {
        let header = cursor::byte(&mut self.rest)?;
        let count = match usize::from(header >> 4) {
            15 => self.count()?,
            short if short <= self.rest.len() => short,
            _ => return Err(DecodeError::Length),
        };
        Ok((kind(header & 0x0f)?, count))
    }

    fn map(&mut self) -> Result<(Type, Type, usize), DecodeError> {
        let count = self.count()?;
        if count == 0 {
            // An empty map has no types; any will do.
            return Ok((Type::I8, Type::I8, 0));
        }
        let kinds = cursor::byte(&mut self.rest)?;
        Ok((kind(kinds >> 4)?, kind(kinds & 0x0f)?, count))
    }

    fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.bool_of_header.take() {
            Some(value) => Ok(value),
            None => Ok(cursor::byte(&mut self.rest)? == 1),
        }
    }

    fn i8(&mut self) -> Result<i8, DecodeError> {
        cursor::byte(&mut self.rest).map(u8::cast_signed)
    }

    fn i16(&mut self) -> Result<i16, DecodeError> {
        i16::try_from(self.zigzag()?).map_err(|_| DecodeError::Varint)
    }

    fn i32(&mut self) -> Result<i32, DecodeError> {
        i32::try_from(self.zigzag()?).map_err(|_| DecodeError::Varint)
    }

    fn i64(&mut self) -> Result<i64, DecodeError> {
        self.zigzag()
    }

    fn double(&mut self) -> Result<f64, DecodeError> {
        cursor::array(&mut self.rest).map(f64::from_le_bytes)
    }

    fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.count()?;
        cursor::take(&mut self.rest, length)
    }

    fn budget(&mut self) -> &mut Budget {
        &mut self.budget
    }
}
