//! The page's files, as a browser gets them; what it does with them is in `tests/page/`.

use super::support::{jaeger, span, store};

#[tokio::test]
async fn each_file_comes_with_its_type_and_the_policy() {
    let jaeger = jaeger(16).await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/search?service=any", "text/html"),
        ("/trace/00000000000000ff?span=1", "text/html"),
        ("/page/base.css", "text/css"),
        ("/page/trace.js", "text/javascript"),
        ("/page/icon.svg", "image/svg+xml"),
    ] {
        let url = format!("http://{}{path}", jaeger.addresses().query);
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name| answer.headers()[name].to_str().unwrap();
        assert!(header("content-type").starts_with(kind), "{path}");
        assert!(
            header("content-security-policy").contains("default-src 'none'; script-src 'self';")
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn what_is_no_file_is_not_found() {
    let jaeger = jaeger(16).await;
    for path in ["/page/", "/page/mod.rs", "/page/../Cargo.toml", "/trace"] {
        let url = format!("http://{}{path}", jaeger.addresses().query);
        assert_eq!(reqwest::get(url).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_is_told_of_spans_and_does_not_hold_up_the_end() {
    let jaeger = jaeger(16).await;
    let url = format!("http://{}/page/live", jaeger.addresses().query);
    let mut events = reqwest::get(url).await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    store(&jaeger, &[span(1, 1, "s", "o")]).await;
    let event = events.chunk().await.unwrap().unwrap();
    assert_eq!(event.as_ref(), b"data: spans\n\n");
    jaeger.shutdown().await;
    assert_eq!(events.chunk().await.unwrap(), None);
}
