//! Search: the form and the address agree, and new traces appear.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    spans::{HOSTILE, shop, span, store},
};

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_search_finds_a_trace_and_opens_it() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    store(&jaeger, &[span(11, 1, 0, "shop", "look")]).await;
    let browser = Browser::start().await;
    browser
        .open(jaeger.url().join("/search?service=shop").unwrap().as_str())
        .await;
    browser.until_says("#found", "2 traces").await;

    browser.keys("[name=operation]", "ask").await;
    browser.keys("[name=minDuration]", "1ms").await;
    browser.click("form button").await;
    browser.until_says("#found", "1 trace").await;
    browser.until_says("#results", "shop: buy").await;
    browser.until_says("#results", "bank (1)").await;
    browser.until_says("#results", "4 spans, 1 error").await;
    browser
        .until(
            "new URLSearchParams(location.search).get('operation')",
            "ask the bank",
        )
        .await;
    browser.reload().await;
    browser.until_says("#found", "1 trace").await;
    browser
        .until("document.forms[0].minDuration.value", "1ms")
        .await;

    browser.click("#results a").await;
    browser
        .until("location.pathname", "/trace/000000000000000a")
        .await;
    browser.until_says("#tree", "bank pay").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn tags_are_searched_and_mistakes_are_said() {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let browser = Browser::start().await;
    let search = |query: &str| jaeger.url().join(&format!("/search?{query}")).unwrap();
    let by_tags = |tags: &str| {
        let mut url = search("");
        url.query_pairs_mut()
            .extend_pairs([("service", "bank"), ("tags", tags)]);
        url
    };
    for (tags, found) in [
        (r#"error=true reason="no luck""#, "1 trace"),
        (r#"{"reason":"no luck"}"#, "1 trace"),
        ("reason=luck", "0 traces"),
    ] {
        browser.open(by_tags(tags).as_str()).await;
        browser.until_says("#found", found).await;
    }
    browser.assert_quiet().await;
    let wrong = search("service=shop&minDuration=long");
    browser.open(wrong.as_str()).await;
    browser.until_says("#found", "invalid duration").await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn without_spans_it_says_so() {
    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser.until_says("#found", "No spans have arrived").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn new_traces_appear_unless_it_is_paused() {
    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser.until_says("#found", "No spans have arrived").await;
    browser.until_answered("/api/services", 2).await;
    store(&jaeger, &[span(20, 1, 0, "shop", "first")]).await;
    browser.until_says("#results", "shop: first").await;
    // Again when it follows the search, once that is known.
    browser.until_answered("/api/traces?", 2).await;

    browser.click("#pause").await;
    store(&jaeger, &[span(21, 1, 0, "shop", "second")]).await;
    store(&jaeger, &[span(22, 1, 0, "other", "third")]).await;
    browser.until_says("#found", "1 trace").await;
    browser.click("#pause").await;
    browser.until_says("#results", "shop: second").await;
    browser.until("document.forms[0].service.length", 2).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn only_what_changed_is_asked_for() {
    let jaeger = Jaeger::start();
    store(&jaeger, &[span(23, 1, 0, "shop", "first")]).await;
    let browser = Browser::start().await;
    let url = jaeger.url().join("/search?service=shop&limit=2").unwrap();
    browser.open(url.as_str()).await;
    // One at once, and one for spans that may have arrived before the messages.
    browser.until_answered("/api/traces?service=", 2).await;
    browser.until_says("#found", "1 trace").await;

    // A span of another service belongs to the trace all the same; a trace of another service does
    // not belong to the search.
    store(&jaeger, &[span(24, 1, 0, "other", "second")]).await;
    store(&jaeger, &[span(23, 2, 1, "other", "third")]).await;
    browser.until_says("#results", "2 spans").await;
    let third = "/api/traces?traceID=0000000000000017";
    browser.until_answered(third, 1).await;
    browser
        .until("document.querySelectorAll('#results li').length", 1)
        .await;

    // No more than the limit, the latest first.
    store(&jaeger, &[span(25, 2, 0, "shop", "fourth")]).await;
    browser.until_says("#results", "fourth").await;
    store(&jaeger, &[span(26, 3, 0, "shop", "fifth")]).await;
    browser.until_says("#results", "fifth").await;
    let names = "[...document.querySelectorAll('#results .name')].map((it) => it.innerText).join()";
    browser.until(names, "shop: fifth,shop: fourth").await;
    browser.until_answered("/api/traces?service=", 2).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn hostile_names_are_text() {
    let jaeger = Jaeger::start();
    store(&jaeger, &[span(12, 1, 0, HOSTILE, HOSTILE)]).await;
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser.until_says("#results .name", HOSTILE).await;
    browser
        .until(
            "document.querySelectorAll('main img, main script').length",
            0,
        )
        .await;
    browser
        .until("document.title", "Search – axum-jaeger")
        .await;
    browser.assert_quiet().await;
}
