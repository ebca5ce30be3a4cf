//! The attributes of spans, processes and events.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

use crate::go;

/// A key and its value. Sorted as Jaeger sorts them: by key, then by type, then by value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// The key; the same one may appear more than once.
    pub key: Box<str>,
    /// The value.
    pub value: Value,
}

impl Tag {
    /// A tag with a text as its value.
    pub fn text(key: &str, value: &str) -> Self {
        Self {
            key: key.into(),
            value: Value::String(value.into()),
        }
    }
}

/// The value of a tag, in one of the five types that Jaeger has.
///
/// [`Display`](fmt::Display) writes the text with which a search for a tag compares.
///
/// # Examples
/// ```
/// use embedded_jaeger::Value;
///
/// let value = Value::Int64(200);
/// assert_eq!(value, 200);
/// assert_eq!(value.as_i64(), Some(200));
/// assert_eq!(value.to_string(), "200");
/// assert_ne!(value, "200");
/// ```
#[derive(Debug, Clone)]
pub enum Value {
    /// A text.
    String(Box<str>),
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int64(i64),
    /// A floating-point number.
    Float64(f64),
    /// Bytes.
    Binary(Box<[u8]>),
}

impl Value {
    /// The text, unless the value is of another type.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, unless the value is of another type.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int64(value) => Some(*value),
            _ => None,
        }
    }

    /// The boolean, unless the value is of another type.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The floating-point number, unless the value is of another type.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float64(value) => Some(*value),
            _ => None,
        }
    }

    /// The number of the type in Jaeger's enum `ValueType`, by which values of one key are sorted.
    fn rank(&self) -> u8 {
        match self {
            Self::String(_) => 0,
            Self::Bool(_) => 1,
            Self::Int64(_) => 2,
            Self::Float64(_) => 3,
            Self::Binary(_) => 4,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&go::text_of(self))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.into())
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// Makes a value of a type, and compares values with that type.
macro_rules! scalar {
    ($type:ty, $variant:ident, $get:ident) => {
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }

        impl PartialEq<$type> for Value {
            fn eq(&self, other: &$type) -> bool {
                self.$get() == Some(*other)
            }
        }
    };
}

scalar!(bool, Bool, as_bool);
scalar!(i64, Int64, as_i64);
scalar!(f64, Float64, as_f64);

// By hand and not derived, because a float has no total order of its own.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int64(a), Self::Int64(b)) => a.cmp(b),
            (Self::Float64(a), Self::Float64(b)) => a.total_cmp(b),
            (Self::Binary(a), Self::Binary(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::String(value) => value.hash(state),
            Self::Bool(value) => value.hash(state),
            Self::Int64(value) => value.hash(state),
            Self::Float64(value) => value.to_bits().hash(state),
            Self::Binary(value) => value.hash(state),
        }
    }
}
