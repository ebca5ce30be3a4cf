//! Settings as a user sees them: the errors of invalid ones, and the log of those in force.

use crate::support::{demo::Demo, jaeger::Jaeger, process::Process, service::Service};

#[test]
fn invalid_variables_end_the_start_with_code_2_and_a_line_each() {
    let mut process = Process::start(
        &["serve"],
        &[
            ("MODE", "zipkin"),
            ("EXPOSE_PORT", "http"),
            ("LOG_FORMAT", "xml"),
        ],
    );
    assert_eq!(process.wait().code(), Some(2));
    process.wait_for_line("LOG_FORMAT");
    assert_eq!(
        process.lines(),
        [
            r#"EXPOSE_PORT="http" is invalid: expected a port from 0 to 65535"#,
            r#"MODE="zipkin" is invalid: expected grpc, thrift-collector or thrift-agent"#,
            r#"LOG_FORMAT="xml" is invalid: expected text or json"#,
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_value_that_is_not_unicode_is_invalid() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Command};

    let output = Command::new(env!("CARGO_BIN_EXE_axum-jaeger"))
        .arg("serve")
        .env("MODE", OsStr::from_bytes(b"\xff\xfe"))
        .env("UNRELATED", OsStr::from_bytes(b"\xff\xfe"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("MODE="), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

/// OpenTelemetry's specification: an invalid value counts as not set.
#[tokio::test]
async fn an_invalid_variable_of_opentelemetry_is_logged_and_counts_as_not_set() {
    for (variable, value) in [
        ("OTEL_SDK_DISABLED", "1"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b,"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1"),
    ] {
        let service = Service::start(&[("APP_NAME", "app-x"), (variable, value)]);
        let line = service.process.wait_for_line(variable);
        let said = format!("resource.service.name=app-x] - {variable}={value:?} is invalid: ");
        assert!(line.contains(" WARN [") && line.contains(&said), "{line}");
        assert!(line.ends_with("; it counts as not set"), "{line}");
    }
    for (variable, value) in [
        ("OTEL_SDK_DISABLED", "True"),
        ("OTEL_TRACES_SAMPLER", "Always_On"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=b"),
    ] {
        let service = Service::start(&[(variable, value)]);
        let lines = service.process.lines();
        assert!(
            !lines.iter().any(|line| line.contains(" WARN ")),
            "{lines:#?}"
        );
    }
}

#[tokio::test]
async fn the_service_has_the_name_that_opentelemetry_s_variables_give() {
    let jaeger = Jaeger::start();
    let resource = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=fromres,team=blue");
    let otel = ("OTEL_SERVICE_NAME", "fromotel");
    for (name, more) in [
        ("fromres", vec![resource]),
        ("fromotel", vec![resource, otel]),
        ("fromus", vec![resource, otel, ("APP_NAME", "fromus")]),
    ] {
        let env = jaeger.env("grpc");
        let mut env: Vec<_> = env
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        env.extend(more);
        let service = Service::start(&env);
        service.get("/items/5").await;
        let traces = jaeger.traces(name, 1).await;
        let span = &traces[0].spans()[0];
        assert_eq!(span.process_tag("service.name"), Some(&name.into()));
        assert_eq!(span.process_tag("team"), Some(&"blue".into()));
        let line = service.process.wait_for_line("GET /items/5");
        assert!(
            line.contains(&format!("resource.service.name={name}]")),
            "{line}"
        );
    }
}

#[test]
fn a_port_that_kubernetes_set_for_a_service_is_named_as_such() {
    const LINK: (&str, &str) = ("AGENT_PORT", "tcp://10.96.1.2:6831");
    let mut service = Process::start(&["serve"], &[LINK]);
    assert_eq!(service.wait().code(), Some(2));
    let line = service.wait_for_line("AGENT_PORT");
    assert!(
        line.contains("Kubernetes set this value for the Service agent")
            && line.contains("enableServiceLinks: false"),
        "{line}"
    );
    // A command without a use for the variable ignores it.
    let free =
        ["compact", "binary", "http", "grpc", "query"].map(|name| format!("--{name}-port=0"));
    let mut args = vec!["jaeger"];
    args.extend(free.iter().map(String::as_str));
    Process::start(&args, &[LINK]).wait_for_line("query on http://");
    Demo::start_with(&[], &[LINK]);
}

/// opentelemetry-jaeger reads them in any case.
#[test]
fn a_variable_of_another_jaeger_client_that_cannot_be_used_is_named() {
    for (mode, variable, value) in [
        ("thrift-collector", "OTEL_EXPORTER_JAEGER_ENDPOINT", "%%%"),
        ("thrift-agent", "OTEL_EXPORTER_JAEGER_AGENT_PORT", "none"),
    ] {
        let mut process = Process::start(&["serve"], &[("MODE", mode), (variable, value)]);
        assert_eq!(process.wait().code(), Some(1), "{variable}");
        let line = process.wait_for_line("OTEL_EXPORTER_JAEGER_*");
        assert!(line.starts_with("opentelemetry-jaeger: "), "{line}");
        assert_eq!(process.lines().len(), 1, "{variable}");
    }
}

#[test]
fn the_settings_in_force_are_logged_once() {
    let service = Service::untraced(&[("APP_NAME", "app-x"), ("MODE", "thrift-agent")]);
    let lines = service.process.lines();
    let told: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("settings: "))
        .collect();
    assert_eq!(told.len(), 1);
    for setting in [
        "APP_NAME=app-x",
        "MODE=thrift-agent",
        "AGENT_PORT=6831",
        "OTEL_SDK_DISABLED=true",
    ] {
        assert!(told[0].contains(setting), "{setting} in {}", told[0]);
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut process = Process::start(
        &["serve"],
        &[
            ("EXPOSE_HOST", "127.0.0.1"),
            ("EXPOSE_PORT", &port),
            ("OTEL_SDK_DISABLED", "true"),
        ],
    );
    assert_eq!(process.wait().code(), Some(1));
    process.wait_for_line(&format!("cannot listen on 127.0.0.1:{port}: "));
}
