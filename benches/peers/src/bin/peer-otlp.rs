//! axum-tracing-opentelemetry, and opentelemetry-otlp over gRPC to `OTEL_EXPORTER_OTLP_ENDPOINT`.
//!
//! The subscriber is that of init-tracing-opentelemetry's `TracingConfig`, which
//! axum-tracing-opentelemetry's documentation uses, but for the form of the log line.

use std::{error::Error, fmt, path::Path, time::Instant};

use axum::{Json, Router, routing::get};
use axum_jaeger_peers::{SERVICE_NAME, answer, serve};
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use opentelemetry::{
    global,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde_json::Value;
use tracing::{Event, Subscriber, dispatcher, info};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(SERVICE_NAME).build())
        .with_batch_exporter(SpanExporter::builder().with_tonic().build()?)
        .build();
    global::set_text_map_propagator(TraceContextPropagator::new());
    tracing_subscriber::registry()
        .with(EnvFilter::new("info,otel::tracing=trace"))
        .with(
            tracing_opentelemetry::layer()
                .with_error_records_to_exceptions(true)
                .with_tracer(provider.tracer("otlp")),
        )
        .with(
            tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .event_format(Line),
        )
        .init();
    let app = Router::new()
        .route("/", get(root))
        .layer(OtelAxumLayer::default());
    serve(app).await?;
    tokio::task::spawn_blocking(move || provider.shutdown()).await??;
    Ok(())
}

async fn root() -> Json<Value> {
    let since = Instant::now();
    let answer = answer();
    info!(
        http.route = "/",
        http.response.status_code = 200,
        duration_ms = since.elapsed().as_secs_f64() * 1_000.0,
        "GET /"
    );
    answer
}

/// The line of axum-jaeger's log.
struct Line;

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let file = metadata.file().and_then(|file| Path::new(file).file_name());
        SystemTime.format_time(&mut writer)?;
        write!(
            writer,
            " {} [{}] [{}:{}]",
            metadata.level(),
            metadata.target(),
            file.unwrap_or_default().display(),
            metadata.line().unwrap_or_default(),
        )?;
        let current = context.lookup_current().and_then(|span| {
            dispatcher::get_default(|dispatch| get_otel_context(&span.id(), dispatch))
        });
        if let Some(current) = current {
            let span = current.span();
            let ids = span.span_context();
            write!(
                writer,
                " [trace_id={} span_id={} resource.service.name={SERVICE_NAME}]",
                ids.trace_id(),
                ids.span_id(),
            )?;
        }
        writer.write_str(" - ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
