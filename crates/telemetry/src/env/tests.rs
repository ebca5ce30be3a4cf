use super::*;
use crate::{Destination, Mode, Sampler, Settings};

/// The settings, and each variable with its value in force.
fn read(vars: &[(&str, &str)]) -> Result<(Settings, Vec<(String, String)>), EnvError> {
    let vars = vars.iter();
    let vars = vars.map(|&(name, value)| (name.to_owned(), value.to_owned()));
    let mut env = Env::from_vars(vars);
    let settings = Settings::read(&mut env);
    Ok((settings, env.finish()?))
}

/// The value in force of the variable `name`.
fn value<'v>(in_force: &'v [(String, String)], name: &str) -> &'v str {
    let found = in_force.iter().find(|(other, _)| other == name);
    found.map_or("", |(_, value)| value)
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let (settings, in_force) = read(&[("MODE", ""), ("AGENT_PORT", "")]).unwrap();
    assert_eq!(settings.destination.map(|to| to.mode()), Some(Mode::Grpc));
    assert_eq!(value(&in_force, "AGENT_PORT"), "6831");
}

#[test]
fn a_name_in_small_letters_is_another_variable() {
    let vars = [("agent_port", "x"), ("AGENT_PORT", "81"), ("Mode", "x")];
    let (_, in_force) = read(&vars).unwrap();
    assert_eq!(value(&in_force, "AGENT_PORT"), "81");
}

#[test]
fn of_two_variables_with_one_name_the_first_counts() {
    let (_, in_force) = read(&[("AGENT_PORT", "81"), ("AGENT_PORT", "82")]).unwrap();
    assert_eq!(value(&in_force, "AGENT_PORT"), "81");
}

#[test]
fn one_error_names_every_invalid_variable_its_value_and_what_is_expected() {
    let error = read(&[
        ("MODE", "zipkin"),
        ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", "http://collector:14250"),
        ("COLLECTOR_THRIFT_URL", "collector:14268"),
        ("RUST_LOG", "a=b=c"),
        ("SPAN_QUEUE_MAX_BYTES", "24MiB"),
        ("TRUST_FORWARDED_HEADERS", "nginx"),
        ("APP_NAME", "good"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "counts as not set"),
    ]);
    let error = error.unwrap_err();
    assert_eq!(error.variables().len(), 6);
    assert_eq!(
        error.to_string(),
        "MODE=\"zipkin\" is invalid: expected grpc, thrift-collector or thrift-agent\n\
         COLLECTOR_ENDPOINT_GRPC_ENDPOINT=\"http://collector:14250\" is invalid: expected host:port\n\
         COLLECTOR_THRIFT_URL=\"collector:14268\" is invalid: expected a URL that begins with http://\n\
         SPAN_QUEUE_MAX_BYTES=\"24MiB\" is invalid: expected a whole number from 65536 to 1073741824\n\
         TRUST_FORWARDED_HEADERS=\"nginx\" is invalid: expected true or false\n\
         RUST_LOG=\"a=b=c\" is invalid: expected a filter of tracing-subscriber, such as info or \
         axum_jaeger=debug,hyper=warn",
    );
}

#[test]
fn a_port_that_kubernetes_set_for_a_service_is_named_as_such() {
    for (name, value, service) in [
        ("AGENT_PORT", "tcp://10.96.1.2:6831", "agent"),
        ("AGENT_PORT", "udp://10.96.1.2:6831", "agent"),
        ("AGENT_PORT", "tcp://[fd00::1]:80", "agent"),
        ("AGENT_PORT", "sctp://10.96.1.2:80", "agent"),
    ] {
        let error = read(&[(name, value)]).unwrap_err().to_string();
        let text = format!(
            "{name}={value:?} is invalid: expected a port from 0 to 65535; Kubernetes set this \
             value for the Service {service}: set enableServiceLinks: false for the pod, or set \
             {name}"
        );
        assert_eq!(error, text);
    }
    for value in [
        "tcp://agent:6831",
        "http://10.96.1.2:80",
        "tcp://10.96.1.2",
        "tcp://",
    ] {
        let error = read(&[("AGENT_PORT", value)]).unwrap_err().to_string();
        assert!(
            error.ends_with("expected a port from 0 to 65535"),
            "{error}"
        );
    }
}

#[test]
fn opentelemetry_s_variables_are_read_as_its_specification_says() {
    const BSP: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    const RATIO: &str = "OTEL_TRACES_SAMPLER_ARG";
    const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const LENGTH: &str = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
    const DISABLED: &str = "OTEL_SDK_DISABLED";
    for (name, text, expected, is_used) in [
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
        let (settings, in_force) = read(&[(name, text)]).unwrap();
        assert_eq!(value(&in_force, name), expected, "{name}={text}");
        assert_eq!(settings.ignored().is_empty(), is_used, "{name}={text}");
    }
    for (queue, batch, expected, is_used) in [
        ("10", "", "10", true),
        ("10", "11", "10", false),
        ("512", "512", "512", true),
        ("0", "129", "129", false),
    ] {
        let vars = [("OTEL_BSP_MAX_QUEUE_SIZE", queue), (BSP, batch)];
        let (settings, in_force) = read(&vars).unwrap();
        assert_eq!(value(&in_force, BSP), expected, "{batch} of {queue}");
        assert_eq!(settings.ignored().is_empty(), is_used, "{batch} of {queue}");
    }
    let (endless, _) = read(&[("OTEL_BSP_EXPORT_TIMEOUT", "0")]).unwrap();
    let timeout = endless.batching.export_timeout;
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
        let (settings, in_force) = read(&vars).unwrap();
        assert_eq!(settings.service_name, expected, "{vars:?}");
        assert_eq!(value(&in_force, "APP_NAME"), expected, "{vars:?}");
    }
}

#[test]
fn a_disabled_sdk_has_no_destination() {
    let (settings, _) = read(&[("OTEL_SDK_DISABLED", "true")]).unwrap();
    assert!(settings.destination.is_none());
}

#[test]
fn the_ratio_is_the_sampler_s() {
    for (sampler, expected) in [
        ("traceidratio", Sampler::TraceIdRatio(0.25)),
        (
            "parentbased_traceidratio",
            Sampler::ParentBasedTraceIdRatio(0.25),
        ),
        ("always_on", Sampler::AlwaysOn),
    ] {
        let vars = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ];
        assert_eq!(read(&vars).unwrap().0.sampler, expected);
    }
}

#[test]
fn the_mode_chooses_the_destination() {
    let agent = [
        ("MODE", "thrift-agent"),
        ("AGENT_HOST_NAME", "agent"),
        ("AGENT_PORT", "1"),
    ];
    let expected = Destination::ThriftAgent {
        host: "agent".to_owned(),
        port: 1,
    };
    assert_eq!(read(&agent).unwrap().0.destination, Some(expected));
    let expected = Destination::Grpc {
        collector: "jaeger-collector:14250".to_owned(),
    };
    assert_eq!(read(&[]).unwrap().0.destination, Some(expected));
}

#[test]
fn a_value_is_shown_without_a_password() {
    let url = ("COLLECTOR_THRIFT_URL", "http://me:secret@host:14268");
    let (settings, in_force) = read(&[url]).unwrap();
    assert!(!value(&in_force, url.0).contains("secret"), "{in_force:?}");
    assert_eq!(settings.destination.map(|d| d.mode()), Some(Mode::Grpc));
    let bad = ("COLLECTOR_THRIFT_URL", "https://me:secret@host:14268");
    let error = read(&[bad]).unwrap_err().to_string();
    let text = "COLLECTOR_THRIFT_URL=\"https://REDACTED:REDACTED@host:14268/\" is invalid: ";
    assert!(error.starts_with(text), "{error}");
}
