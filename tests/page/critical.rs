//! The critical path of made-up traces, worked out by hand.

use serde_json::{Value, json};

use crate::{browser::Browser, jaeger::Jaeger};

/// A span's name, its parent's (none is ""), and from when to when it ran, in microseconds.
type Made<'a> = (&'a str, &'a str, i64, i64);

/// What makes `made` a trace of the API, which starts at `begin`: a time of 0 is none. A name that
/// begins with `~` follows from its parent, one with `>` is a consumer's span.
const TRACE: &str = r#"
    const { read } = await import("/page/model.js");
    const { criticalPath } = await import("/page/critical.js");
    const reference = (name, parent) => ({ refType: name[0] === "~" ? "FOLLOWS_FROM" : "CHILD_OF", traceID: "1", spanID: parent });
    const begin = 1_000_000;
    const trace = (made) => read({ processes: {}, spans: made.map(([name, parent, from, to]) => ({
        traceID: "1", spanID: name, operationName: name, startTime: begin + from, duration: to - from, logs: [], processID: "p",
        references: parent ? [reference(name, parent)] : [],
        tags: name[0] === ">" ? [{ key: "span.kind", value: "consumer" }] : [],
    })) });
"#;

async fn page(jaeger: &Jaeger) -> Browser {
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_critical_path_is_that_of_jaegers_ui() {
    let cases: [(&str, &[Made<'_>], Value); 15] = [
        (
            "a span alone",
            &[("a", "", 0, 100)],
            json!({ "a": [[0, 100]] }),
        ),
        (
            "one child after the other, with pauses",
            &[("a", "", 0, 100), ("b", "a", 10, 40), ("c", "a", 50, 90)],
            json!({ "a": [[0, 10], [40, 50], [90, 100]], "b": [[10, 40]], "c": [[50, 90]] }),
        ),
        (
            "without a pause",
            &[("a", "", 0, 100), ("b", "a", 0, 50), ("c", "a", 50, 100)],
            json!({ "b": [[0, 50]], "c": [[50, 100]] }),
        ),
        (
            "a child that ends during the last one was not waited for",
            &[("a", "", 0, 100), ("b", "a", 10, 60), ("c", "a", 50, 90)],
            json!({ "a": [[0, 50], [90, 100]], "c": [[50, 90]] }),
        ),
        (
            "nor was one that is within another",
            &[("a", "", 0, 100), ("b", "a", 10, 90), ("c", "a", 20, 50)],
            json!({ "a": [[0, 10], [90, 100]], "b": [[10, 90]] }),
        ),
        (
            "two in parallel, then a third",
            &[
                ("a", "", 0, 100),
                ("b", "a", 5, 30),
                ("c", "a", 5, 40),
                ("d", "a", 45, 80),
            ],
            json!({ "a": [[0, 5], [40, 45], [80, 100]], "c": [[5, 40]], "d": [[45, 80]] }),
        ),
        (
            "of two that end together, the one that started first",
            &[("a", "", 0, 100), ("b", "a", 10, 90), ("c", "a", 40, 90)],
            json!({ "a": [[0, 10], [90, 100]], "b": [[10, 90]] }),
        ),
        (
            "children of children",
            &[
                ("a", "", 0, 100),
                ("b", "a", 10, 90),
                ("c", "b", 20, 80),
                ("d", "c", 20, 40),
                ("e", "a", 92, 96),
            ],
            json!({
                "a": [[0, 10], [90, 92], [96, 100]],
                "b": [[10, 20], [80, 90]],
                "c": [[40, 80]],
                "d": [[20, 40]],
                "e": [[92, 96]],
            }),
        ),
        (
            "what outlives its parent counts up to the parent's end, and so do its children",
            &[
                ("a", "", 0, 100),
                ("b", "a", 60, 150),
                ("c", "b", 90, 140),
                ("d", "b", 120, 130),
            ],
            json!({ "a": [[0, 60]], "b": [[60, 90]], "c": [[90, 100]] }),
        ),
        (
            "what starts after its parent's end does not count",
            &[
                ("a", "", 0, 100),
                ("b", "a", 100, 150),
                ("c", "b", 110, 120),
            ],
            json!({ "a": [[0, 100]] }),
        ),
        (
            "a clock that is slow: the child seems to start before its parent",
            &[("a", "", 50, 150), ("b", "a", 20, 80), ("c", "a", 10, 40)],
            json!({ "a": [[80, 150]], "b": [[50, 80]] }),
        ),
        (
            "a clock that is off, and a child that seems to take longer than its parent",
            &[("a", "", 50, 150), ("b", "a", 20, 200)],
            json!({ "b": [[50, 150]] }),
        ),
        (
            "nobody waits for what follows, for consumers, or for what is below them",
            &[
                ("a", "", 0, 100),
                ("~b", "a", 10, 95),
                ("c", "~b", 20, 90),
                (">d", "a", 30, 99),
            ],
            json!({ "a": [[0, 100]] }),
        ),
        (
            "no time, no path; a second root is not waited for",
            &[
                ("a", "", 0, 100),
                ("b", "a", 50, 50),
                ("c", "", 20, 200),
                ("d", "missing", 30, 200),
            ],
            json!({ "a": [[0, 100]] }),
        ),
        (
            "spans that are each other's parents",
            &[("a", "b", 0, 100), ("b", "a", 10, 50)],
            json!({ "a": [[0, 10], [50, 100]], "b": [[10, 50]] }),
        ),
    ];
    let jaeger = Jaeger::start();
    let browser = page(&jaeger).await;
    for (case, made, expected) in cases {
        let script = format!(
            "{TRACE} const path = criticalPath(trace({}));
            return Object.fromEntries([...path].map(([node, sections]) => [node.span.spanID, sections.toReversed().map((section) => section.map((us) => us - begin))]));",
            json!(made)
        );
        assert_eq!(browser.run(&script).await, expected, "{case}");
    }
    browser.assert_quiet().await;
}

/// All of the root's time is on the path, once: its length, and how many spans are on it.
const LENGTH: &str = "
    const path = criticalPath(trace(made));
    const lengths = [...path.values()].flat().map(([from, to]) => to - from);
    return [lengths.reduce((sum, length) => sum + length, 0), path.size];
";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_trace_may_be_deep_or_wide() {
    let jaeger = Jaeger::start();
    let browser = page(&jaeger).await;
    for (case, made, expected) in [
        (
            "each below the one before",
            "Array.from({ length: 10_000 }, (_, i) => [`n${i}`, i ? `n${i - 1}` : '', i, 40_000 - i])",
            json!([40_000, 10_000]),
        ),
        (
            "all below the first",
            "Array.from({ length: 200_001 }, (_, i) => i ? [`n${i}`, 'n0', 2 * i, 2 * i + 1] : ['n0', '', 0, 1_000_000])",
            json!([1_000_000, 200_001]),
        ),
    ] {
        let script = format!("{TRACE} const made = {made}; {LENGTH}");
        assert_eq!(browser.run(&script).await, expected, "{case}");
    }
}
