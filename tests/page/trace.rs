//! A trace: its spans, their details, and the address that keeps the view.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::{Span, Tag},
    spans::{HOSTILE, shop, span, store},
};

/// WebDriver's numbers of keys.
const END: &str = "\u{e010}";
const HOME: &str = "\u{e011}";
const LEFT: &str = "\u{e012}";
const DOWN: &str = "\u{e015}";

const SELECTED: &str = "document.querySelector('[aria-selected=true] .name')?.innerText";
const ROWS: &str = "document.querySelectorAll('.row').length";
const QUERY: &str = "decodeURIComponent(location.search)";

async fn open(jaeger: &Jaeger, path: &str) -> Browser {
    let browser = Browser::start().await;
    browser
        .open(jaeger.url().join(path).unwrap().as_str())
        .await;
    browser
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn spans_are_nested_and_the_way_of_each_is_shown() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let browser = open(&jaeger, "/trace/a").await;
    browser.until(ROWS, 4).await;
    let levels = "[...document.querySelectorAll('.row')].map((row) => row.ariaLevel).join()";
    browser.until(levels, "1,2,3,2").await;
    browser.until_says("#tree", "HTTP").await;
    browser.until_says("#details", "elsewhere").await;

    browser.click("#next").await;
    browser.until(SELECTED, "bank pay").await;
    browser.until_says("#details", "no luck").await;
    browser.until_says("#details", "child of").await;
    // It may be large, and nothing of it is new.
    browser.until_answered("/api/traces?traceID=", 1).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_deep_link_survives_a_reload() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let browser = open(&jaeger, "/trace/a").await;
    browser.until(ROWS, 4).await;
    browser.keys("#tree", &[DOWN, LEFT].concat()).await;
    browser.until(ROWS, 3).await;
    browser
        .until(QUERY, "?span=0000000000000002&closed=0000000000000002")
        .await;
    browser.reload().await;
    browser.until(SELECTED, "shop ask the bank").await;
    browser.until(ROWS, 3).await;

    // The error is below the closed span: it opens.
    browser.click("#next").await;
    browser.until(QUERY, "?span=0000000000000003").await;
    browser.keys("#find", "fetch").await;
    browser.until_says("#matches", "1 span").await;
    browser.until(ROWS, 2).await;
    browser
        .until(QUERY, "?uiFind=fetch&span=0000000000000003")
        .await;
    browser.reload().await;
    browser
        .until("document.getElementById('find').value", "fetch")
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_keyboard_reaches_every_span() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let browser = open(&jaeger, "/trace/a").await;
    browser.until(SELECTED, "shop buy").await;
    for (key, selected) in [
        (DOWN, "shop ask the bank"),
        (END, "store fetch"),
        (LEFT, "shop buy"),
        (END, "store fetch"),
        (HOME, "shop buy"),
    ] {
        browser.keys("#tree", key).await;
        browser.until(SELECTED, selected).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_spans_say_is_text() {
    let jaeger = Jaeger::start();
    let mut hostile = span(13, 1, 0, HOSTILE, HOSTILE);
    hostile.tags = vec![
        Tag::text(HOSTILE, HOSTILE),
        Tag::text("internal.span.receiver", HOSTILE),
    ];
    store(&jaeger, &[hostile]).await;
    let browser = open(&jaeger, "/trace/d").await;
    for place in [
        "#title",
        "#summary",
        "#tree .name",
        "#details",
        "#details th",
    ] {
        browser.until(
            &format!("[...document.querySelectorAll('{place}')].some((it) => it.textContent.includes({HOSTILE:?}))"),
            true,
        ).await;
    }
    browser
        .until(
            "document.querySelectorAll('main img, main script').length",
            0,
        )
        .await;
    browser
        .until("document.title.startsWith('<img')", true)
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn spans_that_are_each_others_parents_are_all_shown() {
    let jaeger = Jaeger::start();
    let spans = [
        span(14, 1, 2, "loop", "one"),
        span(14, 2, 1, "loop", "two"),
        span(14, 3, 99, "loop", "orphan"),
    ];
    store(&jaeger, &spans).await;
    let browser = open(&jaeger, "/trace/e").await;
    browser.until(ROWS, 3).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_trace_that_is_not_there_is_said_to_be_missing() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/f").await;
    browser.until_says("#summary", "trace not found").await;
    // Jaeger alone has neither log lines nor buttons.
    browser
        .until("document.getElementById('lines').checkVisibility()", false)
        .await;
    browser
        .until(
            "document.querySelectorAll('nav a[href$=\"/logs\"]').length",
            0,
        )
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn an_open_trace_grows_and_nobody_loses_their_place() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/1f").await;
    browser.until_says("#summary", "trace not found").await;
    // The children arrive first; until the user selects a span, the first one is selected.
    let child = |id| span(31, id, 1, "shop", &format!("part {id}"));
    let children: Vec<_> = (2..=100).map(child).collect();
    store(&jaeger, &children).await;
    browser.until(SELECTED, "shop part 2").await;
    store(&jaeger, &[span(31, 1, 0, "shop", "all")]).await;
    browser.until(SELECTED, "shop all").await;
    browser.until("location.search", "").await;

    browser.keys("#tree", END).await;
    browser.until(SELECTED, "shop part 100").await;
    browser
        .run("document.getElementById('tree').scrollTop = 600")
        .await;
    let below = [
        span(31, 101, 100, "bank", "late"),
        span(31, 102, 101, "bank", "later"),
    ];
    store(&jaeger, &below).await;
    browser.until_says("#summary", "102 spans").await;
    browser
        .until("document.getElementById('tree').scrollTop", 600)
        .await;
    browser.until_says("#details h2", "part 100").await;
    browser.keys("#tree", &[END, LEFT, LEFT].concat()).await;
    browser
        .until(QUERY, "?span=0000000000000065&closed=0000000000000065")
        .await;
    store(&jaeger, &[span(31, 103, 1, "bank", "last")]).await;
    browser.until_says("#summary", "103 spans").await;
    browser.until(SELECTED, "bank late").await;
    browser
        .until(
            "document.querySelector('[aria-selected=true]').ariaExpanded",
            "false",
        )
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_trace_that_lost_its_selected_span_shows_another() {
    let jaeger = Jaeger::start_with(&["--max-memory-mib", "1"]);
    store(&jaeger, &[span(31, 1, 0, "shop", "first")]).await;
    let browser = open(&jaeger, "/trace/1f").await;
    browser.until(SELECTED, "shop first").await;
    browser.keys("#tree", HOME).await;
    browser.until(QUERY, "?span=0000000000000001").await;
    // Larger traces evict it; after that, two more of its spans arrive.
    let text = "x".repeat(800_000);
    for id in [32, 33] {
        let large = Span {
            tags: vec![Tag::text("large", &text)],
            ..span(id, 1, 0, "shop", "large")
        };
        store(&jaeger, &[large]).await;
    }
    let late = [
        span(31, 2, 0, "shop", "second"),
        span(31, 3, 2, "shop", "third"),
    ];
    store(&jaeger, &late).await;
    browser.until_says("#summary", "2 spans").await;
    browser.until(SELECTED, "shop second").await;
    browser.until_says("#details h2", "second").await;
    browser.assert_quiet().await;
}
