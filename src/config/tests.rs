use super::*;

fn config(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_vars(
        vars.iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned())),
    )
}

#[test]
fn the_defaults_are_those_of_the_original() {
    let config = config(&[]).unwrap();
    let effective: Vec<String> = config
        .effective
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
        assert!(effective.iter().any(|line| line == expected), "{expected}");
    }
    assert!(matches!(
        config.telemetry.destination,
        Some(Destination::Grpc { .. })
    ));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let config = config(&[("MODE", ""), ("EXPOSE_PORT", "")]).unwrap();
    assert_eq!(config.service.port, 8000);
}

#[test]
fn a_name_in_small_letters_is_another_variable() {
    let config = config(&[("expose_port", "x"), ("EXPOSE_PORT", "81")]).unwrap();
    assert_eq!(config.service.port, 81);
}

#[test]
fn every_bad_variable_is_named_with_its_value_and_what_is_allowed() {
    let error = config(&[
        ("MODE", "zipkin"),
        ("EXPOSE_PORT", "eighty"),
        ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", "http://collector:14250"),
        ("COLLECTOR_THRIFT_URL", "collector:14268"),
        ("TARGET_ONE_HOST", "http://app-b"),
        ("RUST_LOG", "a=b=c"),
        ("SPAN_QUEUE_MAX_BYTES", "24MiB"),
        ("APP_NAME", "good"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "ends nothing"),
    ])
    .unwrap_err();
    let text = error.to_string();
    assert_eq!(text.lines().count(), 7, "{text}");
    assert!(text.contains(
        r#"MODE="zipkin" is not usable: allowed is grpc, thrift-collector or thrift-agent"#
    ));
}

#[test]
fn a_port_that_kubernetes_set_for_a_service_is_told_from_a_bad_one() {
    for (name, value, service) in [
        ("AGENT_PORT", "tcp://10.96.1.2:6831", "agent"),
        ("AGENT_PORT", "udp://10.96.1.2:6831", "agent"),
        ("METRICS_PORT", "tcp://[fd00::1]:80", "metrics"),
        ("EXPOSE_PORT", "sctp://10.96.1.2:80", "expose"),
    ] {
        let error = config(&[(name, value)]).unwrap_err().to_string();
        let text = format!(
            "{name}={value:?} is not usable: Kubernetes set it, for the Service {service} of this \
             namespace; set enableServiceLinks: false for the pod, or {name} itself to a port"
        );
        assert!(error.starts_with(&text), "{error}");
    }
    for value in [
        "tcp://agent:6831",
        "http://10.96.1.2:80",
        "tcp://10.96.1.2",
        "tcp://",
    ] {
        let error = config(&[("AGENT_PORT", value)]).unwrap_err().to_string();
        assert!(
            error.ends_with("allowed is a port from 0 to 65535"),
            "{error}"
        );
    }
}

/// The value in force of the variable `name`.
fn in_force<'c>(config: &'c Config, name: &str) -> &'c str {
    let mut settings = config.effective.iter();
    let found = settings.find(|(other, _)| *other == name);
    found.map_or("", |(_, value)| value)
}

#[test]
fn opentelemetry_s_variables_are_read_as_its_specification_says() {
    const BSP: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
    const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const LENGTH: &str = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
    const DISABLED: &str = "OTEL_SDK_DISABLED";
    for (name, value, expected, is_used) in [
        (DISABLED, "True", "true", true),
        (DISABLED, "TRUE", "true", true),
        (DISABLED, "False", "false", true),
        (DISABLED, "1", "false", false),
        (DISABLED, "yes", "false", false),
        (DISABLED, " true", "false", false),
        (SAMPLER, "Always_On", "always_on", true),
        (
            SAMPLER,
            "PARENTBASED_TRACEIDRATIO",
            "parentbased_traceidratio",
            true,
        ),
        (SAMPLER, "jaeger_remote", "parentbased_always_on", false),
        (RATIO, "0.25", "0.25", true),
        (RATIO, "2", "1", false),
        (RATIO, "NaN", "1", false),
        (RATIO, "half", "1", false),
        (RATIO, "1e-3", "0.001", true),
        (RATIO, "-0.1", "1", false),
        (RATIO, "inf", "1", false),
        (RATIO, "0,5", "1", false),
        (SAMPLER, " ", "parentbased_always_on", false),
        (DISABLED, "TrUe", "true", true),
        (DISABLED, "tru\u{fffd}", "false", false),
        (RESOURCE, "team=a%2Cb", "team=a,b", true),
        (RESOURCE, "a=b,", "", false),
        (RESOURCE, "a=b,c", "", false),
        (RESOURCE, "a=100%", "", false),
        (RESOURCE, "a=b=c,d=e;f,g=", "a=b=c,d=e;f,g=", true),
        (RESOURCE, "%61=%e2%82%ac", "a=\u{20ac}", true),
        (RESOURCE, "a=%C3", "", false),
        (RESOURCE, " ", "", false),
        (BSP, "512", "512", true),
        (BSP, "0", "128", false),
        (BSP, "-1", "128", false),
        (BSP, "2147483648", "128", false),
        (BSP, "99999999999999999999", "128", false),
        (BSP, "1e3", "128", false),
        (BSP, "0.5", "128", false),
        (BSP, " 512", "128", false),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2147483647", "2147483647", true),
        ("OTEL_BSP_SCHEDULE_DELAY", "0", "0", true),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s", "1000", false),
        ("OTEL_BSP_EXPORT_TIMEOUT", "-5", "30000", false),
        (LENGTH, "0", "0", true),
        (LENGTH, "many", "4096", false),
    ] {
        let config = config(&[(name, value)]).unwrap();
        assert_eq!(in_force(&config, name), expected, "{name}={value}");
        assert_eq!(config.ignored.is_empty(), is_used, "{name}={value}");
    }
    for (queue, batch, expected, is_used) in [
        ("10", "", "10", true),
        ("10", "11", "10", false),
        ("512", "512", "512", true),
        ("0", "129", "129", false),
    ] {
        let config = config(&[("OTEL_BSP_MAX_QUEUE_SIZE", queue), (BSP, batch)]).unwrap();
        assert_eq!(in_force(&config, BSP), expected, "{batch} of {queue}");
        assert_eq!(config.ignored.is_empty(), is_used, "{batch} of {queue}");
    }
    let endless = config(&[("OTEL_BSP_EXPORT_TIMEOUT", "0")]).unwrap();
    let timeout = endless.telemetry.batching.export_timeout;
    assert_eq!(timeout.as_millis(), 2_147_483_647);
}

#[test]
fn the_name_is_the_first_of_four() {
    const RESOURCE: (&str, &str) = (
        "OTEL_RESOURCE_ATTRIBUTES",
        "a=b,service.name=from%20resource",
    );
    const OTEL: (&str, &str) = ("OTEL_SERVICE_NAME", "from otel");
    const OWN: (&str, &str) = ("APP_NAME", "from us");
    for (vars, expected) in [
        (vec![], "app"),
        (vec![RESOURCE], "from resource"),
        (vec![RESOURCE, OTEL], "from otel"),
        (vec![RESOURCE, OTEL, OWN], "from us"),
        (
            vec![RESOURCE, ("OTEL_SERVICE_NAME", ""), ("APP_NAME", "")],
            "from resource",
        ),
        (vec![("OTEL_RESOURCE_ATTRIBUTES", "service.name=")], "app"),
        (vec![("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,")], "app"),
        (
            vec![(
                "OTEL_RESOURCE_ATTRIBUTES",
                "service.name=x,service%2Ename=y",
            )],
            "y",
        ),
    ] {
        let config = config(&vars).unwrap();
        assert_eq!(config.telemetry.service_name, expected, "{vars:?}");
        assert_eq!(in_force(&config, "APP_NAME"), expected, "{vars:?}");
    }
}

#[test]
fn a_disabled_sdk_has_no_destination() {
    let config = config(&[("OTEL_SDK_DISABLED", "true")]).unwrap();
    assert!(config.telemetry.destination.is_none());
}
