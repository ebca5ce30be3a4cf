//! Texts as Go's standard library reads and writes them (`strconv`, `time`, `encoding/json`):
//! Jaeger uses it for parameters, messages and values, and a test compares these with the real
//! Jaeger's. Crates that parse durations have other messages.

pub(super) mod json;

use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use crate::model::{TraceId, Value};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// `strconv.ParseInt(text, 10, 64)` with its messages.
pub(crate) fn parse_int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|error: std::num::ParseIntError| {
        use std::num::IntErrorKind::{NegOverflow, PosOverflow};
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.ParseInt: parsing {text:?}: {why}")
    })
}

/// `model.TraceIDFromString`: up to 32 hex digits.
pub(crate) fn parse_trace_id(text: &str) -> Result<TraceId, String> {
    if text.len() > 32 {
        return Err(format!(
            "TraceID cannot be longer than 32 hex characters: {text}"
        ));
    }
    // Each half is read by itself, and it is the bad one that the message names.
    let (high, low) = match text.len().checked_sub(16).filter(|split| *split > 0) {
        Some(split) if text.is_char_boundary(split) => text.split_at(split),
        _ => ("0", text),
    };
    let half = |half: &str| match u64::from_str_radix(half, 16) {
        Ok(bits) if !half.starts_with('+') => Ok(u128::from(bits)),
        _ => Err(format!(
            "strconv.ParseUint: parsing {half:?}: invalid syntax"
        )),
    };
    Ok(TraceId(half(high)? << 64 | half(low)?))
}

/// `url.QueryUnescape`: a plus sign is a space.
pub(crate) fn query_unescape(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// `time.ParseDuration`: numbers with units, as `1.5s` or `2m30s`; nanoseconds.
pub(crate) fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_i64;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| c != '.' && !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        rest = after;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(invalid());
        }
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => MICROSECOND,
            "ms" => MILLISECOND,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3_600 * SECOND,
            "" => return Err(format!("time: missing unit in duration {text:?}")),
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().map_err(|_| invalid())?
        };
        let fraction: f64 = format!("0.{fraction}0").parse().map_err(|_| invalid())?;
        total = whole
            .checked_mul(unit as i64)
            .and_then(|part| part.checked_add((fraction * unit as f64) as i64))
            .and_then(|part| total.checked_add(part))
            .ok_or_else(invalid)?;
    }
    Ok(if negative { -total } else { total })
}

/// `time.Duration.String`: `1.5s`, `2m0.25s`, `300µs`.
pub(crate) fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let total = nanoseconds.unsigned_abs();
    let small = |unit: u64, name: &str| format!("{sign}{}{name}", decimal(total, unit));
    match total {
        0 => "0s".into(),
        1..MICROSECOND => small(1, "ns"),
        MICROSECOND..MILLISECOND => small(MICROSECOND, "µs"),
        MILLISECOND..SECOND => small(MILLISECOND, "ms"),
        _ => {
            let (minutes, seconds) = (total / (60 * SECOND), total % (60 * SECOND));
            let mut text = sign.to_owned();
            if minutes >= 60 {
                let _ = write!(text, "{}h", minutes / 60);
            }
            if minutes > 0 {
                let _ = write!(text, "{}m", minutes % 60);
            }
            text + &decimal(seconds, SECOND) + "s"
        }
    }
}

/// `value / unit` without trailing zeros.
fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `KeyValue.AsString`: the text with which a search for a tag compares.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Int64(value) => value.to_string(),
        Value::Float64(value) => float(*value),
        Value::Binary(bytes) => bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// `strconv.FormatFloat(value, 'g', 10, 64)`: ten digits at most, with an exponent below -4 and
/// from 10.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let scientific = format!("{value:.9e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..10).contains(&exponent) {
        let decimals = usize::try_from(9 - exponent).unwrap_or_default();
        trim(&format!("{value:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(digits), exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_go_does() {
        for (text, nanoseconds) in [
            ("1ns", 1),
            ("1.5µs", 1_500),
            ("300ms", 300_000_000),
            ("1.2s", 1_200_000_000),
            ("2m0.25s", 120_250_000_000),
            ("1h0m0s", 3_600_000_000_000),
            ("-1h2m3s", -3_723_000_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(nanoseconds));
            assert_eq!(duration(nanoseconds), text);
        }
        assert_eq!(duration(0), "0s");
        assert_eq!(parse_duration("0"), Ok(0));
        assert_eq!(parse_duration(".5s"), Ok(500_000_000));
        for (text, message) in [
            ("", r#"time: invalid duration """#),
            ("abc", r#"time: invalid duration "abc""#),
            ("1.2.3s", r#"time: invalid duration "1.2.3s""#),
            ("10", r#"time: missing unit in duration "10""#),
            ("10x", r#"time: unknown unit "x" in duration "10x""#),
            (
                "9999999999999h",
                r#"time: invalid duration "9999999999999h""#,
            ),
        ] {
            assert_eq!(parse_duration(text), Err(message.into()));
        }
    }

    #[test]
    fn trace_ids_are_read_as_jaeger_does() {
        assert_eq!(parse_trace_id("1"), Ok(TraceId(1)));
        assert_eq!(
            parse_trace_id("10000000000000002"),
            Ok(TraceId(1 << 64 | 2))
        );
        assert_eq!(
            parse_trace_id("xyz").unwrap_err(),
            r#"strconv.ParseUint: parsing "xyz": invalid syntax"#
        );
        assert_eq!(
            parse_trace_id("").unwrap_err(),
            r#"strconv.ParseUint: parsing "": invalid syntax"#
        );
        assert!(parse_trace_id("+1").is_err());
        assert!(parse_trace_id("ü2345678901234567").is_err());
        assert!(
            parse_trace_id(&"1".repeat(33))
                .unwrap_err()
                .starts_with("TraceID cannot be longer")
        );
    }

    #[test]
    fn floats_are_written_as_go_does() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (100000.0, "100000"),
            (1e10, "1e+10"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (1.0 / 3.0, "0.3333333333"),
            (12345678901.0, "1.23456789e+10"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(float(value), text);
        }
    }
}
