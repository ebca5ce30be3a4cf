//! The line in the log for each request.

use std::time::Duration;

use http::{Method, Request, StatusCode, Uri};
use tracing::info;

use super::{
    TARGET,
    route::{self, Route},
};
use crate::{CANCELLED, http::grpc};

/// The parts of the request for its line, which is written when the request itself is gone.
#[derive(Debug)]
pub(in crate::http) struct AccessLog {
    method: Method,
    uri: Uri,
    route: Option<Route>,
}

impl AccessLog {
    pub(super) fn new<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            route: route::route(request.extensions()).cloned(),
        }
    }

    pub(in crate::http) fn answered(&self, status: StatusCode, duration: Duration) {
        info!(
            target: TARGET,
            {
                http.route = self.route(),
                http.response.status_code = status.as_u16(),
                duration_ms = milliseconds(duration),
            },
            "{} {}",
            self.method,
            self.uri.path(),
        );
    }

    pub(in crate::http) fn called(&self, code: grpc::Code, duration: Duration) {
        info!(
            target: TARGET,
            {
                http.route = self.route(),
                rpc.response.status_code = code.name(),
                duration_ms = milliseconds(duration),
            },
            "{} {}",
            self.method,
            self.uri.path(),
        );
    }

    pub(in crate::http) fn failed(&self, error_type: &'static str, duration: Duration) {
        info!(
            target: TARGET,
            {
                http.route = self.route(),
                error.type = error_type,
                duration_ms = milliseconds(duration),
            },
            "{} {}: {}",
            self.method,
            self.uri.path(),
            match error_type {
                CANCELLED => "the client went away",
                _ => "no response",
            },
        );
    }

    /// The gRPC method, `package.Service/Method`.
    pub(in crate::http) fn rpc_method(&self) -> &str {
        grpc::method(self.uri.path())
    }

    fn route(&self) -> Option<&str> {
        self.route.as_ref().map(Route::as_str)
    }
}

/// Milliseconds with three decimals.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}
