//! Saved traces: files that the browser opens, and that are stored nowhere else.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    embedded::Embedded,
    jaeger::Jaeger,
    spans::{HOSTILE, shop, span, store},
};

const ROWS: &str = "document.querySelectorAll('.row').length";

/// A file with this text; each test has a folder of its own.
fn file(test: &str, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The answers of a Jaeger that has ended: to a request for a trace, and to a search that finds
/// three.
async fn saved() -> (String, Value) {
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let others = [
        span(11, 1, 0, "shop", "look"),
        span(12, 1, 0, "shop", "leave"),
    ];
    store(&jaeger, &others).await;
    let get = |path: &str| reqwest::get(jaeger.url().join(path).unwrap());
    let one = get("/api/traces/a?prettyPrint=true").await.unwrap();
    let three = get("/api/traces?service=shop").await.unwrap();
    (one.text().await.unwrap(), three.json().await.unwrap())
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_trace_is_opened_by_the_button_or_by_dropping_its_file_and_is_stored_nowhere() {
    let (one, _) = saved().await;
    let one = file("opened", "one.json", one);
    let embedded = Embedded::start().await;
    let browser = embedded.open("/services").await;
    // The dialog that follows belongs to the browser.
    browser
        .run("document.getElementById('files').onclick = (event) => { event.preventDefault(); window.asked = true; }")
        .await;
    browser.click("#open").await;
    browser.until("window.asked", true).await;
    for page in ["/", "/services", "/logs", "/trace/b", "/file"] {
        browser.open(&format!("{}{page}", embedded.url())).await;
        if page == "/" {
            browser.choose("#files", &[&one]).await;
        } else {
            browser.drop_files(&[&one]).await;
        }
        browser.until_says("#summary", "from one.json").await;
        browser
            .until("location.pathname", "/file/000000000000000a")
            .await;
        browser.until(ROWS, 4).await;
    }
    browser.until_says("#title", "shop: buy").await;
    browser.until_says("#summary", "1 error").await;

    // Only the content of the file is shown, and links stay within it.
    for hidden in ["lines", "download"] {
        let shown = format!("document.getElementById('{hidden}').checkVisibility()");
        browser.until(&shown, false).await;
    }
    browser.click("#next").await;
    browser.until_says("#details", "no luck").await;
    browser.click("#details a").await;
    browser.until_says("#details h2", "ask the bank").await;
    browser
        .until("location.search", "?span=0000000000000002")
        .await;
    browser.reload().await;
    browser.until_says("#details h2", "ask the bank").await;
    browser.until_says("#summary", "from one.json").await;
    browser.assert_quiet().await;
    assert_eq!(embedded.jaeger.get("/api/services").await, Value::Null);

    browser.open(&format!("{}/file/b", embedded.url())).await;
    browser
        .until_says("#summary", "not in the file that was opened last")
        .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn all_forms_of_saved_traces_are_opened() {
    let (one, three) = saved().await;
    let answer: Value = serde_json::from_str(&one).unwrap();
    let trace = &answer["data"][0];
    let traces = three["data"].as_array().unwrap();
    let other = traces.iter().find(|it| it["traceID"] != trace["traceID"]);
    let lines: Vec<_> = traces.iter().map(Value::to_string).collect();
    let file = |name: &str, text: String| file("forms", name, text);
    let one = file("one.json", one);
    let bare = file("bare.json", trace.to_string());
    let object = file("object.json", json!({ "data": trace }).to_string());
    let list = file("list.json", three["data"].to_string());
    let three = file("three.json", format!("\u{feff}{three}"));
    let lines = file("lines.jsonl", lines.join("\r\n\r\n") + "\n");
    let other = file("other.json", other.unwrap().to_string());

    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    for single in [&one, &bare, &object] {
        browser.open(jaeger.url().as_str()).await;
        browser.choose("#files", &[single]).await;
        let name = single.file_name().unwrap().to_str().unwrap();
        browser
            .until_says("#summary", &format!("from {name}"))
            .await;
        browser.until(ROWS, 4).await;
    }
    for (several, says) in [
        (&[&three][..], "3 traces from three.json"),
        (&[&list], "3 traces from list.json"),
        (&[&lines], "3 traces from lines.jsonl"),
        (&[&one, &other], "2 traces from one.json, other.json"),
        // The same trace twice is one.
        (&[&three, &bare], "3 traces from three.json, bare.json"),
    ] {
        browser.drop_files(several).await;
        browser.until_says("#found", says).await;
        browser.until("location.pathname", "/file").await;
    }
    let rows = "[...document.querySelectorAll('#traces tbody tr')].map(({ cells }) => [0, 2, 3, 4].map((it) => cells[it].innerText.trim()).join(' | ')).join('; ')";
    browser.click("#traces thead th:nth-child(4) button").await;
    let buy = "shop: buy | 1 s | 4 | 1";
    let (look, leave) = ("shop: look | 1 s | 1 | 0", "shop: leave | 1 s | 1 | 0");
    let first = format!("({rows}).split('; ')[0]");
    browser.until(&first, buy).await;
    browser.click("#traces thead th:nth-child(1) button").await;
    browser.until(rows, [buy, leave, look].join("; ")).await;
    browser.reload().await;
    browser.until(rows, [buy, leave, look].join("; ")).await;
    browser.click("#traces tr:nth-child(2) a").await;
    browser.until_says("#title", "shop: leave").await;
    browser.click("#summary a").await;
    browser.until_says("#found", "3 traces").await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_is_no_trace_is_said_in_a_line_and_what_was_open_stays() {
    let (one, _) = saved().await;
    let answer: Value = serde_json::from_str(&one).unwrap();
    let trace = &answer["data"][0];
    let changed = |path: &str, value: Value| {
        let mut trace = trace.clone();
        *trace.pointer_mut(path).unwrap() = value;
        trace.to_string()
    };
    let id = "000000000000000a";
    let neither = "a trace is expected, of Jaeger (with spans) or of OTLP (with resourceSpans)";
    let jaeger = Jaeger::start();
    store(&jaeger, &shop()).await;
    let browser = Browser::start().await;
    let url = jaeger.url().join("/trace/a").unwrap();
    browser.open(url.as_str()).await;
    browser.until(ROWS, 4).await;
    for (name, text, says) in [
        (
            "a.txt",
            "hello\nworld".into(),
            "a.txt: this is not JSON.".into(),
        ),
        (
            "f.json",
            "{\"data\":null,\"errors\":[]}".into(),
            format!("f.json: {neither}"),
        ),
        (
            "j.json",
            changed("/spans/1", json!(null)),
            format!("j.json: span 2 of trace {id}: spanID is missing; expected are"),
        ),
    ] as [(&str, String, String); 3]
    {
        let path = file("wrong", name, text);
        browser.choose("#files", &[&path]).await;
        browser.until_says("#opening", &says).await;
        // Together with a valid file, too.
        browser
            .drop_files(&[&file("wrong", "good.json", &one), &path])
            .await;
        browser.until_says("#opening.error", &says).await;
    }
    let large = file("wrong", "large.json", "");
    let sparse = std::fs::File::create(&large).unwrap();
    sparse.set_len(33 * 1024 * 1024).unwrap();
    browser.choose("#files", &[&large]).await;
    browser
        .until_says(
            "#opening",
            "large.json: too large with 33.0 MiB; at most 32.0 MiB can be opened.",
        )
        .await;
    browser.until("location.pathname", "/trace/a").await;
    browser.until(ROWS, 4).await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_a_file_says_is_text() {
    let tag = json!([
        { "key": HOSTILE, "type": "string", "value": HOSTILE },
        { "key": "internal.span.receiver", "value": "constructor" },
        { "key": "object", "value": { "a": [HOSTILE] } },
        { "key": null },
        7,
    ]);
    let trace = json!({
        "traceID": "00000000000000AB",
        "processes": { "__proto__": { "serviceName": HOSTILE, "tags": tag }, "p": null },
        "spans": [
            {
                "spanID": "1", "operationName": HOSTILE, "startTime": 1_700_000_000_000_000_i64, "duration": 5,
                "processID": "__proto__", "tags": tag, "warnings": [HOSTILE, 1],
                "logs": [{ "timestamp": 1_700_000_000_000_000_i64, "fields": tag }, null],
                "references": [{ "refType": HOSTILE, "traceID": "ff", "spanID": "1" }, { "refType": "CHILD_OF", "traceID": "ab", "spanID": "1" }],
            },
            { "spanID": "2", "startTime": 1_700_000_000_000_001_i64, "duration": 0, "processID": "constructor", "flags": HOSTILE },
            { "spanID": "3", "operationName": ["x"], "startTime": 1.7e15 + 2.5, "duration": -1e15, "processID": "p", "tags": null },
        ],
    });
    let path = file("hostile", "<img src=x>.json", trace.to_string());
    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser.choose("#files", &[&path]).await;
    browser
        .until_says("#summary", "from <img src=x>.json")
        .await;
    browser.until(ROWS, 3).await;
    let span = jaeger.url().join("/file/00000000000000ab?span=1").unwrap();
    browser.open(span.as_str()).await;
    for place in ["#summary", "#tree .name", "#details", "#details th"] {
        let says = format!(
            "[...document.querySelectorAll('{place}')].some((it) => it.textContent.includes({HOSTILE:?}))"
        );
        browser.until(&says, true).await;
    }
    let two = json!([trace, { "traceID": "ac", "spans": [trace["spans"][0]] }]);
    browser
        .drop_files(&[&file("hostile", "two.json", two.to_string())])
        .await;
    browser.until_says("#traces", HOSTILE).await;
    let elements = "document.querySelectorAll('main img, main script').length";
    browser.until(elements, 0).await;
    browser
        .until("document.title", "Opened traces – axum-jaeger")
        .await;
    browser.assert_quiet().await;
}

/// OTLP's JSON of these spans of a service.
fn otlp(service: &str, spans: Value) -> Value {
    let name = json!({ "key": "service.name", "value": { "stringValue": service } });
    json!({ "resourceSpans": [{ "resource": { "attributes": [name] }, "scopeSpans": [{ "spans": spans }] }] })
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn otlp_is_opened_too_as_a_document_and_line_by_line() {
    let span = |id: &str, parent: &str, name: &str| {
        json!({
            "traceId": "5b8efff798038103d269b633813fc60c", "spanId": id, "parentSpanId": parent, "name": name, "kind": 2,
            "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
            "attributes": [{ "key": "large", "value": { "intValue": i64::MAX } }],
        })
    };
    let buy = otlp("shop", json!([span("eee19b7ec3c1b174", "", "buy")]));
    let pay = otlp(
        "bank",
        json!([span("eee19b7ec3c1b173", "eee19b7ec3c1b174", "pay")]),
    );
    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    browser
        .choose("#files", &[&file("otlp", "buy.json", buy.to_string())])
        .await;
    browser.until_says("#summary", "from buy.json").await;
    browser.until_says("#title", "shop: buy").await;
    browser
        .until(
            "location.pathname",
            "/file/5b8efff798038103d269b633813fc60c",
        )
        .await;
    // As it is in the file, though it is too large for a number of JavaScript.
    browser.until_says("#details", &i64::MAX.to_string()).await;

    for (name, text) in [
        ("lines.jsonl", format!("{buy}\n{pay}\n")),
        ("list.json", json!([buy, pay]).to_string()),
    ] {
        browser.drop_files(&[&file("otlp", name, text)]).await;
        browser
            .until_says("#summary", &format!("from {name}"))
            .await;
        browser.until(ROWS, 2).await;
        browser.until_says("#tree", "bank pay").await;
    }
    browser.assert_quiet().await;
    assert_eq!(jaeger.get("/api/services").await, Value::Null);

    let wrong = buy.to_string().replace("eee19b7ec3c1b174", "none");
    browser
        .drop_files(&[&file("otlp", "wrong.json", wrong)])
        .await;
    browser
        .until_says("#opening.error", "wrong.json: cannot unmarshal OTLP")
        .await;
}
