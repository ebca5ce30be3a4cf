//! A large trace: only visible rows are drawn.

use crate::{
    browser::Browser,
    frames::{self, Frames},
    jaeger::Jaeger,
    spans::{span, store},
};

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
    let browser = Browser::recording(frames::CATEGORIES).await;
    browser
        .open(jaeger.url().join("/trace/f").unwrap().as_str())
        .await;
    browser.until_says("#tree", "large span 1").await;
    browser.until(&format!("{ROWS} < 100"), true).await;

    let most = browser.run(FRAMES).await;
    assert!(most.as_u64().unwrap() < 100, "{most} rows at a time");
    browser.until_says("#canvas", "large span 10000").await;

    browser.keys("#find", "span 7777").await;
    browser.until_says("#matches", "1 span").await;
    browser.assert_quiet().await;

    let events = browser.recorded().await;
    for phase in PHASES {
        let frames = Frames::of(&events, phase);
        println!("{phase}: {frames}");
        assert!(frames.count() > 0, "{phase}");
    }
}

const PHASES: [&str; 3] = ["a wheel", "top to bottom", "zoom"];

/// Sixty steps each: a wheel's, of the scroll bar from the top to the bottom, and of the zoom.
/// Returns the maximum number of rows.
const FRAMES: &str = "
    const tree = document.getElementById('tree');
    let most = 0;
    const run = async (phase, step) => {
        performance.mark(phase);
        for (let at = 1; at <= 60; at++) {
            step(at);
            await new Promise(requestAnimationFrame);
            most = Math.max(most, document.querySelectorAll('.row').length);
        }
        performance.mark(`${phase} end`);
    };
    await run('a wheel', () => tree.scrollTop += 100);
    await run('top to bottom', (at) => tree.scrollTop = at / 60 * tree.scrollHeight);
    await run('zoom', (at) => document.getElementById(at % 20 <= 10 ? 'in' : 'out').click());
    return most;
";
