//! The client of a forwarded request and its scheme, as proxies report them: in `Forwarded` (RFC
//! 7239), or in the older `X-Forwarded-…`. Any client can write such headers, so they are read
//! only if the setting for it is on, behind a proxy that sets them.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header::FORWARDED};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The address of the client before the first proxy; `None` for a name or an invalid one.
pub(super) fn client(headers: &HeaderMap) -> Option<IpAddr> {
    let standard = parameter(headers, "for").and_then(address);
    standard.or_else(|| address(first(headers, &X_FORWARDED_FOR)?))
}

/// The scheme that the client used.
pub(super) fn scheme(headers: &HeaderMap) -> Option<&'static str> {
    let standard = parameter(headers, "proto").and_then(known_scheme);
    standard.or_else(|| known_scheme(first(headers, &X_FORWARDED_PROTO)?))
}

/// The first element of a list: that of the proxy that the client connected to.
fn first<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let list = headers.get(name)?.to_str().ok()?;
    list.split(',').next().map(str::trim)
}

/// A parameter of the first element of `Forwarded`.
fn parameter<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut pairs = first(headers, &FORWARDED)?.split(';').map(str::trim);
    pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim_matches('"'))
    })
}

/// Parses an address with or without a port; `unknown` and made-up names are not addresses.
fn address(node: &str) -> Option<IpAddr> {
    let bare = node
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || node.parse::<SocketAddr>().ok().map(|node| node.ip());
    bare.unwrap_or(node).parse().ok().or_else(with_port)
}

pub(super) fn known_scheme(scheme: &str) -> Option<&'static str> {
    let mut known = ["http", "https"].into_iter();
    known.find(|known| known.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> (Option<String>, Option<&'static str>) {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        let headers = headers.collect();
        let client = client(&headers).map(|client| client.to_string());
        (client, scheme(&headers))
    }

    #[test]
    fn the_first_proxy_counts() {
        for (headers, client, scheme) in [
            (
                vec![("x-forwarded-for", "192.0.2.60")],
                Some("192.0.2.60"),
                None,
            ),
            (
                vec![("x-forwarded-for", "192.0.2.60, 10.0.0.1,10.0.0.2")],
                Some("192.0.2.60"),
                None,
            ),
            (
                vec![("x-forwarded-for", "192.0.2.60:4711")],
                Some("192.0.2.60"),
                None,
            ),
            (
                vec![("x-forwarded-for", "2001:db8::1")],
                Some("2001:db8::1"),
                None,
            ),
            (
                vec![("x-forwarded-for", "[2001:db8::1]:4711")],
                Some("2001:db8::1"),
                None,
            ),
            (vec![("x-forwarded-proto", "https")], None, Some("https")),
            (
                vec![("x-forwarded-proto", "HTTPS, http")],
                None,
                Some("https"),
            ),
            (
                vec![(
                    "forwarded",
                    "for=192.0.2.60;proto=http;by=203.0.113.43, for=10.0.0.1;proto=https",
                )],
                Some("192.0.2.60"),
                Some("http"),
            ),
            (
                vec![(
                    "forwarded",
                    r#"Proto=https; For="[2001:db8:cafe::17]:4711""#,
                )],
                Some("2001:db8:cafe::17"),
                Some("https"),
            ),
            (
                vec![
                    ("forwarded", "for=192.0.2.60"),
                    ("x-forwarded-for", "192.0.2.61"),
                    ("x-forwarded-proto", "https"),
                ],
                Some("192.0.2.60"),
                Some("https"),
            ),
            (
                vec![
                    ("forwarded", "for=unknown"),
                    ("x-forwarded-for", "192.0.2.61"),
                ],
                Some("192.0.2.61"),
                None,
            ),
        ] {
            assert_eq!(
                read(&headers),
                (client.map(str::to_owned), scheme),
                "{headers:?}"
            );
        }
        for made_up in [
            vec![("x-forwarded-for", "")],
            vec![("x-forwarded-for", "unknown, 192.0.2.60")],
            vec![("forwarded", "for=_hidden;proto=gopher")],
            vec![("forwarded", "for")],
            vec![
                ("x-forwarded-for", "192.0.2.60:99999"),
                ("x-forwarded-proto", "https://x"),
            ],
            vec![],
        ] {
            assert_eq!(read(&made_up), (None, None), "{made_up:?}");
        }
    }
}
