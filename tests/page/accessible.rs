//! Accessibility: axe finds no violation, in light and dark colours, on narrow and wide screens.

use std::path::PathBuf;

use crate::{
    browser::Browser,
    embedded::Embedded,
    spans::{shop, span, store},
};

const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/page/node_modules/axe-core/axe.min.js"
);

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn axe_finds_no_violation_and_nothing_is_wider_than_the_screen() {
    let axe = std::fs::read_to_string(AXE).expect("npm ci in tests/page");
    let check = format!(
        "{axe}; return axe.run().then(({{ violations }}) => violations.flatMap(({{ id, nodes }}) => nodes.map(({{ html }}) => `${{id}}: ${{html}}`)))"
    );
    let embedded = Embedded::start().await;
    let jaeger = &embedded.jaeger;
    store(jaeger, &shop()).await;
    let long = "a-name-without-any-place-to-break-it".repeat(5);
    store(jaeger, &[span(16, 1, 0, &long, &long)]).await;
    store(jaeger, &[span(17, 1, 2, &long, "orphan")]).await;
    for (span, level) in ["ERROR", "WARN", "INFO"].into_iter().enumerate() {
        embedded.push(&long, level, span as u64 + 1, &long);
    }
    let browser = Browser::start().await;
    let saved = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("accessible.json");
    let traces = jaeger.get("/api/traces?traceID=a&traceID=10").await;
    std::fs::write(&saved, traces.to_string()).unwrap();
    browser.open(jaeger.url().as_str()).await;
    browser.choose("#files", &[&saved]).await;
    browser
        .until_says("#found", "2 traces from accessible.json")
        .await;
    for (path, ready) in [
        ("/search?service=shop", "1 trace"),
        (
            "/search?service=shop&tags=%3Dx&lookback=soon&start=x&end=x&limit=x&other=x",
            "Nothing was searched",
        ),
        ("/trace/11", "incomplete: 1 parent missing"),
        ("/trace/a?span=0000000000000003", "no luck"),
        ("/trace/10", "elsewhere"),
        ("/services", "4 services"),
        ("/trace/a?uiFind=bank", "2 spans"),
        (
            "/trace/a?span=0000000000000002&lines=span",
            "Selected span (1)",
        ),
        ("/logs", "3 lines"),
        ("/logs?text=nothing", "0 lines"),
        ("/trace/a?zoom=500-1500", "1.5 ms of 1 s"),
        ("/file", "2 traces from accessible.json"),
        ("/file/0000000000000010", "from accessible.json"),
    ] {
        browser
            .open(jaeger.url().join(path).unwrap().as_str())
            .await;
        browser.until_says("main", ready).await;
        for width in [360, 1280, 2560] {
            browser.width(width).await;
            browser.until("innerWidth", width).await;
            let wider = "document.documentElement.scrollWidth > innerWidth";
            browser.until(wider, false).await;
            for colours in ["light", "dark"] {
                browser.colours(colours).await;
                let found = browser.run(&check).await;
                assert_eq!(found, serde_json::json!([]), "{path} {width} {colours}");
            }
        }
    }
    browser.assert_quiet().await;
}
