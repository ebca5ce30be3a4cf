//! From a variable's text to a value: what is in force, what is not allowed, and what is ignored.

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr, time::Duration};

use axum_jaeger_telemetry::redaction::without_credentials;

/// One variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}={value:?} is not usable: {reason}")]
pub(crate) struct BadVariable {
    /// The variable.
    pub name: &'static str,
    /// The value, without a password.
    pub value: String,
    /// The reason: the values that are allowed, or the origin of this one.
    pub reason: Cow<'static, str>,
}

/// Every variable that cannot be used; shown as one line each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) struct ConfigError(pub Vec<BadVariable>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

const A_PORT: &str = "a port from 0 to 65535";

/// OpenTelemetry wants every integer up to this one to be allowed (specification, "Integer").
pub(super) const MAX_INTEGER: u64 = i32::MAX as u64;

/// Collects the values in force and those that cannot be used.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) effective: Vec<(&'static str, String)>,
    /// These end the start.
    pub(super) bad: Vec<BadVariable>,
    /// These count as not set.
    pub(super) ignored: Vec<BadVariable>,
}

impl Reader {
    /// The value that `parse` makes of the text, or else `default`.
    fn value<T: fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> T {
        let value = match found {
            None => default,
            Some(text) => parse(&text).unwrap_or_else(|| {
                self.cannot_use(name, text, format!("allowed is {allowed}").into());
                default
            }),
        };
        let said = value.to_string();
        let said = without_credentials(&said).into_owned();
        self.effective.push((name, said));
        value
    }

    fn cannot_use(&mut self, name: &'static str, value: String, reason: Cow<'static, str>) {
        let variable = BadVariable {
            name,
            value: without_credentials(&value).into_owned(),
            reason,
        };
        if is_specified(name) {
            self.ignored.push(variable);
        } else {
            self.bad.push(variable);
        }
    }

    pub(super) fn parsed<T: FromStr + fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &str,
    ) -> T {
        self.value_if(name, found, default, allowed, |_| true)
    }

    pub(super) fn value_if<T: FromStr + fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &str,
        is_allowed: impl FnOnce(&T) -> bool,
    ) -> T {
        self.value(name, found, default, allowed, |text| {
            text.parse().ok().filter(is_allowed)
        })
    }

    /// As OpenTelemetry's specification has booleans and enums.
    pub(super) fn in_any_case<T: FromStr + fmt::Display>(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: T,
        allowed: &str,
    ) -> T {
        self.value(name, found, default, allowed, |text| {
            text.to_ascii_lowercase().parse().ok()
        })
    }

    pub(super) fn text(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: &str,
    ) -> String {
        self.text_if(name, found, default, "any text", |_| true)
    }

    pub(super) fn text_if(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: &str,
        allowed: &str,
        is_allowed: impl FnOnce(&str) -> bool,
    ) -> String {
        self.value_if(name, found, default.to_owned(), allowed, |text| {
            is_allowed(text)
        })
    }

    pub(super) fn port(&mut self, name: &'static str, found: Option<String>, default: u16) -> u16 {
        self.port_if(name, found, default, A_PORT, |_| true)
    }

    pub(super) fn port_if(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: u16,
        allowed: &str,
        is_allowed: impl FnOnce(&u16) -> bool,
    ) -> u16 {
        if let Some(value) = found.as_ref().filter(|value| is_service_link(value)) {
            let service = name.trim_end_matches("_PORT").to_ascii_lowercase();
            let reason = format!(
                "Kubernetes set it, for the Service {service} of this namespace; set \
                 enableServiceLinks: false for the pod, or {name} itself to {allowed}"
            );
            self.cannot_use(name, value.clone(), reason.into());
            return default;
        }
        self.value_if(name, found, default, allowed, is_allowed)
    }

    pub(super) fn milliseconds(
        &mut self,
        name: &'static str,
        found: Option<String>,
        default: Duration,
    ) -> Duration {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.value_if(
            name,
            found,
            default,
            "a number of milliseconds from 0 to 2147483647",
            |ms| (0..=MAX_INTEGER).contains(ms),
        ))
    }
}

/// Whether OpenTelemetry's specification says what becomes of a bad value: it is ignored with a
/// warning ("Environment Variable Specification", "Configuration types"; "Resource SDK"). It does
/// not have the variables of instrumentations.
fn is_specified(name: &str) -> bool {
    name.starts_with("OTEL_") && !name.starts_with("OTEL_INSTRUMENTATION_")
}

/// Whether the value is a service link: Kubernetes sets such variables for each Service of the
/// namespace (`{SERVICE}_PORT=tcp://10.96.1.2:6831`).
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
