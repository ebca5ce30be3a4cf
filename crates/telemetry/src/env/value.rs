//! Types of variables: each knows the texts that it accepts, and names them in its error.

use std::{borrow::Cow, fmt, str::FromStr};

use strum::VariantNames;

/// The largest integer that every implementation must accept (OpenTelemetry specification,
/// "Environment Variable Specification", "Integer").
pub(crate) const MAX_INTEGER: u64 = i32::MAX as u64;

/// The error of a text that is not a value of its type. It names the valid ones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct InvalidValue(Cow<'static, str>);

impl InvalidValue {
    /// The error that reads `expected {values}`.
    pub fn expected(values: impl Into<Cow<'static, str>>) -> Self {
        Self(values.into())
    }

    /// The error of a text that is not one of the names of `T`'s values.
    pub(crate) fn not_a_name_of<T: VariantNames>(_: &str) -> Self {
        match T::VARIANTS {
            [names @ .., last] if !names.is_empty() => {
                Self(format!("{} or {last}", names.join(", ")).into())
            }
            names => Self(names.concat().into()),
        }
    }
}

/// A TCP or UDP port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port(pub u16);

impl FromStr for Port {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let port = text.parse().map(Self);
        port.map_err(|_| InvalidValue::expected("a port from 0 to 65535"))
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A boolean, in upper or lower case as in OpenTelemetry's specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub bool);

impl FromStr for Flag {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let flag = text.to_ascii_lowercase().parse().map(Self);
        flag.map_err(|_| InvalidValue::expected("true or false"))
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> FromStr for Whole<MIN, MAX> {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let number = text.parse().ok();
        let number = number.filter(|number| (MIN..=MAX).contains(number));
        let invalid = || InvalidValue::expected(format!("a whole number from {MIN} to {MAX}"));
        number.map(Self).ok_or_else(invalid)
    }
}

impl<const MIN: u64, const MAX: u64> fmt::Display for Whole<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value that may be absent; the absent one is shown as an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maybe<T>(pub Option<T>);

impl<T: FromStr> FromStr for Maybe<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(|value| Self(Some(value)))
    }
}

impl<T: fmt::Display> fmt::Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => Ok(()),
        }
    }
}
