//! The page on which traces are seen: files embedded in the program, which ask the query API from
//! the browser.
//!
//! What spans say comes from anybody. The scripts show it as text alone, and the policy lets no
//! script run but these files.

mod answer;
mod buttons;
mod header;
mod live;
mod logs;
mod params;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use tokio_util::sync::CancellationToken;

use super::{base_path::without_slash, logs::Logs, store::Store};
pub use buttons::{Button, Pressed};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const SEARCH: &str = include_str!("search.html");
const TRACE: &str = include_str!("trace.html");

/// A path, its content type and what is there. The paths without `/page/` are those of Jaeger's own
/// UI, so that links made for it work.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, SEARCH),
    ("/search", HTML, SEARCH),
    ("/services", HTML, include_str!("services.html")),
    ("/trace/{id}", HTML, TRACE),
    // Traces of a file, which the browser has.
    ("/file", HTML, include_str!("file.html")),
    ("/file/{id}", HTML, TRACE),
    ("/page/base.css", CSS, include_str!("base.css")),
    ("/page/search.css", CSS, include_str!("search.css")),
    ("/page/services.css", CSS, include_str!("services.css")),
    ("/page/table.css", CSS, include_str!("table.css")),
    ("/page/trace.css", CSS, include_str!("trace.css")),
    ("/page/icon.svg", SVG, include_str!("icon.svg")),
    ("/page/address.js", JS, include_str!("address.js")),
    ("/page/api.js", JS, include_str!("api.js")),
    ("/page/bars.js", JS, include_str!("bars.js")),
    ("/page/checked.js", JS, include_str!("checked.js")),
    ("/page/critical.js", JS, include_str!("critical.js")),
    ("/page/details.js", JS, include_str!("details.js")),
    ("/page/dom.js", JS, include_str!("dom.js")),
    ("/page/file.js", JS, include_str!("file.js")),
    ("/page/form.js", JS, include_str!("form.js")),
    ("/page/graph.js", JS, include_str!("graph.js")),
    ("/page/header.js", JS, include_str!("header.js")),
    ("/page/kept.js", JS, include_str!("kept.js")),
    ("/page/layout.js", JS, include_str!("layout.js")),
    ("/page/lines.css", CSS, include_str!("lines.css")),
    ("/page/lines.js", JS, include_str!("lines.js")),
    ("/page/live.js", JS, include_str!("live.js")),
    ("/page/logfmt.js", JS, include_str!("logfmt.js")),
    ("/page/long.js", JS, include_str!("long.js")),
    ("/page/model.js", JS, include_str!("model.js")),
    ("/page/open.js", JS, include_str!("open.js")),
    ("/page/opened.js", JS, include_str!("opened.js")),
    ("/page/range.js", JS, include_str!("range.js")),
    ("/page/rows.js", JS, include_str!("rows.js")),
    ("/page/saved.js", JS, include_str!("saved.js")),
    ("/page/scatter.js", JS, include_str!("scatter.js")),
    ("/page/search.js", JS, include_str!("search.js")),
    ("/page/services.js", JS, include_str!("services.js")),
    ("/page/table.js", JS, include_str!("table.js")),
    ("/page/text.js", JS, include_str!("text.js")),
    ("/page/trace.js", JS, include_str!("trace.js")),
    ("/page/trace_lines.js", JS, include_str!("trace_lines.js")),
    ("/page/try.js", JS, include_str!("try.js")),
    ("/page/zoom.js", JS, include_str!("zoom.js")),
];

/// What is there only where there are log lines.
const LOG_FILES: &[(&str, &str, &str)] = &[
    ("/logs", HTML, include_str!("logs.html")),
    ("/page/logs.css", CSS, include_str!("logs.css")),
    ("/page/logs.js", JS, include_str!("logs.js")),
];

/// The page's routes, with these extensions.
pub(super) fn router(
    store: Arc<Store>,
    logs: Option<Arc<Logs>>,
    buttons: &[Button],
    stop: CancellationToken,
) -> Router {
    let of_logs = logs.iter().flat_map(|_| LOG_FILES);
    let files = FILES.iter().chain(of_logs).map(|&(path, kind, body)| {
        let body = match kind {
            HTML => header::put(body, path, logs.is_some(), buttons).into(),
            _ => Bytes::from_static(body.as_bytes()),
        };
        (path, kind, body)
    });
    let router = files.fold(Router::new(), |router, (path, kind, body)| {
        let router = router.route(path, get(move || async move { file(kind, body) }));
        match kind == HTML && path != "/" {
            true => router.route(&format!("{path}/"), get(without_slash)),
            false => router,
        }
    });
    router
        .merge(live::router(store, logs.clone(), stop))
        .merge(logs.map(logs::router).unwrap_or_default())
        .merge(buttons::router(buttons))
}

fn file(kind: &'static str, body: Bytes) -> Response {
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
