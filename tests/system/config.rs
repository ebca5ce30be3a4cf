//! Settings as a user meets them: what a bad one says, and that the good ones are told.

use crate::support::{process::Process, service::Service};

#[test]
fn bad_variables_end_the_start_with_code_2_and_a_line_each() {
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
            r#"EXPOSE_PORT="http" is not usable: allowed is a port from 0 to 65535"#,
            r#"MODE="zipkin" is not usable: allowed is grpc, thrift-collector or thrift-agent"#,
            r#"LOG_FORMAT="xml" is not usable: allowed is text or json"#,
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_value_that_is_not_unicode_is_a_bad_value() {
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

/// opentelemetry-jaeger reads them, whatever it is told.
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
