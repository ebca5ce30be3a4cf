//! The errors of a request: for each, in one place, the response to the client, the line in the log,
//! and the event on the span.

use std::fmt;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_jaeger_telemetry as telemetry;
use serde_json::json;

/// A response other than the requested one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("Not Found")]
    NotFound,
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    #[error("{field}: {reason}")]
    Unprocessable { field: &'static str, reason: String },
    #[error("the request's body is larger than {limit} bytes")]
    BodyTooLarge { limit: u64 },
    #[error("the request took longer than {seconds} s")]
    RequestTimeout { seconds: u64 },
    /// The `ValueError` of the demo that this one re-makes (see [`super`]).
    #[error("{0}")]
    Value(&'static str),
    #[error("a task ended without a result")]
    Task(#[from] tokio::task::JoinError),
    #[error("{target} is not a name that can be called")]
    BadTarget { target: String },
    #[error("{target} cannot be reached")]
    TargetUnreachable {
        target: String,
        source: reqwest::Error,
    },
    #[error("{target} answered with status {status}")]
    TargetFailed {
        target: String,
        status: reqwest::StatusCode,
    },
    #[error("{target} did not answer in time")]
    TargetTimeout {
        target: String,
        source: reqwest::Error,
    },
}

impl Error {
    pub(super) fn unprocessable(field: &'static str, reason: &dyn fmt::Display) -> Self {
        Self::Unprocessable {
            field,
            reason: reason.to_string(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unprocessable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Value(_) | Self::Task(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::BadTarget { .. } | Self::TargetUnreachable { .. } | Self::TargetFailed { .. } => {
                StatusCode::BAD_GATEWAY
            }
            Self::TargetTimeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The `exception.type` on the span.
    fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::Unprocessable { .. } => "Unprocessable",
            Self::BodyTooLarge { .. } => "BodyTooLarge",
            Self::RequestTimeout { .. } => "RequestTimeout",
            Self::Value(_) => "ValueError",
            Self::Task(_) => "TaskError",
            Self::BadTarget { .. } => "BadTarget",
            Self::TargetUnreachable { .. } => "TargetUnreachable",
            Self::TargetFailed { .. } => "TargetFailed",
            Self::TargetTimeout { .. } => "TargetTimeout",
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            telemetry::record_exception(self.kind(), &self);
            tracing::error!(
                exception.type = self.kind(),
                "{}",
                telemetry::with_causes(&self)
            );
        }
        let detail = match &self {
            // Internals are for the log and the trace, not for the client.
            Self::Value(_) | Self::Task(_) => "Internal Server Error".to_owned(),
            other => other.to_string(),
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}
