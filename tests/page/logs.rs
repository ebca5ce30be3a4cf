//! The log view, and the lines of a trace.

use embedded_jaeger::LogLine;

use crate::{
    embedded::Embedded,
    spans::{HOSTILE, shop, store},
};

const LINES: &str = "document.querySelectorAll('#lines li').length";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_lines_say_is_text() {
    let embedded = Embedded::start().await;
    store(&embedded.jaeger, &shop()).await;
    embedded.push(HOSTILE, HOSTILE, 1, HOSTILE);
    let mut line = LogLine::new("shop", HOSTILE);
    line.target = Some(HOSTILE.to_owned());
    embedded.logs.push(line);
    let browser = embedded.open("/logs").await;
    for (path, title) in [("/logs", "Logs"), ("/trace/a", "shop: buy")] {
        let url = embedded.jaeger.url().join(path).unwrap();
        browser.open(url.as_str()).await;
        browser.until_says("#lines .message", HOSTILE).await;
        browser.until_says("#lines", HOSTILE).await;
        let elements = "document.querySelectorAll('main img, main script').length";
        browser.until(elements, 0).await;
        let title = format!("{title} – axum-jaeger");
        browser.until("document.title", title).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn new_lines_come_first_unless_it_is_paused_and_old_ones_leave() {
    let embedded = Embedded::start().await;
    let browser = embedded.open("/logs").await;
    browser.until_says("#found", "0 lines").await;
    embedded.push("shop", "INFO", 1, "first");
    browser.until_says("#lines", "first").await;
    browser
        .run("window.first = document.querySelector('#lines li')")
        .await;
    embedded.push("shop", "WARN", 2, "second");
    browser.until_says("#lines li", "second").await;
    // Existing lines stay, since the user may be reading or selecting them.
    browser
        .until(
            "window.first === document.querySelectorAll('#lines li')[1]",
            true,
        )
        .await;

    browser.click("#pause").await;
    embedded.push("bank", "ERROR", 3, "third");
    browser.keys("[name=text]", "first").await;
    browser.until_says("#found", "1 line").await;
    browser.run("document.forms[0].reset()").await;
    browser.click("#pause").await;
    browser.until_says("#lines li", "third").await;
    for n in 0..300 {
        embedded.push("shop", "INFO", 4, &format!("line {n}"));
    }
    browser.until_says("#found", "The newest 200 lines").await;
    browser.until_says("#lines li", "line 299").await;
    browser.until(LINES, 200).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn lines_that_come_late_are_added_to_an_open_trace() {
    let embedded = Embedded::start().await;
    store(&embedded.jaeger, &shop()).await;
    let browser = embedded
        .open("/trace/a?span=0000000000000003&lines=span")
        .await;
    browser.until_says("#lines", "There are none.").await;
    embedded.push("bank", "ERROR", 3, "no luck");
    browser.until_says("#line-list", "no luck").await;
    embedded.push("shop", "INFO", 1, "sold nothing");
    browser
        .until_says("#all-lines", "All lines of the trace (2)")
        .await;
    browser.until(LINES, 1).await;
    browser.click("#all-lines").await;
    // Sorted by time, with the name of each line's span.
    browser
        .until(
            "[...document.querySelectorAll('#lines a')].map((it) => it.innerText).join()",
            "buy,pay",
        )
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_cannot_be_sent_is_said_beside_the_button() {
    let embedded = Embedded::start().await;
    let browser = embedded.open("/").await;
    browser.until_says("#requests", HOSTILE).await;
    browser.click("#requests button").await;
    browser.until_says("#sent", "no answer").await;
    browser.until("location.pathname", "/").await;
}
