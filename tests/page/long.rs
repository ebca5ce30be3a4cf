//! Names and texts of any length do not push the rest of the page out of sight.

use crate::{
    embedded::Embedded,
    model::{Span, Tag},
    spans::{span, store},
};

/// A query, as GraphQL names its spans, and a single word.
fn names() -> [String; 2] {
    let fields: Vec<_> = (0..130)
        .map(|n| format!("field{n} {{ id name }}"))
        .collect();
    [
        format!("query Orders {{ {} }}", fields.join(" ")),
        "y".repeat(10_000),
    ]
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn long_names_push_nothing_out_of_sight() {
    let embedded = Embedded::start().await;
    let jaeger = &embedded.jaeger;
    let [query, word] = names();
    let lines = "at frame\n".repeat(60);
    let long = |trace, service: &str, operation: &str| Span {
        tags: vec![
            Tag::text(&word, "short"),
            Tag::text("document", &query),
            Tag::text("stack", &lines),
        ],
        ..span(trace, 1, 0, service, operation)
    };
    // Log lines belong to trace 10.
    store(jaeger, &[long(10, &word, &word)]).await;
    store(jaeger, &[long(11, "graph", &query)]).await;
    embedded.push(&word, "INFO", 1, &word);
    embedded.push("short", "INFO", 1, "short");

    let browser = embedded.open("/trace/a").await;
    for width in [1280, 400] {
        browser.width(width).await;
        for (path, ready, places) in [
            (
                "/trace/b",
                "#tree",
                &[("h1", 65), ("#details h2", 60), ("#details tr", 130)][..],
            ),
            (
                "/trace/a",
                "#line-list li:nth-child(2)",
                &[
                    ("h1", 65),
                    ("#summary > span", 75),
                    ("#details h2", 60),
                    ("#details tr", 130),
                    ("#line-list li", 240),
                ],
            ),
            (
                "/search?service=graph",
                "#results li",
                &[("#results li", 150)],
            ),
            (
                &format!("/search?service={word}"),
                "#results li",
                &[("#results li", 190)],
            ),
            ("/services", "#operations td", &[("#operations tr", 70)]),
            ("/logs", "#lines li:nth-child(2)", &[("#lines li", 200)]),
        ] {
            browser
                .open(jaeger.url().join(path).unwrap().as_str())
                .await;
            browser
                .until(&format!("document.querySelector('{ready}') !== null"), true)
                .await;
            for (selector, most) in places {
                let heights = format!(
                    "[...document.querySelectorAll('{selector}')].map((it) => Math.ceil(it.getBoundingClientRect().height)).filter((height) => height > {most})"
                );
                let found = browser.run(&format!("return {heights}")).await;
                assert_eq!(found, serde_json::json!([]), "{path} {selector} at {width}");
            }
            browser
                .until("document.documentElement.scrollWidth > innerWidth", false)
                .await;
        }
    }

    // The whole text is available.
    let url = jaeger.url().join("/trace/b").unwrap();
    browser.open(url.as_str()).await;
    browser
        .until(
            "document.querySelector('h1 .clamp')?.title",
            format!("graph: {query}"),
        )
        .await;
    browser.click("#details summary").await;
    browser
        .until_says("#details .long[open]", "field129 { id name } }")
        .await;
    // Unfolding a log line does not select its span.
    let url = jaeger.url().join("/trace/a").unwrap();
    browser.open(url.as_str()).await;
    browser
        .until("document.querySelectorAll('#line-list .long').length", 1)
        .await;
    browser.click("#line-list summary").await;
    browser
        .until(
            "document.querySelectorAll('#line-list .long[open]').length",
            1,
        )
        .await;
    browser.until("location.search", "").await;
    browser.assert_quiet().await;
}
