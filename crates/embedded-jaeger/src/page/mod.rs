//! The page that shows traces: files embedded in the program, whose scripts ask the query API from
//! the browser.
//!
//! The content of spans is not trusted. The scripts show it only as text, and the policy allows no
//! other scripts than these files.

pub(super) mod answer;
mod buttons;
mod header;
mod live;
mod logs;
pub(super) mod params;

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

/// An asset, which is served unchanged: its path, content type and content.
macro_rules! asset {
    ($name:literal, $kind:ident) => {
        (
            concat!("/page/", $name),
            $kind,
            include_str!(concat!("assets/", $name)),
        )
    };
}

/// A page, whose path begins at the root.
macro_rules! page {
    ($path:literal, $name:literal) => {
        ($path, HTML, include_str!(concat!("assets/", $name)))
    };
}

/// The paths, content types and contents. Pages have the paths of Jaeger's own UI, so that links
/// made for it work.
const FILES: &[(&str, &str, &str)] = &[
    page!("/", "search.html"),
    page!("/search", "search.html"),
    page!("/services", "services.html"),
    page!("/trace/{id}", "trace.html"),
    // Traces of a file, which only the browser has.
    page!("/file", "file.html"),
    page!("/file/{id}", "trace.html"),
    asset!("icon.svg", SVG),
    asset!("base.css", CSS),
    asset!("lines.css", CSS),
    asset!("search.css", CSS),
    asset!("services.css", CSS),
    asset!("table.css", CSS),
    asset!("trace.css", CSS),
    asset!("address.js", JS),
    asset!("api.js", JS),
    asset!("bars.js", JS),
    asset!("critical_path.js", JS),
    asset!("details.js", JS),
    asset!("dom.js", JS),
    asset!("file.js", JS),
    asset!("filter.js", JS),
    asset!("form.js", JS),
    asset!("graph.js", JS),
    asset!("header.js", JS),
    asset!("layout.js", JS),
    asset!("lines.js", JS),
    asset!("live.js", JS),
    asset!("logfmt.js", JS),
    asset!("long_text.js", JS),
    asset!("model.js", JS),
    asset!("open_files.js", JS),
    asset!("opened_store.js", JS),
    asset!("opened_trace.js", JS),
    asset!("rows.js", JS),
    asset!("scatter.js", JS),
    asset!("search.js", JS),
    asset!("search_query.js", JS),
    asset!("services.js", JS),
    asset!("table.js", JS),
    asset!("text.js", JS),
    asset!("time_range.js", JS),
    asset!("trace.js", JS),
    asset!("trace_file.js", JS),
    asset!("trace_lines.js", JS),
    asset!("try.js", JS),
    asset!("validate.js", JS),
    asset!("zoom.js", JS),
];

/// The files of the log page, which exists only where log lines are kept.
const LOG_FILES: &[(&str, &str, &str)] = &[
    page!("/logs", "logs.html"),
    asset!("logs.css", CSS),
    asset!("logs.js", JS),
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
