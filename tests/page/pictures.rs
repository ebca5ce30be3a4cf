//! The pictures of the README, as a reader would see the demo. Each run makes them anew in the
//! build's folder; with `PICTURES=docs` they take the place of those that the README shows.

use std::path::{Path, PathBuf};

use crate::{browser::Browser, demo::Demo};

/// Bytes; the README is to open fast.
const MAX_SIZE: usize = 250_000;

const ROWS: &str = "document.querySelectorAll('.row').length";
const LINES: &str = "document.querySelectorAll('#line-list li').length";

/// The folder for this run's pictures.
fn folder() -> PathBuf {
    match std::env::var_os("PICTURES") {
        Some(folder) => Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        None => env!("CARGO_TARGET_TMPDIR").into(),
    }
}

async fn take(browser: &Browser, name: &str) {
    let picture = browser.picture().await;
    assert!(
        picture.len() < MAX_SIZE,
        "{name}.png has {} bytes",
        picture.len()
    );
    std::fs::write(folder().join(name).with_extension("png"), picture).unwrap();
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("(docs/{name}.png)")), "{name}");
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn the_readme_shows_the_page_as_it_is() {
    let demo = Demo::start(&[]);
    let browser = Browser::start().await;
    browser.size(1280, 860).await;
    for path in ["", "chain", "items/5", "error_test", "chain", "chain"] {
        let url = format!("{}/{path}", demo.app);
        reqwest::get(url).await.unwrap();
    }
    browser.open(&demo.jaeger).await;
    browser.click("#requests button").await;
    browser.until_says("#title", "app-a: GET /chain").await;
    browser.until(ROWS, 8).await;
    browser.until(LINES, 9).await;
    take(&browser, "trace").await;

    browser.open(&format!("{}/services", demo.jaeger)).await;
    browser.until_says("#operations", "GET /error_test").await;
    browser.until_says("#calls", "app-c").await;
    take(&browser, "services").await;
}
