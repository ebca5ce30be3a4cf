//! The field for tags, which is read as logfmt, completely or not at all.

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::{Span, Tag, Value as TagValue},
    spans::{span, store},
};

const ENTER: &str = "\u{e007}";
const PROBLEM: &str = "document.getElementById('tags-problem').innerText";
const FIELD: &str = "document.forms[0].tags.value";
/// The number of requests for traces.
const ASKED: &str = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/traces')).length";

/// Four spans of the service `form`, each a trace with one tag.
fn tagged() -> Vec<Span> {
    let tags = [
        Tag::text("foo", "bar"),
        Tag::text("foo", "other"),
        Tag {
            key: "error".into(),
            value: TagValue::Bool(true),
        },
        Tag::text("msg", "say \"hi\" now"),
    ];
    (100..)
        .zip(tags)
        .map(|(trace, tag)| Span {
            tags: vec![tag],
            ..span(trace, 1, 0, "form", "o")
        })
        .collect()
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_is_typed_is_what_is_searched() {
    let jaeger = Jaeger::start();
    store(&jaeger, &tagged()).await;
    let browser = Browser::start().await;
    for (typed, found, field) in [
        ("foo=bar", "1 trace", "foo=bar"),
        ("foo = \"bar\"", "1 trace", "foo=bar"),
        ("error", "1 trace", "error=true"),
        ("foo:bar", "0 traces", "foo:bar=true"),
        (
            r#"msg="say \"hi\" now""#,
            "1 trace",
            r#"msg="say \"hi\" now""#,
        ),
        ("foo=bar foo=other", "1 trace", "foo=other"),
        (r#"{"foo":"bar"}"#, "1 trace", "foo=bar"),
        ("foo=bar error", "0 traces", "foo=bar error=true"),
    ] {
        browser
            .open(jaeger.url().join("/search?service=form").unwrap().as_str())
            .await;
        browser.until_says("#found", "4 traces").await;
        browser
            .keys("[name=tags]", &format!("{typed}{ENTER}"))
            .await;
        browser
            .until("location.search.includes('tags=')", true)
            .await;
        browser.until_says("#found", found).await;
        // The address has Jaeger's form, and the field shows how it was read.
        let json = "typeof JSON.parse(new URLSearchParams(location.search).get('tags'))";
        browser.until(json, "object").await;
        browser.until(FIELD, field).await;
    }

    // Invalid text is not sent, and the message stays until it is corrected.
    let sent = "location.search";
    let before = browser.run(&format!("return {sent}")).await;
    for (text, said) in [
        ("'=bar'", "=bar: a key is missing before =."),
        ("'{'", "{: this starts like JSON and is not valid."),
        ("'a=' + 'x'.repeat(65_536)", "This is too long to be sent."),
        ("'a=' + 'é'.repeat(15_000)", "This is too long to be sent."),
    ] {
        let type_and_press = format!(
            "document.activeElement.blur();
            document.forms[0].tags.value = {text}; document.querySelector('form button').click()"
        );
        browser.run(&type_and_press).await;
        browser.until(PROBLEM, said).await;
        browser.until("document.activeElement.name", "tags").await;
        browser
            .until("document.activeElement.ariaInvalid", "true")
            .await;
        browser.until(sent, before.clone()).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn tags_of_a_link_are_all_read_or_nothing_is_searched() {
    let jaeger = Jaeger::start();
    store(&jaeger, &tagged()).await;
    let browser = Browser::start().await;
    let open = async |tags: &[(&str, &str)]| {
        let mut url = jaeger.url().join("/search?service=form").unwrap();
        url.query_pairs_mut().extend_pairs(tags);
        browser.open(url.as_str()).await;
    };
    for (tags, found, field) in [
        (&[("tags", r#"{"foo":"bar"}"#)][..], "1 trace", "foo=bar"),
        (&[("tags", r#"{"error":true}"#)], "1 trace", "error=true"),
        (
            &[("tags", "\u{feff}{\"foo\":\"bar\"}\u{a0}")],
            "1 trace",
            "foo=bar",
        ),
        (&[("tags", "error")], "1 trace", "error=true"),
        (&[("tag", "foo:bar")], "1 trace", "foo=bar"),
        (&[("tag", "url:http://x")], "0 traces", "url=http://x"),
        (
            &[("tag", "foo:bar"), ("tag", "error:true")],
            "0 traces",
            "foo=bar error=true",
        ),
        // As in the API, one of `tags` wins.
        (
            &[("tags", r#"{"foo":"other"}"#), ("tag", "foo:bar")],
            "1 trace",
            "foo=other",
        ),
        (
            &[("tags", r#"{"foo":"bar\n"}"#)],
            "0 traces",
            r#"{"foo":"bar\n"}"#,
        ),
        (&[("tags", "{}")], "4 traces", ""),
        (&[("tags", r#"{"foo":null}"#)], "0 traces", r#"foo="""#),
        (&[("tags", "__proto__=x")], "0 traces", "__proto__=x"),
        (&[("tags", "[]")], "0 traces", "[]=true"),
        (
            &[("tags", "foo=bar\nerror")],
            "0 traces",
            "foo=bar error=true",
        ),
    ] {
        open(tags).await;
        browser.until_says("#found", found).await;
        browser.until(FIELD, field).await;
        browser.until(PROBLEM, "").await;
    }
    for (tags, said) in [
        (("tags", "=bar"), "=bar: a key is missing before =."),
        (
            ("tags", r#"{"foo":"#),
            r#"{"foo":: this starts like JSON and is not valid."#,
        ),
        (
            ("tags", r#"{"foo":{}}"#),
            r#"{"foo":{}}: the value of foo is not a string."#,
        ),
        (
            ("tags", r#"{"foo":12345678901234567890}"#),
            r#"{"foo":12345678901234567890}: the value of foo is not a string."#,
        ),
        (
            ("tags", r#"{"foo":["bar"]}"#),
            r#"{"foo":["bar"]}: the value of foo is not a string."#,
        ),
        (
            ("tags", r#"{"foo":"bar"} error"#),
            r#"{"foo":"bar"} error: this starts like JSON and is not valid."#,
        ),
        (("tag", "foo"), "tag=foo: this must be tag=key:value."),
    ] {
        open(&[tags]).await;
        browser.until(PROBLEM, said).await;
        browser.until_says("#found", "Nothing was searched").await;
        // Not even when spans arrive.
        store(&jaeger, &[span(200, 1, 0, "form", "late")]).await;
        browser.until(ASKED, 0).await;
    }
    browser.assert_quiet().await;
}
