use std::{fs, path::Path};

use axum_jaeger_telemetry::Destination;

use super::*;

fn config(vars: &[(&str, &str)]) -> Result<Config, EnvError> {
    let vars = vars.iter();
    let vars = vars.map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Config::read(Env::from_vars(vars))
}

/// The settings table of the documentation: the names and the defaults of each row, both in
/// backticks there.
fn documented() -> Vec<(Vec<String>, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = ["docs/settings.md", "README.md"].map(|file| fs::read_to_string(root.join(file)));
    let text = texts.into_iter().flatten();
    let text = text.collect::<Vec<_>>().join("\n");
    let (_, table) = text.split_once("| variable | default |").unwrap();
    let quoted = |cell: &str| -> Vec<String> {
        let parts = cell.split('`').skip(1).step_by(2);
        parts.map(str::to_owned).collect()
    };
    let rows = table.lines().skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (quoted(cells[1]), quoted(cells[2]))
    })
    .collect()
}

#[test]
fn the_documentation_has_each_variable_and_its_default() {
    let in_force = config(&[]).unwrap().in_force;
    let mut documented = documented();
    // The default of the name is one of three variables, of which this table is the only place.
    documented.retain(|(names, _)| names != &["APP_NAME"]);
    let mut expected = in_force.clone();
    expected.retain(|(name, _)| !["APP_NAME", "OTEL_SERVICE_NAME"].contains(&&**name));
    let mut found = Vec::new();
    for (names, defaults) in documented {
        // A list has one default of several words, and an empty default is not in the table.
        let of_each = names.len() == defaults.len();
        let joined = defaults.join(",");
        for (index, name) in names.into_iter().enumerate() {
            let default = if of_each { &defaults[index] } else { &joined };
            found.push((name, default.clone()));
        }
    }
    for (_, default) in &mut expected {
        // The default port of a target.
        *default = default.trim_end_matches(":8000").to_owned();
    }
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_defaults_fit_the_chart() {
    let config = config(&[]).unwrap();
    let in_force: Vec<String> = config
        .in_force
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    for expected in [
        "MODE=grpc",
        "COLLECTOR_ENDPOINT_GRPC_ENDPOINT=jaeger-collector:14250",
        "COLLECTOR_THRIFT_URL=http://jaeger-collector:14268",
        "AGENT_HOST_NAME=jaeger-agent",
        "AGENT_PORT=6831",
        "APP_NAME=app",
        "EXPOSE_PORT=8000",
        "TARGET_ONE_HOST=app-b:8000",
        "TARGET_TWO_HOST=app-c:8000",
        "LOG_FORMAT=text",
    ] {
        assert!(in_force.iter().any(|line| line == expected), "{expected}");
    }
    assert!(matches!(
        config.telemetry.destination,
        Some(Destination::Grpc { .. })
    ));
}

#[test]
fn one_error_has_the_invalid_variables_of_the_service_and_of_telemetry() {
    let error = config(&[
        ("MODE", "zipkin"),
        ("EXPOSE_HOST", "localhost"),
        ("EXPOSE_PORT", "eighty"),
        ("METRICS_PORT", "tcp://10.96.1.2:80"),
        ("TARGET_ONE_HOST", "http://app-b"),
    ]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "EXPOSE_HOST=\"localhost\" is invalid: expected an IP address to listen on\n\
         EXPOSE_PORT=\"eighty\" is invalid: expected a port from 0 to 65535\n\
         METRICS_PORT=\"tcp://10.96.1.2:80\" is invalid: expected a port from 0 to 65535; Kubernetes \
         set this value for the Service metrics: set enableServiceLinks: false for the pod, or set \
         METRICS_PORT\n\
         TARGET_ONE_HOST=\"http://app-b\" is invalid: expected host or host:port\n\
         MODE=\"zipkin\" is invalid: expected grpc, thrift-collector or thrift-agent",
    );
}

#[test]
fn metrics_have_a_port_of_their_own() {
    let ports = |expose, metrics| {
        let config = config(&[("EXPOSE_PORT", expose), ("METRICS_PORT", metrics)]);
        config.map(|config| (config.service.port, config.service.metrics_port))
    };
    assert_eq!(ports("80", ""), Ok((80, None)));
    assert_eq!(ports("80", "81"), Ok((80, Some(81))));
    assert_eq!(ports("0", "0"), Ok((0, Some(0))));
    let error = ports("80", "80").unwrap_err().to_string();
    let expected = "expected a port from 0 to 65535 other than EXPOSE_PORT";
    assert!(error.ends_with(expected), "{error}");
}
