//! Zooming into a trace, and the marks of its critical path.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    spans::{shop, store},
};

const QUERY: &str = "location.search";
const TICKS: &str =
    "[...document.querySelectorAll('#ticks span')].map((tick) => tick.textContent).join(', ')";
const WHOLE: &str = "0 µs, 251 ms, 502 ms, 752 ms, 1.003 s";
/// The start and width of each bar, in percent of its lane.
const BARS: &str = "[...document.querySelectorAll('.bar')].map(({ style }) => [style.left.replace('min(', ''), style.width].map(parseFloat)).join('; ')";
const MARKED: &str = "document.querySelectorAll('.lane .critical').length";

async fn open(jaeger: &Jaeger, path: &str) -> Browser {
    store(jaeger, &shop()).await;
    let browser = Browser::start().await;
    browser
        .open(jaeger.url().join(path).unwrap().as_str())
        .await;
    browser
        .until("document.querySelectorAll('.row').length", 4)
        .await;
    browser
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_keyboard_and_the_buttons_zoom() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/a").await;
    browser.until(TICKS, WHOLE).await;

    // Around the middle of the selected span, which takes the first second.
    browser.keys("#tree", "+").await;
    browser
        .until(TICKS, "249 ms, 375 ms, 500 ms, 625 ms, 751 ms")
        .await;
    browser.until(QUERY, "?zoom=249250-750750").await;
    browser
        .until_says("#shown", "249 ms to 751 ms of 1 s")
        .await;
    browser.keys("#tree", "<").await;
    browser.until(QUERY, "?zoom=123875-625375").await;
    browser.keys("#tree", "-").await;
    browser.until(TICKS, WHOLE).await;

    for (button, ticks) in [
        ("#in", "249 ms, 375 ms, 500 ms, 625 ms, 751 ms"),
        ("#later", "375 ms, 500 ms, 625 ms, 751 ms, 876 ms"),
        ("#earlier", "249 ms, 375 ms, 500 ms, 625 ms, 751 ms"),
        ("#out", WHOLE),
        ("#in", "249 ms, 375 ms, 500 ms, 625 ms, 751 ms"),
        ("#whole", WHOLE),
    ] {
        browser.click(button).await;
        browser.until(TICKS, ticks).await;
    }
    browser.until(QUERY, "").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_range_is_in_the_address() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/a?zoom=500-1500").await;
    let ticks = "500 µs, 750 µs, 1 ms, 1.25 ms, 1.5 ms";
    browser.until(TICKS, ticks).await;
    // The other two spans start later.
    browser.until(BARS, "0,100; 50,50").await;
    browser.until(QUERY, "?zoom=500-1500").await;
    browser.reload().await;
    browser.until(TICKS, ticks).await;

    // Impossible ranges become possible ones.
    for (zoom, ticks) in [
        ("1500-500", "1.5 ms, 1.501 ms, 1.502 ms, 1.503 ms, 1.504 ms"),
        (
            "9999999999999999999999-3",
            "1.002996 s, 1.002997 s, 1.002998 s, 1.002999 s, 1.003 s",
        ),
        ("0-9999999999999999999999", WHOLE),
        ("here-there", WHOLE),
    ] {
        let path = format!("/trace/a?zoom={zoom}");
        browser
            .open(jaeger.url().join(&path).unwrap().as_str())
            .await;
        browser.until(TICKS, ticks).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_range_is_drawn_on_the_overview() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/a").await;
    for (width, pointer) in [(1280, "mouse"), (360, "touch")] {
        browser.width(width).await;
        browser.until("innerWidth", width).await;
        browser.drag("#overview", pointer, 0.75, 0.25).await;
        browser.until("document.getElementById('ticks').textContent !== '' && location.search.includes('zoom=')", true).await;
        let near = "location.search.match(/zoom=(\\d+)-(\\d+)/).slice(1).map((us) => Math.round(us / 10_030)).join()";
        browser.until(near, "25,75").await;
        // A click moves the range.
        browser.drag("#overview", pointer, 0.6, 0.6).await;
        browser.until(near, "35,85").await;
        browser
            .run("document.getElementById('overview').dispatchEvent(new MouseEvent('dblclick'))")
            .await;
        browser.until(QUERY, "").await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_critical_path_is_marked() {
    let jaeger = Jaeger::start();
    let browser = open(&jaeger, "/trace/a?span=0000000000000003").await;
    // The shop for a millisecond, its call for another, and then the bank; the store is not waited
    // for.
    browser.until(MARKED, 3).await;
    browser
        .until_says("#details", "on the critical path\t998 ms")
        .await;
    browser.click("#critical").await;
    browser.until(MARKED, 0).await;
    browser
        .until(QUERY, "?span=0000000000000003&critical=off")
        .await;
    browser.reload().await;
    browser
        .until("document.querySelectorAll('.bar').length", 4)
        .await;
    browser.until(MARKED, 0).await;
    browser.click("#critical").await;
    browser.until(MARKED, 3).await;
    // In a part of the time, only that part of the path.
    browser.keys("#tree", "+").await;
    browser.until(MARKED, 1).await;
    browser.assert_quiet().await;
}
