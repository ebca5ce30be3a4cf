//! A large trace: what is not seen is not drawn.

use crate::browser::Browser;
use crate::jaeger::Jaeger;
use crate::spans::{span, store};

const SPANS: u64 = 10_000;

const ROWS: &str = "document.querySelectorAll('.row').length";

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn ten_thousand_spans_open_and_scroll() {
    let jaeger = Jaeger::start();
    // Chains of a hundred below one root.
    let parent = |id: u64| match id {
        1 => 0,
        _ if id.is_multiple_of(100) => 1,
        _ => id - 1,
    };
    let spans: Vec<_> = (1..=SPANS)
        .map(|id| span(15, id, parent(id), "large", &format!("span {id}")))
        .collect();
    store(&jaeger, &spans).await;
    let browser = Browser::start().await;
    browser
        .open(jaeger.url().join("/trace/f").unwrap().as_str())
        .await;
    browser.until_says("#tree", "large span 1").await;
    browser.until(&format!("{ROWS} < 100"), true).await;

    let frames = browser.run(SCROLL).await;
    println!("frames while scrolling, ms: {frames}");
    browser.until_says("#canvas", "large span 10000").await;
    browser.until(&format!("{ROWS} < 100"), true).await;

    browser.keys("#find", "span 7777").await;
    browser.until_says("#matches", "1 span").await;
    browser.assert_quiet().await;
}

/// From the top to the bottom in sixty frames; returns the frames' median, 95th percentile and maximum.
const SCROLL: &str = "
    const tree = document.getElementById('tree');
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let step = 1; step <= 60; step++) {
        tree.scrollTop = step / 60 * tree.scrollHeight;
        const now = await new Promise(requestAnimationFrame);
        times.push(now - last);
        last = now;
    }
    times.sort((a, b) => a - b);
    return [0.5, 0.95, 0.999].map((part) => times[Math.floor(part * times.length)]);
";
