//! The variables of a service, by their names.

use serde::Deserialize;

/// The variables as they are found; an empty one counts as not set, as OpenTelemetry has it
/// (specification, "Environment Variable Specification", "Parsing empty value").
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Environment {
    pub(super) app_name: Option<String>,
    pub(super) expose_host: Option<String>,
    pub(super) expose_port: Option<String>,
    pub(super) metrics_port: Option<String>,
    pub(super) target_one_host: Option<String>,
    pub(super) target_two_host: Option<String>,
    pub(super) mode: Option<String>,
    pub(super) collector_endpoint_grpc_endpoint: Option<String>,
    pub(super) collector_thrift_url: Option<String>,
    pub(super) agent_host_name: Option<String>,
    pub(super) agent_port: Option<String>,
    pub(super) trust_forwarded_headers: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) rust_log: Option<String>,
    pub(super) otel_sdk_disabled: Option<String>,
    pub(super) otel_service_name: Option<String>,
    pub(super) otel_resource_attributes: Option<String>,
    pub(super) otel_traces_sampler: Option<String>,
    pub(super) otel_traces_sampler_arg: Option<String>,
    pub(super) otel_bsp_max_queue_size: Option<String>,
    pub(super) span_queue_max_bytes: Option<String>,
    pub(super) otel_bsp_max_export_batch_size: Option<String>,
    pub(super) otel_bsp_schedule_delay: Option<String>,
    pub(super) otel_bsp_export_timeout: Option<String>,
    pub(super) otel_attribute_value_length_limit: Option<String>,
    /// The name that OpenTelemetry's agent for Java has for it.
    #[serde(
        rename = "otel_instrumentation_sanitization_url_experimental_sensitive_query_parameters"
    )]
    pub(super) sensitive_keys: Option<String>,
}

impl Environment {
    pub(super) fn of(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        // A name in small letters is another variable, which envy would take for the same.
        let is_ours = |name: &str| !name.contains(|c: char| c.is_ascii_lowercase());
        let found = vars
            .into_iter()
            .filter(|(name, value)| is_ours(name) && !value.is_empty());
        // Cannot fail, as every field is optional text.
        envy::from_iter(found).unwrap_or_default()
    }
}
