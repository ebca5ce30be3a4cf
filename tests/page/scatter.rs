//! The scatter of a search: each trace by its start and its duration.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::{Span, SpanId, TraceId},
    spans::{failed, span, store},
};

/// WebDriver's numbers of keys.
const HOME: &str = "\u{e011}";
const RIGHT: &str = "\u{e014}";
const ENTER: &str = "\u{e007}";

/// The traces, as they are read aloud, without their times.
const NAMES: &str = "[...document.querySelectorAll('#scatter a')].map((it) => it.ariaLabel.replace(/, [0-9]{4}-.*/, '')).join('; ')";

async fn open(jaeger: &Jaeger, query: &str) -> Browser {
    let browser = Browser::start().await;
    let url = jaeger.url().join(&format!("/search?{query}")).unwrap();
    browser.open(url.as_str()).await;
    browser
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn traces_stand_where_their_start_and_duration_say() {
    let jaeger = Jaeger::start();
    let first = span(10, 1, 0, "shop", "buy");
    let at = |trace, seconds: i64, duration_ns| Span {
        trace_id: TraceId(trace),
        operation: "look".into(),
        start_ns: first.start_ns + seconds * 1_000_000_000,
        duration_ns,
        ..first.clone()
    };
    let spans = [
        first.clone(),
        failed(Span {
            span_id: SpanId(2),
            ..first.clone()
        }),
        at(11, 20, 10_000_000),
        at(12, 40, 100_000_000),
    ];
    store(&jaeger, &spans).await;
    let browser = open(&jaeger, "service=shop").await;
    browser
        .until(
            NAMES,
            "shop: buy, 1 s, 2 spans, 1 error; shop: look, 10 ms, 1 span; shop: look, 100 ms, 1 span",
        )
        .await;
    // From 10 ms at the bottom to 1 s at the top: a tenth is half of the way.
    let places = "[...document.querySelectorAll('#scatter a')].map(({ parentNode: it }) => \
        [it.getAttribute('x'), it.getAttribute('y')].map((part) => Math.round(parseFloat(part)))).join('; ')";
    browser.until(places, "0,0; 50,100; 100,50").await;
    let shapes = "[...document.querySelectorAll('#scatter .dot')].map((it) => it.tagName).join()";
    browser.until(shapes, "path,circle,circle").await;

    // One stop of the tab key for all of them.
    let stops = "document.querySelectorAll('#scatter a:not([tabindex=\"-1\"])').length";
    browser.keys("#scatter a", RIGHT).await;
    browser
        .until("document.activeElement.ariaLabel.includes('10 ms')", true)
        .await;
    browser.until(stops, 1).await;
    browser.keys("#scatter a[tabindex='0']", HOME).await;
    browser.keys("#scatter a[tabindex='0']", ENTER).await;
    browser
        .until("location.pathname", "/trace/000000000000000a")
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn fifteen_hundred_traces_fit_on_any_screen() {
    let jaeger = Jaeger::start();
    let spans: Vec<_> = (1..=1_500_u64)
        .map(|n| span(u128::from(n), n, 0, "many", "o"))
        .collect();
    store(&jaeger, &spans).await;
    let browser = open(&jaeger, "service=many&limit=1500").await;
    browser
        .until("document.querySelectorAll('#scatter .dot').length", 1_500)
        .await;
    browser
        .until(
            "document.querySelectorAll('#scatter a[tabindex=\"0\"]').length",
            1,
        )
        .await;
    for width in [360, 2560] {
        browser.width(width).await;
        browser.until("innerWidth", width).await;
        browser
            .until("document.documentElement.scrollWidth > innerWidth", false)
            .await;
        let outside = "[...document.querySelectorAll('#scatter .dot')].filter((it) => { \
            const box = it.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth; }).length";
        browser.until(outside, 0).await;
    }
    browser.assert_quiet().await;
}
