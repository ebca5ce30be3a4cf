//! The root of a trace, spans with missing parents, and spans without a start.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::{RefKind, Span, SpanId, SpanRef, TraceId},
    spans::{span, store},
};

const ROWS: &str = "[...document.querySelectorAll('.row')].map((row) => `${row.ariaLevel} ${row.querySelector('.name').innerText}`).join('; ')";
const SELECTED: &str = "document.querySelector('[aria-selected=true] .name')?.innerText";
const MARKED: &str =
    "[...document.querySelectorAll('.row .mark.warning')].map((it) => it.ariaLabel).join('; ')";

fn naming(span: Span, references: &[(RefKind, u64)]) -> Span {
    let reference = |(kind, id): &(RefKind, u64)| SpanRef {
        kind: *kind,
        trace_id: span.trace_id,
        span_id: SpanId(*id),
    };
    Span {
        references: references.iter().map(reference).collect(),
        ..span
    }
}

/// Sets start and duration in milliseconds; the start is relative to the helper's.
fn timed(span: Span, start: i64, duration: i64) -> Span {
    Span {
        start_ns: span.start_ns + (start - span.span_id.0 as i64) * 1_000_000,
        duration_ns: duration * 1_000_000,
        ..span
    }
}

async fn open(browser: &Browser, jaeger: &Jaeger, path: &str) {
    browser
        .open(jaeger.url().join(path).unwrap().as_str())
        .await;
}

/// A request, and a span that started before it, whose parent is missing.
fn orphaned() -> Vec<Span> {
    vec![
        timed(span(0xa01, 1, 0, "gateway", "POST /orders"), 10, 200),
        timed(span(0xa01, 2, 1, "gateway", "charge"), 30, 50),
        timed(span(0xa01, 3, 0xdead, "billing", "cache warm"), 5, 2),
    ]
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn an_orphan_that_started_earlier_does_not_name_the_trace() {
    let jaeger = Jaeger::start();
    store(&jaeger, &orphaned()).await;
    let browser = Browser::start().await;
    open(&browser, &jaeger, "/trace/a01").await;
    browser.until_says("#title", "gateway: POST /orders").await;
    browser
        .until("document.title", "gateway: POST /orders – axum-jaeger")
        .await;
    browser.until_says("#summary", "205 ms").await;
    browser
        .until_says("#summary", "incomplete: 1 parent missing")
        .await;
    browser
        .until(
            ROWS,
            "1 billing cache warm; 1 gateway POST /orders; 2 gateway charge",
        )
        .await;
    browser.until(SELECTED, "gateway POST /orders").await;
    browser
        .until_says("#details", "on the critical path\t150 ms")
        .await;
    browser
        .until(MARKED, "its parent 000000000000dead is missing")
        .await;

    // A missing parent has no link.
    browser.click(".row .mark.warning").await;
    browser
        .until_says("#details", "000000000000dead, which is not in this trace")
        .await;
    let links = "document.querySelectorAll('#details a').length";
    browser.until(links, 0).await;

    open(&browser, &jaeger, "/search?service=billing").await;
    browser
        .until_says("#results", "gateway: POST /orders")
        .await;
    browser.until_says("#results", "3 spans, incomplete").await;
    browser
        .until(
            "document.querySelector('#scatter a').ariaLabel.startsWith('gateway: POST /orders, 205 ms, 3 spans, 1 parent missing,')",
            true,
        )
        .await;

    // The trace is complete once the parent arrives.
    open(&browser, &jaeger, "/trace/a01?span=000000000000dead").await;
    browser
        .until_says("#summary", "span 000000000000dead is not in this trace")
        .await;
    browser.until(SELECTED, "gateway POST /orders").await;
    let parent = timed(span(0xa01, 0xdead, 1, "billing", "warm"), 4, 4);
    store(&jaeger, &[parent]).await;
    browser.until(SELECTED, "billing warm").await;
    browser
        .until("document.querySelectorAll('.warning').length", 0)
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_parent_is_the_first_that_is_in_the_trace() {
    use RefKind::{ChildOf, FollowsFrom};
    let jaeger = Jaeger::start();
    let spans = [
        span(0xb01, 1, 0, "batch", "job"),
        naming(
            span(0xb01, 2, 0, "batch", "item"),
            &[(ChildOf, 0xbeef), (ChildOf, 1)],
        ),
        naming(
            span(0xb01, 3, 0, "batch", "after"),
            &[(ChildOf, 0xbeef), (FollowsFrom, 2), (ChildOf, 1)],
        ),
        // It names itself first.
        naming(
            span(0xb01, 4, 0, "batch", "own"),
            &[(ChildOf, 4), (ChildOf, 1)],
        ),
        naming(span(0xb01, 5, 0, "batch", "zero"), &[(ChildOf, 0)]),
        // Two orphans of one missing parent.
        naming(
            span(0xb01, 6, 0, "batch", "lost"),
            &[(ChildOf, 0xbeef), (ChildOf, 0xfeed)],
        ),
        naming(span(0xb01, 7, 0, "batch", "too"), &[(FollowsFrom, 0xbeef)]),
    ];
    store(&jaeger, &spans).await;
    let browser = Browser::start().await;
    open(&browser, &jaeger, "/trace/b01?span=0000000000000002").await;
    browser
        .until(
            ROWS,
            "1 batch job; 2 batch item; 3 batch after; 2 batch own; 1 batch zero; 1 batch lost; 1 batch too",
        )
        .await;
    browser
        .until_says("#summary", "incomplete: 1 parent missing")
        .await;
    // Only the existing parent is a link.
    let links = "[...document.querySelectorAll('#details a')].map((it) => it.innerText).join()";
    browser.until(links, "0000000000000001").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_span_without_a_start_begins_with_its_parent() {
    let jaeger = Jaeger::start();
    let without = |span| Span {
        start_ns: 0,
        ..span
    };
    let spans = [
        timed(span(0xc01, 1, 0, "mobile", "tap"), 1, 300),
        without(timed(span(0xc01, 2, 1, "mobile", "render"), 0, 5)),
        without(timed(span(0xc01, 4, 2, "mobile", "draw"), 0, 3)),
        timed(span(0xc01, 3, 1, "mobile", "fetch"), 11, 100),
        // The root has none.
        without(timed(span(0xc02, 1, 0, "mobile", "tap"), 0, 300)),
        timed(span(0xc02, 2, 1, "mobile", "fetch"), 11, 100),
        // No span has one.
        without(timed(span(0xc03, 1, 0, "mobile", "tap"), 0, 300)),
        without(timed(span(0xc03, 2, 1, "mobile", "fetch"), 0, 100)),
    ];
    store(&jaeger, &spans).await;
    let browser = Browser::start().await;
    let bars = "[...document.querySelectorAll('.bar')].map(({ style }) => Math.round(parseFloat(style.left.replace('min(', '')))).join()";
    open(&browser, &jaeger, "/trace/c01?span=0000000000000002").await;
    browser.until_says("#summary", "300 ms").await;
    browser.until(bars, "0,0,0,3").await;
    browser
        .until_says("#details", "unknown; drawn where its parent begins")
        .await;
    open(&browser, &jaeger, "/trace/c02").await;
    browser.until_says("#summary", "300 ms").await;
    browser.until(bars, "0,0").await;
    browser
        .until_says("#details", "unknown; drawn where the trace begins")
        .await;
    open(&browser, &jaeger, "/trace/c03").await;
    browser.until_says("#summary", "unknown").await;
    browser.until_says("#summary", "300 ms").await;
    open(&browser, &jaeger, "/search?service=mobile").await;
    browser.until_says("#found", "2 traces").await;
    browser
        .until(
            "[...document.querySelectorAll('#results .name + .duration')].map((it) => it.innerText).join()",
            "300 ms,300 ms",
        )
        .await;
    browser
        .until("document.body.innerText.includes('1970')", false)
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_reference_to_another_trace_is_followed_to_it() {
    let jaeger = Jaeger::start();
    let other = SpanRef {
        kind: RefKind::FollowsFrom,
        trace_id: TraceId(0xa01),
        span_id: SpanId(2),
    };
    let linking = Span {
        references: vec![other],
        ..span(0xd01, 1, 0, "batch", "after")
    };
    store(&jaeger, &orphaned()).await;
    store(&jaeger, &[linking]).await;
    let browser = Browser::start().await;
    open(&browser, &jaeger, "/trace/d01").await;
    browser
        .until_says("#details", "0000000000000002 of trace 0000000000000a01")
        .await;
    browser.until_says("#summary", "1 span").await;
    browser
        .until("document.querySelectorAll('.warning').length", 0)
        .await;
    browser.click("#details a").await;
    browser.until(SELECTED, "gateway charge").await;
    browser.assert_quiet().await;
}
