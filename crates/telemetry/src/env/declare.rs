//! The declaration of variables.
//!
//! envy fills a struct of [`Text`]s by the names of its fields. A `Text` keeps the error of its
//! type, where a field of the type itself would end the reading at the first one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer};

use super::{Env, InvalidValue};

/// A struct of variables, as [`variables!`](super::variables!) declares it.
pub trait Variables: Sized {
    /// Reads each of them: the value of `env`, or else the default.
    fn read(env: &mut Env) -> Self;
}

/// Declares a struct of variables for [`Env::read`](crate::env::Env::read).
///
/// A field has the variable's name in small letters, and ends with `;`. Its default may use the
/// fields above it. `, if IS_VALID, else EXPECTED` after the default adds a condition: a closure
/// that takes a reference to the value, and may use the fields above as well.
#[doc(hidden)]
#[macro_export]
macro_rules! __variables {
    (
        $(#[$doc:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr
                $(, if $is_valid:expr, else $expected:expr)?;)+
        }
    ) => {
        $(#[$doc])*
        // A field may be there only for the defaults of others.
        #[allow(dead_code)]
        $vis struct $name {
            $($(#[$field_doc])* $vis $field: $type,)+
        }

        impl $crate::env::Variables for $name {
            fn read(env: &mut $crate::env::Env) -> Self {
                // Serde's attribute takes a text, in which `$crate` means nothing.
                use $crate::env::serde as __serde;
                #[derive(Default, __serde::Deserialize)]
                #[serde(crate = "__serde")]
                struct Texts {
                    $($field: Option<$crate::env::Text<$type>>,)+
                }

                let texts: Texts = env.texts();
                $(
                    let text = texts.$field $(.map(|text| text.valid_if($is_valid, $expected)))?;
                    let $field = env.value(stringify!($field), text, || $default);
                )+
                Self { $($field),+ }
            }
        }
    };
}

/// The text of a variable that is set, and the value or error that its type makes of it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Text<T> {
    pub(super) text: String,
    pub(super) value: Result<T, String>,
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value = text.parse().map_err(|error: T::Err| error.to_string());
        Ok(Self { text, value })
    }
}

impl<T> Text<T> {
    #[doc(hidden)]
    pub fn valid_if(self, is_valid: impl FnOnce(&T) -> bool, expected: &'static str) -> Self {
        let value = self.value.and_then(|value| {
            let invalid = || InvalidValue::expected(expected).to_string();
            is_valid(&value).then_some(value).ok_or_else(invalid)
        });
        Self { value, ..self }
    }
}
