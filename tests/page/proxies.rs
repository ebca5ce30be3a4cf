//! The page behind proxies.

use std::path::PathBuf;

use crate::{
    browser::Browser,
    demo::Demo,
    embedded::Embedded,
    proxy::{KeepsBack, Proxy},
    spans::{shop, span, store},
};

/// The path of each view, and a part of what it shows of the shop.
const VIEWS: [(&str, &str); 4] = [
    ("search?service=shop", "shop: buy"),
    ("trace/a", "shop: buy"),
    ("services", "Calls between services"),
    ("logs", "sold nothing"),
];

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn every_view_asks_at_once_and_for_news_where_messages_are_kept_back() {
    let embedded = Embedded::start().await;
    let jaeger = &embedded.jaeger;
    store(jaeger, &shop()).await;
    embedded.push("shop", "INFO", 1, "sold nothing");
    let browser = Browser::start().await;
    let mut id = 4;
    for keeps_back in [KeepsBack::HeadAndBody, KeepsBack::Body, KeepsBack::All] {
        let proxy = Proxy::start(embedded.url(), "/", keeps_back).await;
        for (view, ready) in VIEWS {
            browser.open(proxy.url.join(view).unwrap().as_str()).await;
            browser.until_says("main", ready).await;
            id += 1;
            let late = format!("late-{id}");
            store(jaeger, &[span(10, id, 1, &late, "come")]).await;
            embedded.push("shop", "INFO", 1, &late);
            browser.until_says("main", &late).await;
        }
        // The browser itself reports that there was no answer.
        if keeps_back != KeepsBack::All {
            browser.assert_quiet().await;
        }
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_stream_that_goes_silent_is_opened_again() {
    let embedded = Embedded::start().await;
    let jaeger = &embedded.jaeger;
    store(jaeger, &shop()).await;
    let browser = Browser::start().await;
    let proxy = Proxy::start(embedded.url(), "/", KeepsBack::AfterFirst).await;
    for (id, view, asked) in [
        (5, "search?service=shop", "/api/traces"),
        (6, "trace/a", "/page/logs"),
    ] {
        browser.open(proxy.url.join(view).unwrap().as_str()).await;
        // At first, and again after the first message: the last one that comes through.
        browser.until_answered(asked, 2).await;
        let late = format!("late-{id}");
        store(jaeger, &[span(10, id, 1, &late, "come")]).await;
        browser.until_says("main", &late).await;
    }
    browser.assert_quiet().await;
}

/// Follows the events beside the page until more time has passed than the page accepts as silence.
const FOUR_KEEP_ALIVES: &str = "
    const source = new EventSource('page/live');
    for (let count = 0; count < 4; count++) {
        await new Promise((resolve) => source.addEventListener('keep-alive', resolve, { once: true }));
    }
";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_stream_without_news_stays_open() {
    let embedded = Embedded::start().await;
    store(&embedded.jaeger, &shop()).await;
    let browser = embedded.open("/search?service=shop").await;
    browser.until_answered("/api/traces", 2).await;
    browser.run(FOUR_KEEP_ALIVES).await;
    // An answer of this kind counts when it has ended.
    browser.until_answered("/page/live?", 0).await;
    browser.until_answered("/api/traces", 2).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_login_is_not_taken_for_an_answer() {
    let embedded = Embedded::start().await;
    store(&embedded.jaeger, &shop()).await;
    let browser = Browser::start().await;
    for (kind, body) in [
        ("text/html", "<h1>Log in</h1>"),
        ("text/plain", ""),
        ("application/json", r#"{"message":"Unauthorized"}"#),
        ("application/json", "null"),
        ("application/json", "[]"),
    ] {
        let answers = KeepsBack::Answers(kind, body);
        let proxy = Proxy::start(embedded.url(), "/", answers).await;
        for (view, place) in [
            ("search?service=shop", "#found"),
            ("trace/a", "#summary"),
            ("services", "#found"),
            ("logs", "#found"),
        ] {
            browser.open(proxy.url.join(view).unwrap().as_str()).await;
            browser
                .until_says(place, "A proxy answered instead of Jaeger.")
                .await;
        }
    }
}

/// Links to a page of each kind, and a part of what the page shows of the shop.
const DEEP_LINKS: [(&str, &str); 8] = [
    ("/search?service=shop", "shop: buy"),
    ("/search/?service=shop", "shop: buy"),
    ("/trace/a?span=0000000000000003", "no luck"),
    ("/trace/a/?span=0000000000000003", "no luck"),
    ("/services", "Calls between services"),
    ("/services/", "Calls between services"),
    ("/logs?text=sold", "1 line"),
    ("/logs/?text=sold", "1 line"),
];

/// The addresses on the page that do not begin with this.
fn elsewhere(url: &str) -> String {
    format!(
        "[...document.querySelectorAll('[href], [src], [action]')]\
         .map((it) => new URL(['href', 'src', 'action'].map((name) => it.getAttribute(name)).find((it) => it !== null), document.baseURI).href)\
         .filter((it) => !it.startsWith('{url}/')).join()"
    )
}

/// Walks through the pages at `url`, which has no trailing slash.
async fn walk(embedded: &Embedded, browser: &Browser, url: &str) {
    for (path, says) in DEEP_LINKS {
        browser.open(&format!("{url}{path}")).await;
        browser.until_says("main", says).await;
        browser.until(&elsewhere(url), "").await;
        let without_slash = path.replace("/?", "?");
        let without_slash = without_slash.trim_end_matches('/');
        let there = format!("{url}{without_slash}");
        browser.until("location.href", there).await;
    }

    browser.open(&format!("{url}/")).await;
    browser.until_says("#results", "shop: buy").await;
    store(&embedded.jaeger, &[span(10, 5, 1, "late", "come")]).await;
    browser.until_says("#results", "late (1)").await;
    browser.click("#query button").await;
    browser.until("location.search.length > 0", true).await;
    browser.until_says("#results", "late (1)").await;
    browser.click("#results a").await;
    browser.until_says("#tree", "late come").await;
    browser.until_says("#line-list", "sold nothing").await;
    let json = "fetch(document.getElementById('download').href).then(({ status }) => status)";
    browser.until(json, 200).await;
    browser.click("#next").await;
    browser.until_says("#details h2", "pay").await;
    browser.click("#details a").await;
    browser.until_says("#details h2", "ask the bank").await;

    browser.click("nav a[href$='/services']").await;
    browser.until_says("#operations", "buy").await;
    browser.click("#operations th a").await;
    browser.until_says("#found", "1 trace").await;
    browser.click("nav a[href$='/logs']").await;
    browser.until_says("#lines", "sold nothing").await;
    browser.click("#lines a").await;
    browser.until_says("#title", "shop: buy").await;
    let saved = reqwest::get(format!("{}/api/traces/a", embedded.url()));
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("proxies.json");
    std::fs::write(&path, saved.await.unwrap().text().await.unwrap()).unwrap();
    browser.drop_files(&[&path]).await;
    browser.until_says("#summary", "from proxies.json").await;
    let there = format!("{url}/file/000000000000000a");
    browser.until("location.href", there).await;
    browser.until(&elsewhere(url), "").await;
    browser.assert_quiet().await;

    browser.click("header > a").await;
    browser.click("#requests button").await;
    browser.until_says("#sent", "no answer").await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_page_works_under_any_path() {
    for (base_path, prefix) in [
        ("/jaeger", None),
        // One proxy removes its prefix, and one replaces it.
        ("/", Some("/tools/jaeger/")),
        ("/tools/jaeger", Some("/x/")),
    ] {
        let embedded = Embedded::start_under(base_path).await;
        store(&embedded.jaeger, &shop()).await;
        embedded.push("shop", "INFO", 1, "sold nothing");
        let url = match prefix {
            Some(prefix) => {
                let proxy = Proxy::start(embedded.url(), prefix, KeepsBack::Nothing).await;
                proxy.url.as_str().trim_end_matches('/').to_owned()
            }
            None => embedded.url().to_owned(),
        };
        walk(&embedded, &Browser::start().await, &url).await;
    }
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_demo_works_under_a_base_path() {
    let demo = Demo::start(&["--base-path", "/jaeger/"]);
    assert!(demo.jaeger.ends_with("/jaeger"), "{}", demo.jaeger);
    let browser = Browser::start().await;
    browser.open(&demo.jaeger).await;
    browser.click("#requests button").await;
    browser.until_says("#title", "app-a: GET /chain").await;
    browser.until_says("#line-list", "app-c").await;
    browser.assert_quiet().await;
}
