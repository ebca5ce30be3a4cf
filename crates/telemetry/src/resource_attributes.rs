//! Attributes of the resource, which is the service that makes the spans.

use std::{fmt, str::FromStr};

use opentelemetry::{KeyValue, Value};
use percent_encoding::percent_decode_str;

use crate::env::InvalidValue;

/// Attributes as `OTEL_RESOURCE_ATTRIBUTES` has them: `key=value,key=value`, percent-encoded
/// (OpenTelemetry specification, "Resource SDK").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceAttributes(pub Vec<KeyValue>);

impl ResourceAttributes {
    /// `service.name`, where it is among them and not empty; of several the last, as with any key.
    pub fn service_name(&self) -> Option<&str> {
        let mut attributes = self.0.iter();
        let name = attributes.rfind(|attribute| attribute.key.as_str() == "service.name")?;
        match &name.value {
            Value::String(name) => Some(name.as_str()).filter(|name| !name.is_empty()),
            _ => None,
        }
    }
}

fn invalid() -> InvalidValue {
    InvalidValue::expected("key=value,key=value with everything else percent-encoded")
}

/// `text` with `%2C` and the like decoded; an error where a `%` begins no such thing.
fn percent_decoded(text: &str) -> Result<String, InvalidValue> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let mut escapes = text.split('%').skip(1).map(str::as_bytes);
    if !escapes.all(|escape| is_digit(escape.first()) && is_digit(escape.get(1))) {
        return Err(invalid());
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(String::from).map_err(|_| invalid())
}

impl FromStr for ResourceAttributes {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        text.split(',')
            .map(|pair| {
                let (key, value) = pair.split_once('=').ok_or_else(invalid)?;
                let key = percent_decoded(key.trim())?;
                if key.is_empty() {
                    return Err(invalid());
                }
                Ok(KeyValue::new(key, percent_decoded(value.trim())?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for ResourceAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self
            .0
            .iter()
            .map(|attribute| format!("{}={}", attribute.key, attribute.value))
            .collect();
        f.write_str(&pairs.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_attributes_are_percent_decoded() {
        let attributes: ResourceAttributes = "deployment.environment.name=test, team=a%2Cb"
            .parse()
            .unwrap();
        assert_eq!(
            attributes.to_string(),
            "deployment.environment.name=test,team=a,b"
        );
        for bad in [
            "a", "=a", "a=%ff", "a=b,", ",a=b", "a=50%", "a=%2", "a=%é", "%zz=b",
        ] {
            assert_eq!(bad.parse::<ResourceAttributes>(), Err(invalid()), "{bad}");
        }
    }
}
