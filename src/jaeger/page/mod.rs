//! The page on which traces are seen: files embedded in the program, which ask the query API from the browser.
//!
//! What spans say comes from anybody. The scripts show it as text alone, and the policy lets no script run but these files.

mod live;

use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use super::store::Store;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const SEARCH: &str = include_str!("search.html");

/// A path, its content type and what is there. The paths without `/page/` are those of Jaeger's own UI, so that links made for it work.
const FILES: [(&str, &str, &str); 19] = [
    ("/", HTML, SEARCH),
    ("/search", HTML, SEARCH),
    ("/trace/{id}", HTML, include_str!("trace.html")),
    ("/page/base.css", CSS, include_str!("base.css")),
    ("/page/search.css", CSS, include_str!("search.css")),
    ("/page/trace.css", CSS, include_str!("trace.css")),
    ("/page/icon.svg", SVG, include_str!("icon.svg")),
    ("/page/api.js", JS, include_str!("api.js")),
    ("/page/bars.js", JS, include_str!("bars.js")),
    ("/page/critical.js", JS, include_str!("critical.js")),
    ("/page/details.js", JS, include_str!("details.js")),
    ("/page/dom.js", JS, include_str!("dom.js")),
    ("/page/live.js", JS, include_str!("live.js")),
    ("/page/model.js", JS, include_str!("model.js")),
    ("/page/rows.js", JS, include_str!("rows.js")),
    ("/page/search.js", JS, include_str!("search.js")),
    ("/page/text.js", JS, include_str!("text.js")),
    ("/page/trace.js", JS, include_str!("trace.js")),
    ("/page/zoom.js", JS, include_str!("zoom.js")),
];

/// The page's routes.
pub(super) fn router(store: Arc<Store>, stop: CancellationToken) -> Router {
    FILES
        .into_iter()
        .fold(live::router(store, stop), |router, (path, kind, body)| {
            router.route(path, get(move || async move { file(kind, body) }))
        })
}

fn file(kind: &'static str, body: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The next version of the program is at the same address.
        (CACHE_CONTROL, "no-cache"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, body).into_response()
}
