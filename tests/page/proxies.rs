//! The page behind proxies.

use crate::browser::Browser;
use crate::embedded::Embedded;
use crate::proxy::{KeepsBack, Proxy};
use crate::spans::{shop, span, store};

/// A view, and what it says of the shop.
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
        let proxy = Proxy::start(jaeger, "/", keeps_back).await;
        for (view, ready) in VIEWS {
            browser.open(proxy.url.join(view).unwrap().as_str()).await;
            browser.until_says("main", ready).await;
            id += 1;
            let late = format!("late-{id}");
            store(jaeger, &[span(10, id, 1, &late, "come")]).await;
            embedded.push("shop", "INFO", 1, &late);
            browser.until_says("main", &late).await;
        }
        // The browser itself says that there was no answer.
        if keeps_back != KeepsBack::All {
            browser.assert_quiet().await;
        }
    }
}
