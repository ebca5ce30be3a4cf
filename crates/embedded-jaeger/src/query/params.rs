//! The query's parameters (jaeger `cmd/query/app/query_parser.go`) with Jaeger's defaults and
//! messages.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use super::TraceQuery;
use crate::go;

const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 3_600 * 1_000 * MILLISECOND;

/// The pairs of a query string in their order; one name may appear more than once.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The parameters of a decoded query string.
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |pair| pair.0 == name);
        named.map(|pair| pair.1.as_str())
    }

    /// The first value of a name; empty if there is none.
    pub(super) fn first<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    /// True if the JSON shall be indented.
    pub(super) fn pretty(&self) -> bool {
        !matches!(self.first("prettyPrint"), "" | "false")
    }

    /// True if the trace shall not be adjusted, for the texts that `strconv.ParseBool` parses as
    /// true.
    pub(super) fn raw(&self) -> bool {
        matches!(
            self.first("raw"),
            "1" | "t" | "T" | "TRUE" | "true" | "True"
        )
    }

    /// The required name of a service.
    ///
    /// # Errors
    /// Jaeger's message.
    pub(super) fn service(&self) -> Result<&str, String> {
        Some(self.first("service"))
            .filter(|name| !name.is_empty())
            .ok_or_else(|| "parameter 'service' is required".into())
    }

    /// A time in units since 1970, as nanoseconds; `None` if it is missing.
    fn time(&self, name: &str, unit: i64) -> Result<Option<i64>, String> {
        self.parse(name, go::parse_int)
            .map(|time| time.map(|time| time.saturating_mul(unit)))
    }

    fn parse<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        match self.first(name) {
            "" => Ok(None),
            text => parse(text)
                .map(Some)
                .map_err(|error| format!("unable to parse param '{name}': {error}")),
        }
    }
}

impl TraceQuery {
    /// Reads the parameters in Jaeger's order, so that of two errors it reports the same.
    ///
    /// # Errors
    /// Jaeger's message.
    pub(super) fn parse(params: &Params) -> Result<Self, String> {
        let now = now();
        let start = params.time("start", MICROSECOND)?.unwrap_or(now - 2 * DAY);
        let end = params.time("end", MICROSECOND)?.unwrap_or(now);
        let tags = tags(params)?;
        let limit = match params.first("limit") {
            "" => 100,
            text => limit(text)?,
        };
        let min_duration = params
            .parse("minDuration", go::parse_duration)?
            .filter(|d| *d != 0);
        let max_duration = params
            .parse("maxDuration", go::parse_duration)?
            .filter(|d| *d != 0);
        let trace_ids: Vec<_> = params
            .all("traceID")
            .map(go::parse_trace_id)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("cannot parse traceID param: {error}"))?;
        if trace_ids.is_empty() {
            params.service()?;
        }
        if let (Some(min), Some(max)) = (min_duration, max_duration)
            && max < min
        {
            return Err("'maxDuration' should be greater than 'minDuration'".into());
        }
        Ok(Self {
            trace_ids,
            service: params.first("service").into(),
            operation: Some(params.first("operation").to_owned()).filter(|name| !name.is_empty()),
            start,
            end,
            min_duration,
            max_duration,
            tags,
            limit: usize::try_from(limit).ok().filter(|limit| *limit > 0),
        })
    }
}

/// A 32-bit number, whose error message does not name the parameter.
fn limit(text: &str) -> Result<i32, String> {
    let out_of_range = || format!("strconv.ParseInt: parsing {text:?}: value out of range");
    i32::try_from(go::parse_int(text)?).map_err(|_| out_of_range())
}

/// `tag=key:value`, and `tags={"key":"value"}`, which wins over it.
fn tags(params: &Params) -> Result<HashMap<String, String>, String> {
    let mut tags = HashMap::new();
    for tag in params.all("tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            format!("malformed 'tag' parameter, expecting key:value, received: {tag}")
        })?;
        tags.insert(key.into(), value.into());
    }
    for json in params.all("tags") {
        // As Go has it, null is an empty map or an empty text.
        let map: Option<HashMap<String, Option<String>>> =
            serde_json::from_str(json).map_err(|error| {
                format!("malformed 'tags' parameter, cannot unmarshal JSON: {error}")
            })?;
        let pairs = map.into_iter().flatten();
        tags.extend(pairs.map(|(key, value)| (key, value.unwrap_or_default())));
    }
    Ok(tags)
}

/// The parameters of `/api/dependencies`: spans that start between `start` and `end`, both
/// excluded, in nanoseconds since 1970.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DependencyQuery {
    pub(super) start: i64,
    pub(super) end: i64,
    /// If given, only calls from or to this service.
    pub(super) service: Option<String>,
}

impl DependencyQuery {
    /// Reads the parameters: `endTs` and `lookback` are milliseconds, by default now and a day.
    ///
    /// # Errors
    /// Jaeger's message.
    pub(super) fn parse(params: &Params) -> Result<Self, String> {
        let end = params.time("endTs", MILLISECOND)?.unwrap_or_else(now);
        let lookback = params.time("lookback", MILLISECOND)?.unwrap_or(DAY);
        Ok(Self {
            start: end.saturating_sub(lookback),
            end,
            service: Some(params.first("service").to_owned()).filter(|name| !name.is_empty()),
        })
    }
}

/// Nanoseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Result<TraceQuery, String> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()));
        TraceQuery::parse(&Params::new(pairs.collect()))
    }

    #[test]
    fn defaults_are_two_days_and_a_hundred_traces() {
        let query = query(&[("service", "s"), ("lookback", "nonsense")]).unwrap();
        assert_eq!(query.end - query.start, 2 * DAY);
        assert_eq!(query.limit, Some(100));
        assert_eq!(query.operation, None);
    }

    #[test]
    fn all_parameters_are_read() {
        let query = query(&[
            ("service", "s"),
            ("operation", "o"),
            ("start", "1"),
            ("end", "2"),
            ("limit", "0"),
            ("minDuration", "1.5ms"),
            ("maxDuration", "2s"),
            ("tag", "http.url:http://x"),
            ("tag", "a:1"),
            ("tags", r#"{"a":"2","b":null}"#),
        ]);
        let tags = [("http.url", "http://x"), ("a", "2"), ("b", "")];
        let expected = TraceQuery {
            trace_ids: vec![],
            service: "s".into(),
            operation: Some("o".into()),
            start: 1_000,
            end: 2_000,
            min_duration: Some(1_500_000),
            max_duration: Some(2_000_000_000),
            tags: tags.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            limit: None,
        };
        assert_eq!(query, Ok(expected));
    }

    #[test]
    fn mistakes_are_named_as_jaeger_names_them() {
        let long = "99999999999999999999";
        for (pairs, message) in [
            (&[][..], "parameter 'service' is required"),
            (
                &[("start", "x")],
                r#"unable to parse param 'start': strconv.ParseInt: parsing "x": invalid syntax"#,
            ),
            (
                &[("end", long)],
                r#"unable to parse param 'end': strconv.ParseInt: parsing "99999999999999999999": value out of range"#,
            ),
            (
                &[("limit", "x")],
                r#"strconv.ParseInt: parsing "x": invalid syntax"#,
            ),
            (
                &[("limit", "3000000000")],
                r#"strconv.ParseInt: parsing "3000000000": value out of range"#,
            ),
            (
                &[("tag", "k")],
                "malformed 'tag' parameter, expecting key:value, received: k",
            ),
            (
                &[("minDuration", "5")],
                r#"unable to parse param 'minDuration': time: missing unit in duration "5""#,
            ),
            (
                &[("traceID", "x")],
                r#"cannot parse traceID param: strconv.ParseUint: parsing "x": invalid syntax"#,
            ),
            (
                &[
                    ("service", "s"),
                    ("minDuration", "2s"),
                    ("maxDuration", "1s"),
                ],
                "'maxDuration' should be greater than 'minDuration'",
            ),
        ] {
            assert_eq!(query(pairs).unwrap_err(), message);
        }
        let error = query(&[("tags", "{")]).unwrap_err();
        assert!(
            error.starts_with("malformed 'tags' parameter, cannot unmarshal JSON: "),
            "{error}"
        );
    }
}
