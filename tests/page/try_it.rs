//! The page of the demo: one click makes a trace, and shows it with its log lines.

use crate::{browser::Browser, demo::Demo};

/// WebDriver's number of the key.
const ENTER: &str = "\u{e007}";

const ROWS: &str = "document.querySelectorAll('.row').length";
const LINES: &str = "document.querySelectorAll('#line-list li').length";
const SERVICES: &str = "[...new Set([...document.querySelectorAll('#line-list .service')].map((it) => it.innerText.trim()))].sort().join()";
const SELECTED: &str = "document.querySelector('[aria-selected=true] .name')?.innerText";
const NARROWED: &str = "new URLSearchParams(location.search).get('lines')";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn one_click_on_chain_leads_to_the_waterfall_of_three_services_and_their_lines() {
    let demo = Demo::start(&[]);
    let browser = Browser::start().await;
    browser.open(&demo.jaeger).await;
    browser.until_says("#try", "Try it").await;
    browser.click("#requests button").await;
    browser
        .until("location.pathname.startsWith('/trace/')", true)
        .await;
    browser.until_says("#title", "app-a: GET /chain").await;
    browser.until(ROWS, 8).await;
    browser.until(SERVICES, "app-a,app-b,app-c").await;
    browser.until(LINES, 9).await;
    let of_paths = "[...new Set([...document.querySelectorAll('.path')].map((it) => it.innerText))].sort().join()";
    browser.until(of_paths, "HTTP,UDP,gRPC").await;
    // Without a selection it is the root, in whatever order spans arrived.
    browser.until(SELECTED, "app-a GET /chain").await;
    browser.until("location.search", "").await;

    // A span's own lines, and back.
    let io_task = "[...document.querySelectorAll('.row')].find((row) => row.innerText.includes('GET /io_task'))";
    browser.run(&format!("{io_task}.click()")).await;
    browser.until(SERVICES, "app-b").await;
    browser.until(LINES, 2).await;
    browser.until(NARROWED, "span").await;
    browser.reload().await;
    browser.until(SELECTED, "app-b GET /io_task").await;
    browser.until(LINES, 2).await;
    browser.click("#all-lines").await;
    browser.until(LINES, 9).await;
    browser.until(NARROWED, serde_json::Value::Null).await;

    // A line's span; all lines stay.
    browser
        .run("[...document.querySelectorAll('#line-list li')].find((line) => line.innerText.includes('cpu task')).click()")
        .await;
    browser.until(SELECTED, "app-c GET /cpu_task").await;
    browser.until_says("#details h2", "GET /cpu_task").await;
    browser.until(LINES, 9).await;
    browser.keys("#line-list li a", ENTER).await;
    browser.until(SELECTED, "app-a GET /chain").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_request_that_fails_has_a_trace_too_and_buttons_work_again_afterwards() {
    let demo = Demo::start(&[]);
    let browser = Browser::start().await;
    browser.open(&demo.jaeger).await;
    browser.keys("#requests button:last-child", ENTER).await;
    browser.until_says("#title", "app-a: GET /error_test").await;
    browser.until_says("#line-list .level.error", "ERROR").await;
    browser.until_says("#summary", "1 error").await;
    browser.back().await;
    browser.until_says("#try", "Try it").await;
    browser.keys("#requests button:nth-child(2)", ENTER).await;
    browser.until_says("#title", "app-a: GET /").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_log_is_searched_and_each_line_leads_to_its_trace() {
    let demo = Demo::start(&[]);
    let browser = Browser::start().await;
    browser.open(&demo.jaeger).await;
    browser.click("nav a[href$='/logs']").await;
    browser.until_says("#lines", "listening on").await;
    // Lines of no trace lead nowhere.
    browser
        .until("document.querySelectorAll('#lines a').length", 0)
        .await;

    // Live: the request is made after the page was opened.
    let hostile = "%3Cimg%20src=x%20onerror=document.title=1%3E";
    let path = format!("{}/{hostile}", demo.app);
    assert_eq!(reqwest::get(path).await.unwrap().status(), 404);
    browser
        .until_says("#lines li:first-child", &format!("GET /{hostile}"))
        .await;
    browser.keys("[name=text]", "get /%3cIMG").await;
    browser.until_says("#found", "1 line").await;
    browser.keys("[name=service]", "app-a").await;
    let query = "location.search";
    browser
        .until(query, "?service=app-a&text=get+%2F%253cIMG")
        .await;
    browser.reload().await;
    browser.until_says("#found", "1 line").await;
    browser.until("document.title", "Logs – axum-jaeger").await;
    browser.click("#lines a").await;
    browser.until_says("#title", "app-a: GET").await;
    browser.until_says("#line-list", hostile).await;
    browser.assert_quiet().await;
}
