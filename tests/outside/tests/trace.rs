//! The trace of the program, and its log line, as a test of a user's asserts on them.

use std::{error::Error, process::Command, time::Duration};

use embedded_jaeger::{Jaeger, Settings, TraceId, Value};

#[tokio::test]
async fn a_span_of_any_crate_arrives_and_its_log_line_has_its_ids() -> Result<(), Box<dyn Error>> {
    let jaeger = Jaeger::start(&Settings::on_free_ports()).await?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_outside"));
    program
        .env_clear()
        .env("APP_NAME", "outside")
        .env("ITEMS", "7")
        .env("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", jaeger.grpc_endpoint());
    let output = tokio::task::spawn_blocking(move || program.output()).await??;
    let log = String::from_utf8(output.stdout)?;
    let line = log.lines().find(|line| line.ends_with("- working"));
    let line = line.ok_or_else(|| format!("no line in {log:?}"))?;

    let id: TraceId = value_of("trace_id=", line)?.parse()?;
    let trace = jaeger
        .wait_for_trace(
            id,
            |trace| !trace.spans().is_empty(),
            Duration::from_secs(30),
        )
        .await?;
    let span = trace.span("work").ok_or("no span `work`")?;
    assert_eq!(trace.spans().len(), 1);
    assert_eq!(span.service(), "outside");
    assert_eq!(span.tag("items"), Some(&Value::from(7)));
    assert_eq!(span.id().to_string(), value_of("span_id=", line)?);
    Ok(())
}

/// The text after `name` up to the next blank.
fn value_of<'l>(name: &str, line: &'l str) -> Result<&'l str, String> {
    let value = line
        .split_once(name)
        .and_then(|(_, rest)| rest.split(' ').next());
    value.ok_or_else(|| format!("no {name} in {line}"))
}
