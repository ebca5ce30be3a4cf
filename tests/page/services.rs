//! The services: figures that were worked out by hand, in the picture and in the tables.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::{Span, Tag},
    spans::{HOSTILE, failed, shop, span, store},
};

const TABLES: [&str; 2] = ["calls", "operations"];

/// The words of a table's rows, line by line.
fn rows(table: &str) -> String {
    format!(
        "[...document.querySelectorAll('#{table} tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()).join(' | ')).join('\\n')"
    )
}

/// The labels of the picture's calls, sorted.
const LABELS: &str =
    "[...document.querySelectorAll('#graph .label')].map((it) => it.textContent).sort().join()";

/// The names of the picture's services.
const NODES: &str =
    "[...document.querySelectorAll('#graph .node')].map((it) => it.ariaLabel).join('; ')";

async fn open(jaeger: &Jaeger, path: &str) -> Browser {
    let browser = Browser::start().await;
    browser
        .open(jaeger.url().join(path).unwrap().as_str())
        .await;
    browser
}

/// Twenty requests to the shop that take 10, 20 … 200 ms.
fn looks() -> Vec<Span> {
    let look = |n| Span {
        duration_ns: i64::from(n) * 10_000_000,
        ..span(100 + u128::from(n), 1, 0, "shop", "look")
    };
    (1..=20_u32).map(look).collect()
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn calls_requests_and_percentiles_are_shown_and_lead_to_their_traces() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    store(&jaeger, &looks()).await;
    let browser = open(&jaeger, "/services").await;
    browser.until_says("#found", "3 services").await;
    // The shop's question to the bank is its own work: no request and no call.
    browser
        .until(
            NODES,
            "bank: 1 request, 100 % errors; shop: 21 requests; store: 1 request",
        )
        .await;
    browser.until(LABELS, "1,1 · 100 % errors").await;
    browser
        .until(
            &rows("calls"),
            "shop | bank | 1 | 1 | 100 %\nshop | store | 1 | 0 | 0 %",
        )
        .await;
    let look = "shop | look | 20 | 0 | 0 % | 100 ms | 190 ms | 200 ms";
    let fetch = "store | fetch | 1 | 0 | 0 % | 1 s | 1 s | 1 s";
    let pay = "bank | pay | 1 | 1 | 100 % | 1 s | 1 s | 1 s";
    let buy = "shop | buy | 1 | 0 | 0 % | 1 s | 1 s | 1 s";
    browser
        .until(&rows("operations"), [look, pay, buy, fetch].join("\n"))
        .await;

    browser
        .click("#operations thead th:nth-child(2) button")
        .await;
    let by_name = [buy, fetch, look, pay].join("\n");
    browser.until(&rows("operations"), &*by_name).await;
    browser.click("#calls thead th:nth-child(2) button").await;
    browser.click("#calls thead th:nth-child(2) button").await;
    browser
        .until("location.search", "?sort=operation&calls=-child")
        .await;
    browser.reload().await;
    browser.until(&rows("operations"), by_name).await;
    browser
        .until(
            "[...document.querySelectorAll('[aria-sort]')].map((it) => `${it.innerText} ${it.ariaSort}`).join()",
            "To descending,Operation ascending",
        )
        .await;

    browser.click("#operations a.error").await;
    browser.until_says("#found", "1 trace").await;
    browser.until_says("#results", "shop: buy").await;
    browser
        .until("document.forms[0].tags.value", "error=true")
        .await;
    browser
        .until("document.forms[0].operation.value", "pay")
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_lookback_is_chosen_and_remembered() {
    let jaeger = Jaeger::start();
    let mut old = span(30, 1, 0, "old", "o");
    old.start_ns -= 2 * 3_600 * 1_000_000_000;
    store(&jaeger, &[old, span(31, 1, 0, "new", "o")]).await;
    let browser = open(&jaeger, "/services?lookback=nonsense").await;
    browser.until_says("#found", "1 service").await;
    browser
        .until_says("#notes", "lookback=nonsense is ignored")
        .await;
    browser.keys("#lookback", "12").await;
    browser
        .until("document.getElementById('notes').innerText", "")
        .await;
    browser.until_says("#found", "2 services").await;
    browser.until("location.search", "?lookback=12h").await;
    browser.reload().await;
    browser.until_says("#found", "2 services").await;
    browser
        .until(
            "document.querySelector('#graph a').getAttribute('href')",
            "/search?service=new&lookback=12h",
        )
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn figures_follow_new_spans_unless_they_are_paused() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/services").await;
    browser.until_says("#found", "No spans").await;
    // At once, and when messages come through; from here on only when there is news.
    browser.until_answered("/page/stats", 2).await;
    store(&jaeger, &[span(40, 1, 0, "shop", "look")]).await;
    browser.until_says("#operations", "look").await;

    browser.click("#pause").await;
    store(&jaeger, &[span(41, 1, 0, "other", "see")]).await;
    browser.until_says("#found", "1 service").await;
    browser.click("#pause").await;
    browser.until_says("#found", "2 services").await;

    // The focus stays when the figures change.
    browser
        .run("[...document.querySelectorAll('#operations a')].find((it) => it.innerText === 'look').focus()")
        .await;
    store(&jaeger, &[span(42, 1, 0, "third", "gaze")]).await;
    browser.until_says("#found", "3 services").await;
    browser
        .until("document.activeElement.innerText", "look")
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn circles_calls_to_itself_and_hostile_names_are_drawn() {
    let jaeger = Jaeger::start();
    let ask = |id, parent, service: &str| span(50, id, parent, service, HOSTILE);
    let server = |mut span: Span| {
        span.tags.push(Tag::text("span.kind", "server"));
        span
    };
    let spans = [
        server(ask(1, 0, "a")),
        server(ask(2, 1, HOSTILE)),
        server(ask(3, 2, "c")),
        server(ask(4, 3, "a")),
        server(failed(ask(5, 4, "a"))),
    ];
    store(&jaeger, &spans).await;
    let browser = open(&jaeger, "/services").await;
    browser.until_says("#found", "3 services").await;
    browser.until(LABELS, "1,1,1,1 · 100 % errors").await;
    browser
        .until("document.querySelectorAll('#graph .edge').length", 4)
        .await;
    // All parts of the picture are at valid places within it.
    browser
        .until(
            "[...document.querySelectorAll('#graph .edge')].some((it) => it.getAttribute('d').includes('NaN'))",
            false,
        )
        .await;
    browser
        .until(
            "(() => { const { width, height } = document.querySelector('#graph svg').viewBox.baseVal; \
             return [...document.querySelectorAll('#graph :is(rect, path.edge)')].every((it) => { const box = it.getBBox(); \
             return box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height; }); })()",
            true,
        )
        .await;
    for table in TABLES {
        browser.until_says(&format!("#{table}"), HOSTILE).await;
    }
    browser
        .until(
            "document.querySelectorAll('main img, main script').length",
            0,
        )
        .await;
    browser
        .until("document.title", "Services – axum-jaeger")
        .await;
    browser.assert_quiet().await;
}
