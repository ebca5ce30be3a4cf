//! The expected trace of one `/chain`: a server span, three client spans below it, a server span
//! below each of these, and the CPU task's own span.

use reqwest::Url;

use super::{
    http::shown,
    path,
    report::Failure,
    trace::{Span, Trace},
};

/// 1 + 3 client + 3 server spans, and the CPU task's child.
const SPANS: usize = 8;

/// The services' logs have the errors of their exports.
const CHECK_LOGS: &str =
    "the services' logs for \"spans do not reach\": that service cannot send its spans";

/// The failure of a trace of which no span has arrived.
pub(super) fn nothing(jaeger: &Url, trace_id: &str) -> Failure {
    Failure {
        expected: format!("the trace {trace_id} in Jaeger"),
        found: "no trace with this id".to_owned(),
        check: format!(
            "{} for the services that have sent spans, and {CHECK_LOGS}",
            shown(&path(jaeger, "api/services"))
        ),
    }
}

/// Compares `trace` with the expected trace of one `/chain`, whose parent is the span `caller`.
pub(super) fn check(trace: &Trace, caller: &str) -> Vec<Failure> {
    let mut failures = Failures::default();
    failures.unless(
        trace.spans.len() == SPANS,
        || format!("{SPANS} spans"),
        || format!("{}", trace.spans.len()),
        CHECK_LOGS,
    );
    let services = trace.services();
    failures.unless(
        services.len() == 3,
        || "spans of three services".to_owned(),
        || format!("{services:?}"),
        CHECK_LOGS,
    );
    for root in trace.roots() {
        failures.unless(
            root.parent.as_deref() == Some(caller),
            || format!("the parent of {} in the trace", describe(root)),
            || format!("{:?}, which is not there", root.parent),
            "that the parent's service can send its spans, and that traceparent arrives",
        );
    }
    if let Some(root) = failures.one(trace, caller, "/chain", "server", "the caller") {
        check_calls(trace, root, &mut failures);
    }
    failures.0
}

/// Checks the three calls of `root`, and the server span of each.
fn check_calls(trace: &Trace, root: &Span, failures: &mut Failures) {
    let clients: Vec<&Span> = trace.children(&root.id).collect();
    failures.unless(
        clients.len() == 3
            && clients
                .iter()
                .all(|span| span.kind() == "client" && span.service == root.service),
        || {
            format!(
                "three client spans of {} below {}",
                root.service,
                describe(root)
            )
        },
        || list(&clients),
        "the service's log for a failed call",
    );
    for (client, route) in clients.iter().zip(["/", "/io_task", "/cpu_task"]) {
        let Some(server) = failures.one(trace, &client.id, route, "server", "the call") else {
            continue;
        };
        failures.unless(
            (server.service == root.service) == (route == "/"),
            || {
                format!(
                    "{route} in {}",
                    if route == "/" {
                        "the same service"
                    } else {
                        "another service"
                    }
                )
            },
            || format!("{}, called by {}", server.service, root.service),
            "TARGET_ONE_HOST, TARGET_TWO_HOST and APP_NAME of the services",
        );
        if route == "/cpu_task" {
            let children: Vec<&Span> = trace.children(&server.id).collect();
            failures.unless(
                matches!(children.as_slice(), [child] if child.service == server.service),
                || format!("one span below {}", describe(server)),
                || list(&children),
                CHECK_LOGS,
            );
        }
    }
}

#[derive(Default)]
struct Failures(Vec<Failure>);

impl Failures {
    fn unless(
        &mut self,
        holds: bool,
        expected: impl FnOnce() -> String,
        found: impl FnOnce() -> String,
        check: &str,
    ) {
        if !holds {
            self.0.push(Failure {
                expected: expected(),
                found: found(),
                check: check.to_owned(),
            });
        }
    }

    /// Returns the only child of `parent`, if it is a span of `route`; else adds a failure.
    fn one<'t>(
        &mut self,
        trace: &'t Trace,
        parent: &'t str,
        route: &str,
        kind: &str,
        below: &str,
    ) -> Option<&'t Span> {
        let children: Vec<&Span> = trace.children(parent).collect();
        let operation = format!("GET {route}");
        let fits = |span: &Span| span.operation == operation && span.kind() == kind;
        match children.as_slice() {
            [only] if fits(only) => Some(only),
            other => {
                let found = list(other);
                self.unless(
                    false,
                    || format!("one {kind} span {operation} below {below}"),
                    || found,
                    "that the span's service can send it, and that traceparent arrives there",
                );
                None
            }
        }
    }
}

fn list(spans: &[&Span]) -> String {
    if spans.is_empty() {
        return "none".to_owned();
    }
    let described: Vec<String> = spans.iter().map(|span| describe(span)).collect();
    described.join(", ")
}

fn describe(span: &Span) -> String {
    let kind = match span.kind() {
        "" => "internal",
        kind => kind,
    };
    format!("{kind} span {:?} of {}", span.operation, span.service)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CALLER: &str = "00000000000000ff";

    fn span(id: &str, parent: &str, service: &str, operation: &str, kind: &str) -> Span {
        Span {
            id: id.to_owned(),
            parent: Some(parent.to_owned()),
            service: service.to_owned(),
            operation: operation.to_owned(),
            start: id.parse().unwrap(),
            duration: 1,
            tags: vec![("span.kind".to_owned(), json!(kind))],
        }
    }

    fn good() -> Trace {
        Trace {
            id: "1".to_owned(),
            spans: vec![
                span("1", CALLER, "app-a", "GET /chain", "server"),
                span("2", "1", "app-a", "GET", "client"),
                span("3", "2", "app-a", "GET /", "server"),
                span("4", "1", "app-a", "GET", "client"),
                span("5", "4", "app-b", "GET /io_task", "server"),
                span("6", "1", "app-a", "GET", "client"),
                span("7", "6", "app-c", "GET /cpu_task", "server"),
                span("8", "7", "app-c", "count primes", ""),
            ],
        }
    }

    #[test]
    fn a_good_trace_has_no_failures() {
        assert_eq!(check(&good(), CALLER), []);
    }

    #[test]
    fn any_missing_span_is_noticed() {
        for missing in 0..SPANS {
            let mut trace = good();
            let span = trace.spans.remove(missing);
            assert!(check(&trace, CALLER).len() >= 2, "without {span:?}");
        }
    }

    #[test]
    fn a_lost_parent_is_named() {
        let mut trace = good();
        trace.spans.remove(3);
        let failures = check(&trace, CALLER);
        assert!(
            failures.iter().any(|failure| failure.expected
                == r#"the parent of server span "GET /io_task" of app-b in the trace"#),
            "{failures:?}"
        );
    }

    #[test]
    fn a_target_in_the_same_service_is_noticed() {
        let mut trace = good();
        trace.spans[4].service = "app-a".to_owned();
        assert_eq!(check(&trace, CALLER).len(), 2);
    }

    #[test]
    fn a_second_trace_root_is_noticed() {
        let mut trace = good();
        trace.spans[2].parent = None;
        assert!(!check(&trace, CALLER).is_empty());
    }
}
