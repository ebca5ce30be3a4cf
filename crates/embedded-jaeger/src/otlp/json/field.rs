//! Reading messages of protocol buffers in JSON, with a bound on memory.

use std::{
    borrow::Cow,
    fmt::{self, Display},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::receive::Budget;

/// A message that is read field by field.
pub(super) trait Message: Default {
    /// Reads the value of the field with this name, or skips it.
    fn field<'de, M: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: Field<'_, M>,
    ) -> Result<(), M::Error>;
}

/// The value of a field, which is still to be read.
pub(super) struct Field<'a, M> {
    fields: &'a mut M,
    budget: &'a mut Budget,
}

impl<'de, M: MapAccess<'de>> Field<'_, M> {
    pub(super) fn skip(self) -> Result<(), M::Error> {
        self.read::<IgnoredAny>().map(drop)
    }

    pub(super) fn read<T: Deserialize<'de>>(self) -> Result<T, M::Error> {
        self.fields.next_value()
    }

    pub(super) fn text(self) -> Result<Box<str>, M::Error> {
        let text: Option<_> = self.read()?;
        Ok(text.unwrap_or_default())
    }

    /// A number may be a text, since JavaScript knows no large ones.
    pub(super) fn number<T: Deserialize<'de> + FromStr<Err: Display>>(self) -> Result<T, M::Error> {
        match self.read()? {
            Number::Number(number) => Ok(number),
            Number::Text(text) => text.parse().map_err(Error::custom),
        }
    }

    pub(super) fn enumeration(self, names: &[&str]) -> Result<i32, M::Error> {
        match self.read()? {
            Number::Number(number) => Ok(number),
            Number::Text(text) => {
                let number = names.iter().position(|name| *name == text);
                let unknown =
                    || Error::custom(format!("{text:?} is not one of {}", names.join(", ")));
                number.map(|number| number as i32).ok_or_else(unknown)
            }
        }
    }

    /// Hexadecimal digits for each of its bytes, or none at all.
    pub(super) fn id<const N: usize>(self) -> Result<[u8; N], M::Error> {
        let text = self.text()?;
        if text.is_empty() {
            return Ok([0; N]);
        }
        let invalid = |_| {
            Error::custom(format!(
                "an id is {text:?}, and must have {} hexadecimal digits",
                2 * N
            ))
        };
        const_hex::decode_to_array(text.as_bytes()).map_err(invalid)
    }

    pub(super) fn bytes(self) -> Result<Box<[u8]>, M::Error> {
        let bytes = STANDARD.decode(self.text()?.as_bytes());
        bytes.map(Vec::into_boxed_slice).map_err(Error::custom)
    }

    pub(super) fn object<T: Message>(self, to: &mut T) -> Result<(), M::Error> {
        self.fields.next_value_seed(Object(to, self.budget))
    }

    pub(super) fn list<T: Message>(self, to: &mut Vec<T>) -> Result<(), M::Error> {
        self.fields.next_value_seed(List(to, self.budget))
    }

    pub(super) fn values<T: Message>(self) -> Result<Vec<T>, M::Error> {
        let mut values = Values::default();
        self.object(&mut values).map(|()| values.0)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "neither a number in its range nor a text")]
enum Number<T> {
    Number(T),
    Text(String),
}

/// Reads an object into a message.
pub(super) struct Object<'a, T>(pub(super) &'a mut T, pub(super) &'a mut Budget);

impl<'de, T: Message> DeserializeSeed<'de> for Object<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Message> Visitor<'de> for Object<'_, T> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut fields: M) -> Result<(), M::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        let Object(to, budget) = self;
        while let Some(Name(name)) = fields.next_key()? {
            let fields = &mut fields;
            to.field(&name, Field { fields, budget })?;
        }
        Ok(())
    }
}

/// Appends the objects of a list.
struct List<'a, T>(&'a mut Vec<T>, &'a mut Budget);

impl<'de, T: Message> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Message> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        let List(to, budget) = self;
        loop {
            let mut item = T::default();
            if items
                .next_element_seed(Object(&mut item, budget))?
                .is_none()
            {
                break;
            }
            budget.pay::<T>(1).map_err(Error::custom)?;
            to.push(item);
        }
        to.shrink_to_fit();
        Ok(())
    }
}

/// `ArrayValue` and `KeyValueList`.
struct Values<T>(Vec<T>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Message> Message for Values<T> {
    fn field<'de, M: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: Field<'_, M>,
    ) -> Result<(), M::Error> {
        match name {
            "values" => value.list(&mut self.0),
            _ => value.skip(),
        }
    }
}
