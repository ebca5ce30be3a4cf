//! Secrets in URLs: not in a span, not in the log.

use embedded_jaeger::{Trace, TraceQuery};

use crate::support::{
    jaeger::{Jaeger, MODES, TIMEOUT},
    process::Process,
    service::Service,
};

const KEYS: &str = "OTEL_INSTRUMENTATION_SANITIZATION_URL_EXPERIMENTAL_SENSITIVE_QUERY_PARAMETERS";

#[tokio::test]
async fn secrets_of_a_query_are_neither_in_spans_nor_in_the_log() {
    let jaeger = Jaeger::start();
    for mode in MODES {
        let service = Service::traced(&jaeger, mode, mode, &[("RUST_LOG", "trace")]);
        for (query, kept) in [
            (
                "q=x&sig=SECRET1&Signature=SECRET2&X-Goog-Signature=SECRET3&X-Amz-Signature=SECRET4",
                "q=x&sig=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED&X-Amz-Signature=REDACTED",
            ),
            (
                "AWSAccessKeyId=SECRET&X-Amz-Credential=SECRET%2Fa&X-Amz-Security-Token=SECRET==",
                "AWSAccessKeyId=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED",
            ),
            ("%73ig=SECRET&sig=SECRET", "%73ig=REDACTED&sig=REDACTED"),
            ("sig=SECRET&q=1&q=2", "sig=REDACTED&q=1&q=2"),
            ("SIG=kept&sig", "SIG=kept&sig"),
            (
                "sig=%00SECRET%26&%53ignature=SECRET?&?",
                "sig=REDACTED&%53ignature=REDACTED&?",
            ),
            ("sig=SECRET\u{e9}&q=1?sig=kept", "sig=REDACTED&q=1?sig=kept"),
            ("%73%69%67=SECRET;sig=SECRET", "%73%69%67=REDACTED"),
            ("a=1;sig=kept&sig%3Dkept", "a=1;sig=kept&sig%3Dkept"),
        ] {
            for path in ["/items/5", "/items/x", "/nowhere", "/error_test"] {
                service.get(&format!("{path}?{query}")).await;
            }
            let redacted = TraceQuery::new(mode).tag("url.query", kept);
            let all = |traces: &[Trace]| traces.len() == 4;
            let found = jaeger.wait_for_traces(&redacted, all, TIMEOUT).await;
            found.unwrap_or_else(|error| panic!("{error}"));
            let traces = format!("{:?}", jaeger.traces(mode, 0).await);
            assert!(!traces.contains("SECRET"), "{traces}");
        }
        let lines = service.process.lines();
        let told = lines.iter().find(|line| line.contains("SECRET"));
        assert_eq!(told, None);
    }
}

#[tokio::test]
async fn which_keys_are_secret_is_a_setting() {
    let jaeger = Jaeger::start();
    let keys = [(KEYS, "token,Api Key")];
    let service = Service::traced(&jaeger, "grpc", "app", &keys);
    service
        .get("/?token=SECRET&Api%20Key=SECRET&sig=a&q=b")
        .await;
    let traces = jaeger.traces("app", 1).await;
    let kept = "token=REDACTED&Api%20Key=REDACTED&sig=a&q=b";
    assert_eq!(traces[0].spans()[0]["url.query"], kept);

    // A bad list could hide less than was meant.
    let mut bad = Process::start(&["serve"], &[(KEYS, "token=")]);
    assert_eq!(bad.wait().code(), Some(2));
    bad.wait_for_line(&format!(
        r#"{KEYS}="token=" is invalid: expected key,key without"#
    ));
}

#[tokio::test]
async fn a_password_of_a_setting_is_not_told() {
    let service = Service::start(&[
        ("MODE", "thrift-collector"),
        ("COLLECTOR_THRIFT_URL", "http://user:SECRET@127.0.0.1:1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
    ]);
    let settings = service.process.wait_for_line("settings: ");
    let said = "COLLECTOR_THRIFT_URL=http://REDACTED:REDACTED@127.0.0.1:1/ ";
    assert!(settings.contains(said), "{settings}");
    service.get("/").await;
    let line = service.process.wait_for_line("spans do not reach");
    assert!(
        line.contains("http://REDACTED:REDACTED@127.0.0.1:1/api/traces"),
        "{line}"
    );
    let lines = service.process.lines().join("\n");
    assert!(!lines.contains("SECRET"), "{lines}");

    for (name, value) in [
        ("COLLECTOR_THRIFT_URL", "https://user:SECRET@host:14268"),
        ("COLLECTOR_THRIFT_URL", "http://user:SEC/RET@host"),
        ("COLLECTOR_ENDPOINT_GRPC_ENDPOINT", "user:SECRET@host:14250"),
        ("TARGET_ONE_HOST", "user:SECRET@app-b"),
        ("AGENT_HOST_NAME", "udp://user:SECRET@agent"),
    ] {
        let mut bad = Process::start(&["serve"], &[(name, value)]);
        assert_eq!(bad.wait().code(), Some(2), "{value}");
        let line = bad.wait_for_line(name);
        assert!(line.contains("REDACTED") && !line.contains("SEC"), "{line}");
    }
}
