//! Buttons of the search page: each runs an action of the embedding program, and leads to the trace
//! that the action made.

use std::{error::Error, fmt, panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, StatusCode,
        header::{HOST, HeaderName, ORIGIN},
    },
    response::Response,
    routing::post,
};
use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{answer, params::invalid};
use crate::ids::TraceId;

/// Actions under way at a time.
const MAX_ACTIONS: usize = 8;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Set by the page's script.
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

type Action = dyn Fn() -> BoxFuture<'static, Result<Pressed, Box<dyn Error + Send + Sync>>>
    + Send
    + Sync
    + 'static;

/// A button on the search page, for [`Settings::buttons`](crate::Settings::buttons). Pressing it
/// runs its action and then shows the trace that the action made.
///
/// # Examples
/// ```
/// use embedded_jaeger::{Button, Jaeger, Pressed, Settings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # async fn send_order() -> std::io::Result<(u16, embedded_jaeger::TraceId)> {
/// #     Ok((200, embedded_jaeger::TraceId(1)))
/// # }
/// let order = Button::new("Order", || async {
///     // Sends a request to the traced service; its error is shown beside the button.
///     let (status, trace_id) = send_order().await?;
///     Ok(Pressed::new(status, Some(trace_id)))
/// });
/// let mut settings = Settings::on_free_ports();
/// settings.buttons = vec![order];
/// let jaeger = Jaeger::start(&settings).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Button {
    label: String,
    action: Arc<Action>,
}

/// The outcome of a [`Button`]'s action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pressed {
    /// The HTTP status of the answer that the action got.
    pub status: u16,
    /// The trace that the action made, if it is known.
    pub trace_id: Option<TraceId>,
}

impl Pressed {
    /// The outcome of an action that got an answer with this status, and made this trace.
    pub fn new(status: u16, trace_id: Option<TraceId>) -> Self {
        Self { status, trace_id }
    }
}

impl Button {
    /// A button with this label, which must be unique on the page. The action should end in its own
    /// time: at most eight run at once. It is dropped if the browser goes away.
    pub fn new<F>(label: impl Into<String>, action: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Pressed, Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self {
            label: label.into(),
            action: Arc::new(move || Box::pin(action())),
        }
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Debug for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Button").field(&self.label).finish()
    }
}

#[derive(Debug, Clone)]
struct Service {
    buttons: Arc<[Button]>,
    slots: Arc<Semaphore>,
}

/// The route; without buttons there is none.
pub(super) fn router(buttons: &[Button]) -> Router {
    if buttons.is_empty() {
        return Router::new();
    }
    let slots = Arc::new(Semaphore::new(MAX_ACTIONS));
    let buttons = buttons.into();
    Router::new()
        .route("/page/try", post(press))
        .with_state(Service { buttons, slots })
}

#[derive(Deserialize)]
struct Params {
    name: String,
}

#[derive(Serialize)]
struct PressedJson {
    status: u16,
    #[serde(rename = "traceID")]
    trace_id: Option<String>,
}

async fn press(
    State(service): State<Service>,
    headers: HeaderMap,
    params: Result<Query<Params>, QueryRejection>,
) -> Response {
    if from_another_site(&headers) {
        let message = "only the page itself may press its buttons";
        return answer::error(StatusCode::FORBIDDEN, message);
    }
    let name = match &params {
        Ok(Query(params)) => params.name.as_str(),
        Err(_) => "",
    };
    let Some(button) = service.buttons.iter().find(|button| button.label == name) else {
        let labels: Vec<_> = service.buttons.iter().map(Button::label).collect();
        let message = invalid("name", name, &format!("one of {}", labels.join(" ")));
        return answer::error(StatusCode::BAD_REQUEST, &message);
    };
    let Ok(_slot) = service.slots.try_acquire() else {
        let message = "too many requests are under way; try again when one is answered";
        return answer::error(StatusCode::SERVICE_UNAVAILABLE, message);
    };
    // A panic would end the connection without an answer.
    let action = AssertUnwindSafe(async { (button.action)().await });
    match action.catch_unwind().await {
        Ok(Ok(Pressed { status, trace_id })) => answer::data(PressedJson {
            status,
            trace_id: trace_id.map(|id| id.to_string()),
        }),
        Ok(Err(error)) => answer::error(StatusCode::BAD_GATEWAY, &error.to_string()),
        Err(_) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "the action panicked"),
    }
}

/// True if the request comes from a page of another site.
///
/// Modern browsers send `Sec-Fetch-Site` over TLS and to loopback. Elsewhere `X-Requested-With` is
/// proof: a page of another site may set no header without a preflight request, which is never
/// granted here. Without both, `Origin` must be the host that was asked for (behind a proxy it may
/// be another one). A client that is not a browser sends none of them; it could ask the service
/// itself. (DNS rebinding makes another site count as this page: it could press these buttons, and
/// nothing else.)
fn from_another_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site != "same-origin";
    }
    if headers.contains_key(REQUESTED_WITH) {
        return false;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = host.map(|host| format!("http://{host}"));
    headers
        .get(ORIGIN)
        .is_some_and(|origin| origin.to_str().ok() != own.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_site_is_known_by_the_browsers_headers() {
        let other = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, value.parse().unwrap())
            });
            from_another_site(&pairs.collect())
        };
        let host = ("host", "127.0.0.1:16686");
        assert!(!other(&[host]));
        assert!(!other(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(!other(&[host, ("origin", "http://127.0.0.1:16686")]));
        let script = ("x-requested-with", "axum-jaeger");
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(other(&[host, ("sec-fetch-site", site)]), "{site}");
            assert!(other(&[host, script, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!other(&[host, script, ("origin", "http://proxy.example")]));
        for origin in ["null", "http://127.0.0.1:8000", "http://evil.example"] {
            assert!(other(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(other(&[("origin", "http://evil.example")]));
    }
}
