//! The path prefix of the query port.

use std::{fmt, str::FromStr};

use axum::{
    Router,
    http::{StatusCode, Uri, header::LOCATION},
    response::{IntoResponse, Response},
    routing::get,
};
use thiserror::Error;

/// The path prefix of everything on the query port, as Jaeger's `--query.base-path`: `/jaeger`, for
/// example. The default is `/`, which [`Display`](fmt::Display) writes as an empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasePath(String);

/// A text is not a base path.
#[derive(Debug, Error)]
#[error(
    "expected / or a path such as /jaeger or /tools/jaeger, with letters, digits, '-', '.', '_' and '~' between its slashes"
)]
#[non_exhaustive]
pub struct BasePathError;

impl FromStr for BasePath {
    type Err = BasePathError;

    /// Parses a path with or without a slash at its end.
    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        let allowed = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            !matches!(part, "" | "." | "..") && part.bytes().all(known)
        };
        let mut parts = path.split('/');
        match parts.next() == Some("") && parts.all(allowed) {
            true => Ok(Self(path.to_owned())),
            false => Err(BasePathError),
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl BasePath {
    /// Nests `router` under this path, and adds a redirect to it.
    pub(super) fn nest(&self, router: Router) -> Router {
        if self.0.is_empty() {
            return router;
        }
        let elsewhere = format!("not found: everything is under {self}/\n");
        Router::new()
            .nest(&format!("{self}/"), router)
            .route(&self.0, get(with_slash))
            .fallback(async || (StatusCode::NOT_FOUND, elsewhere))
    }
}

/// Redirects to the same path with a slash at its end.
async fn with_slash(uri: Uri) -> Response {
    redirect(&uri, "", "/")
}

/// Redirects to the same path without a slash at its end.
pub(super) async fn without_slash(uri: Uri) -> Response {
    redirect(&uri, "../", "")
}

/// A redirect from the last segment of a path to one with another beginning and end. It is
/// relative, since a proxy may have it under another path, and temporary, since that may change.
fn redirect(from: &Uri, before: &str, after: &str) -> Response {
    let part = from.path().trim_end_matches('/').rsplit('/').next();
    let query = from.query().map(|query| format!("?{query}"));
    let to = [
        before,
        part.unwrap_or_default(),
        after,
        &query.unwrap_or_default(),
    ]
    .concat();
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, to)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_a_plain_path() {
        for (text, path) in [
            ("/jaeger", "/jaeger"),
            ("/jaeger/", "/jaeger"),
            ("/tools/jaeger-1.62", "/tools/jaeger-1.62"),
            ("/", ""),
            ("", ""),
        ] {
            assert_eq!(text.parse::<BasePath>().unwrap().to_string(), path);
        }
        for text in [
            "jaeger",
            "jaeger/",
            "//",
            "/jaeger//",
            "/a//b",
            "//evil.example",
            "/a/../b",
            "/.",
            "/a b",
            "/a?b",
            "/a#b",
            "/{id}",
            "/{*all}",
            "/a%2Fb",
            "/ä",
            "http://h/jaeger",
            " /jaeger",
        ] {
            assert!(text.parse::<BasePath>().is_err(), "{text}");
        }
    }
}
