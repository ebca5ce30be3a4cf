//! Redaction of secrets in URLs, since many people can read spans and log lines (semantic
//! conventions, "URL": `url.full`, `url.query`).

use std::{borrow::Cow, fmt, ops::Range, str::FromStr};

use http::uri::{Authority, PathAndQuery, Uri};
use percent_encoding::percent_decode_str;

use crate::env::InvalidValue;

/// The text that replaces a secret.
const REDACTED: &str = "REDACTED";

/// The keys of a query whose values are secrets. Their case matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensitiveKeys(Vec<String>);

impl Default for SensitiveKeys {
    /// The keys that the conventions name: of signed URLs of Amazon's, Azure's and Google's
    /// storage.
    fn default() -> Self {
        let keys = [
            "AWSAccessKeyId",
            "Signature",
            "sig",
            "X-Goog-Signature",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "X-Amz-Security-Token",
        ];
        Self(keys.map(str::to_owned).into())
    }
}

impl FromStr for SensitiveKeys {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        // They end a key in a query.
        if text.contains(['=', '&']) {
            return Err(InvalidValue::expected("key,key without = and &"));
        }
        let keys = text.split(',').map(str::trim);
        let keys = keys.filter(|key| !key.is_empty()).map(str::to_owned);
        Ok(Self(keys.collect()))
    }
}

impl fmt::Display for SensitiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl SensitiveKeys {
    /// Redacts the values of these keys in a query.
    pub(super) fn redact<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let key_of_secret = |pair: &'q str| {
            let (key, _) = pair.split_once('=')?;
            self.has(key).then_some(key)
        };
        if !query.split('&').any(|pair| key_of_secret(pair).is_some()) {
            return query.into();
        }
        let pairs = query.split('&').map(|pair| match key_of_secret(pair) {
            Some(key) => format!("{key}={REDACTED}").into(),
            None => Cow::from(pair),
        });
        pairs.collect::<Vec<_>>().join("&").into()
    }

    /// Redacts the secrets of a URL: the values of these keys in its query, and the name and the
    /// password before its host.
    pub fn redact_url<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let (before, after) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
        let (query, fragment) = after.split_at(after.find('#').unwrap_or(after.len()));
        let (mark, query) = query.split_at(usize::from(query.starts_with('?')));
        let redacted_query = self.redact(query);
        let user = user_info(before);
        if user.is_empty() && matches!(redacted_query, Cow::Borrowed(_)) {
            return url.into();
        }
        let redacted_user = redact_user_info(&before[user.clone()]);
        let (scheme, host) = (&before[..user.start], &before[user.end..]);
        [
            scheme,
            &redacted_user,
            host,
            mark,
            &redacted_query,
            fragment,
        ]
        .concat()
        .into()
    }

    /// Looks up a key, percent-encoded or not.
    fn has(&self, key: &str) -> bool {
        if !key.contains('%') {
            return self.0.iter().any(|known| known == key);
        }
        let key: Vec<u8> = percent_decode_str(key).collect();
        self.0.iter().any(|known| known.as_bytes() == key)
    }
}

/// The range of a URL's name and password, without the `@` behind them; empty where it has none.
/// `url` ends before its query.
fn user_info(url: &str) -> Range<usize> {
    let Some(scheme_end) = url.find("://") else {
        return 0..0;
    };
    let start = scheme_end + "://".len();
    let authority = url[start..].split('/').next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => start..start + at,
        None => start..start,
    }
}

fn redact_user_info(text: &str) -> String {
    let redact = |part: &str| if part.is_empty() { "" } else { REDACTED };
    match text.split_once(':') {
        Some((name, password)) => [redact(name), ":", redact(password)].concat(),
        None => redact(text).to_owned(),
    }
}

/// Redacts the name and the password before a host in the value of a setting, for the log: in a
/// valid URL, an invalid one, and a host alone.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let Some(at) = text.rfind('@') else {
        return text.into();
    };
    if let Ok(url) = text.parse::<Uri>()
        && let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority())
        && let Some((user, host)) = split_authority(authority)
    {
        if user.is_empty() {
            return text.into();
        }
        let user = redact_user_info(user);
        let path = url.path_and_query().map_or("", PathAndQuery::as_str);
        return format!("{scheme}://{user}@{host}{path}").into();
    }
    let scheme_end = text.find("://").map(|at| at + "://".len());
    let begin = scheme_end.unwrap_or(0).min(at);
    let name = &text[begin..at];
    let has_password = name.contains(':') && !name.contains('=');
    if scheme_end.is_none() && !has_password {
        return text.into();
    }
    format!("{}{REDACTED}{}", &text[..begin], &text[at..]).into()
}

/// The text before the `@`, and the host with its port. `None` if the port is not a number: it may
/// be the begin of a password with a `/`, `?` or `#` in it.
fn split_authority(authority: &Authority) -> Option<(&str, &str)> {
    let text = authority.as_str();
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let has_port = !host.ends_with(']') && host.contains(':');
    (authority.port_u16().is_some() || !has_port).then_some((user, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_redacted_and_keys_are_kept() {
        let keys = SensitiveKeys::default();
        for (query, expected) in [
            (
                "q=x&sig=S&Signature=S&X-Goog-Signature=S&AWSAccessKeyId=S",
                "q=x&sig=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED&AWSAccessKeyId=REDACTED",
            ),
            (
                "X-Amz-Signature=S&X-Amz-Credential=S&X-Amz-Security-Token=S&X-Amz-Date=d",
                "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Date=d",
            ),
            (
                "%73ig=S&s%69%67=S&q=%73",
                "%73ig=REDACTED&s%69%67=REDACTED&q=%73",
            ),
            ("sig=a=b=&sig=&a=sig=S", "sig=REDACTED&sig=REDACTED&a=sig=S"),
            ("&&sig=S&", "&&sig=REDACTED&"),
        ] {
            assert_eq!(keys.redact(query), expected);
        }
        for query in [
            "",
            "sig",
            "&",
            "=",
            "Sig=s",
            "SIG=s",
            "sig2=s",
            "x-sig=s",
            "%2573ig=s",
            "q=x&sig",
            "sig%=s",
            "sig+=s",
        ] {
            assert!(
                matches!(keys.redact(query), Cow::Borrowed(same) if same == query),
                "{query}"
            );
        }
    }

    #[test]
    fn urls_have_their_credentials_redacted_too() {
        let keys: SensitiveKeys = "token, key".parse().unwrap();
        for (url, expected) in [
            ("http://h/?token=S&sig=s", "http://h/?token=REDACTED&sig=s"),
            (
                "http://u:p@h:81/a?key=S#f",
                "http://REDACTED:REDACTED@h:81/a?key=REDACTED#f",
            ),
            ("http://u@h/", "http://REDACTED@h/"),
            ("http://:p@h/", "http://:REDACTED@h/"),
            ("http://h/a@b?c=d@e", "http://h/a@b?c=d@e"),
            (
                "http://u:p@h?key=S",
                "http://REDACTED:REDACTED@h?key=REDACTED",
            ),
            ("http://h/#?key=s@", "http://h/#?key=s@"),
            ("/a?key=S", "/a?key=REDACTED"),
            ("*", "*"),
        ] {
            assert_eq!(keys.redact_url(url), expected);
        }
    }

    #[test]
    fn a_list_of_keys_goes_both_ways() {
        let keys = |text: &str| text.parse::<SensitiveKeys>().map(|keys| keys.to_string());
        assert_eq!(keys("a, b,,c ").as_deref(), Ok("a,b,c"));
        assert_eq!(keys(",").as_deref(), Ok(""));
        for bad in ["a=", "a&b", "sig=REDACTED"] {
            assert!(keys(bad).is_err(), "{bad}");
        }
        let default = SensitiveKeys::default();
        assert_eq!(default.to_string().parse(), Ok(default));
    }

    #[test]
    fn settings_are_shown_without_credentials() {
        for (text, expected) in [
            ("http://u:p@h:14268/x", "http://REDACTED:REDACTED@h:14268/x"),
            ("https://u:p=/@h", "https://REDACTED@h"),
            ("http://u:p@h:port", "http://REDACTED@h:port"),
            ("http://u:p#@h", "http://REDACTED@h"),
            ("http://u:p?@[::1]:1", "http://REDACTED@[::1]:1"),
            ("http://u:p@[::1]:1/", "http://REDACTED:REDACTED@[::1]:1/"),
            ("http:u:p@h", "REDACTED@h"),
            ("u:p@h", "REDACTED@h"),
            ("u:p@h:14250", "REDACTED@h:14250"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
        for text in [
            "",
            "app-b:8000",
            "http://h/a@b",
            "me@corp",
            "a=b:c,owner=me@corp",
        ] {
            assert_eq!(without_credentials(text), text);
        }
    }
}
