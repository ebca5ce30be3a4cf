//! Settings from environment variables, each of which is declared once: with its name, type,
//! default and doc.
//!
//! [`Settings::from_env`](crate::Settings::from_env) reads the variables of this crate. A program
//! declares its own with [`variables!`] and reads both from one [`Env`], so that one error names
//! every invalid variable:
//!
//! ```
//! use axum_jaeger_telemetry::{
//!     Settings,
//!     env::{Env, Port, variables},
//! };
//!
//! variables! {
//!     /// Variables of the shop.
//!     struct Variables {
//!         /// Port to listen on.
//!         shop_port: Port = Port(8000);
//!         /// Port of the shop's back office.
//!         back_office_port: Port = Port(shop_port.0 + 1);
//!     }
//! }
//!
//! let set = [("SHOP_PORT", "9000"), ("MODE", "zipkin"), ("LOG_FORMAT", "xml")];
//! let mut env = Env::from_vars(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
//! let own: Variables = env.read();
//! let settings = Settings::read(&mut env);
//!
//! assert_eq!(own.back_office_port, Port(9001));
//! assert_eq!(
//!     env.finish().unwrap_err().to_string(),
//!     "MODE=\"zipkin\" is invalid: expected grpc, thrift-collector or thrift-agent\n\
//!      LOG_FORMAT=\"xml\" is invalid: expected text or json",
//! );
//! ```
//!
//! The type of a variable has [`FromStr`](std::str::FromStr) and [`Display`](fmt::Display), and the
//! error of the former names the texts that the type accepts; see [`InvalidValue`]. An empty
//! variable counts as not set (OpenTelemetry specification, "Environment Variable Specification",
//! "Parsing empty value"), and a name in small letters is another variable.

mod declare;
mod destination;
mod value;
mod variables;

use std::{collections::BTreeMap, ffi::OsString, fmt, mem, net::IpAddr};

#[doc(hidden)]
pub use serde;
use serde::de::DeserializeOwned;

use crate::redaction::without_credentials;

#[doc(inline)]
pub use crate::__variables as variables;
#[cfg(feature = "grpc")]
pub(crate) use destination::is_host_and_port;
#[cfg(feature = "thrift")]
pub(crate) use destination::is_http_url;

#[doc(hidden)]
pub use declare::Text;
pub use declare::Variables;
pub use value::{Flag, InvalidValue, Maybe, Port, Whole};

/// An invalid variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is invalid: {reason}")]
#[non_exhaustive]
pub struct InvalidVariable {
    /// The name.
    pub name: String,
    /// The value, without a password.
    pub value: String,
    /// The reason, with the expected values.
    pub reason: String,
}

/// Every invalid variable; shown as one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct EnvError(Vec<InvalidVariable>);

impl EnvError {
    /// The invalid variables, in the order in which they were read.
    pub fn variables(&self) -> &[InvalidVariable] {
        &self.0
    }
}

impl fmt::Display for EnvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// A set of environment variables, and what reading them has shown so far.
#[derive(Debug)]
pub struct Env {
    vars: BTreeMap<String, String>,
    in_force: Vec<(String, String)>,
    invalid: Vec<InvalidVariable>,
    ignored: Vec<InvalidVariable>,
}

impl Env {
    /// The variables of the process.
    pub fn from_process() -> Self {
        // `std::env::vars` panics on a name or value that is not UTF-8.
        let text = |s: OsString| s.to_string_lossy().into_owned();
        Self::from_vars(std::env::vars_os().map(|(name, value)| (text(name), text(value))))
    }

    /// These variables, by name and value. Of two with one name the first counts, as for `getenv`.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        // envy takes a name in small letters for the same variable.
        let counts = |(name, value): &(String, String)| {
            !value.is_empty() && !name.contains(|c: char| c.is_ascii_lowercase())
        };
        let mut by_name = BTreeMap::new();
        for (name, value) in vars.into_iter().filter(counts) {
            by_name.entry(name).or_insert(value);
        }
        Self {
            vars: by_name,
            in_force: Vec::new(),
            invalid: Vec::new(),
            ignored: Vec::new(),
        }
    }

    /// The same without the variables that `uses` refuses: those count as not set.
    #[must_use]
    pub fn only(mut self, uses: impl Fn(&str) -> bool) -> Self {
        self.vars.retain(|name, _| uses(name));
        self
    }

    /// Reads the variables of `V`. An invalid one gets its default, and is reported by
    /// [`Env::finish`].
    pub fn read<V: Variables>(&mut self) -> V {
        V::read(self)
    }

    /// Ends the reading. Returns the value in force of each variable, without passwords, in the
    /// order in which they were read.
    ///
    /// # Errors
    /// [`EnvError`] with every invalid variable, except for those of OpenTelemetry's
    /// specification: as it demands, they count as not set, and [`init`](crate::init) logs a
    /// warning for each.
    pub fn finish(self) -> Result<Vec<(String, String)>, EnvError> {
        if self.invalid.is_empty() {
            Ok(self.in_force)
        } else {
            Err(EnvError(self.invalid))
        }
    }

    /// The invalid variables of OpenTelemetry's specification.
    pub(crate) fn take_ignored(&mut self) -> Vec<InvalidVariable> {
        mem::take(&mut self.ignored)
    }

    #[doc(hidden)]
    pub fn texts<T: DeserializeOwned + Default>(&self) -> T {
        // Cannot fail: a name is there once, and every field is an optional `Text`, which keeps its
        // error.
        envy::from_iter(self.vars.clone()).unwrap_or_default()
    }

    #[doc(hidden)]
    pub fn value<T: fmt::Display>(
        &mut self,
        field: &str,
        text: Option<Text<T>>,
        default: impl FnOnce() -> T,
    ) -> T {
        let name = field.to_ascii_uppercase();
        let value = match text {
            None => default(),
            Some(Text {
                value: Ok(value), ..
            }) => value,
            Some(Text {
                value: Err(reason),
                text,
            }) => {
                self.invalid(&name, &text, reason);
                default()
            }
        };
        let shown = without_credentials(&value.to_string()).into_owned();
        self.in_force.push((name, shown));
        value
    }

    fn invalid(&mut self, name: &str, value: &str, mut reason: String) {
        if let Some(service) = name
            .strip_suffix("_PORT")
            .filter(|_| is_service_link(value))
        {
            let service = service.to_ascii_lowercase();
            reason += &format!(
                "; Kubernetes set this value for the Service {service}: set \
                 enableServiceLinks: false for the pod, or set {name}"
            );
        }
        let variable = InvalidVariable {
            name: name.to_owned(),
            value: without_credentials(value).into_owned(),
            reason,
        };
        if is_specified(name) {
            self.ignored.push(variable);
        } else {
            self.invalid.push(variable);
        }
    }
}

/// Returns whether OpenTelemetry's specification defines the variable, and so what follows from an
/// invalid value ("Environment Variable Specification", "Configuration types"; "Resource SDK").
/// It does not define those of instrumentations.
fn is_specified(name: &str) -> bool {
    name.starts_with("OTEL_") && !name.starts_with("OTEL_INSTRUMENTATION_")
}

/// Returns whether the value is a service link: Kubernetes sets such variables for each Service of
/// the namespace (`{SERVICE}_PORT=tcp://10.96.1.2:6831`).
fn is_service_link(value: &str) -> bool {
    let Some((protocol, address)) = value.split_once("://") else {
        return false;
    };
    let Some((host, port)) = address.rsplit_once(':') else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ["tcp", "udp", "sctp"].contains(&protocol)
        && host.parse::<IpAddr>().is_ok()
        && port.parse::<u16>().is_ok()
}

#[cfg(all(test, feature = "grpc", feature = "log", feature = "thrift"))]
mod tests;
