//! The page's files, as a browser gets them; what it does with them is in `tests/page/`.

use super::support::jaeger;

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
