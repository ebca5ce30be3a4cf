//! Links to a search: those of Jaeger's own page, of Kiali and of the API, with ranges of time and
//! ids.

use std::time::SystemTime;

use serde_json::json;

use crate::{
    browser::Browser,
    jaeger::Jaeger,
    model::Span,
    spans::{span, store},
};

const HOUR: i64 = 3_600 * 1_000_000;
const ENTER: &str = "\u{e007}";
const NOTES: &str = "document.getElementById('notes').innerText";

/// Microseconds since 1970.
fn now() -> i64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as i64
}

/// A trace that starts at these microseconds.
fn at(trace: u128, us: i64) -> Span {
    Span {
        start_ns: us * 1_000,
        ..span(trace, 1, 0, "old", &format!("o{trace}"))
    }
}

async fn open(browser: &Browser, jaeger: &Jaeger, query: &str) {
    let url = jaeger.url().join(&format!("/search?{query}")).unwrap();
    browser.open(url.as_str()).await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_link_with_a_range_of_time_finds_what_is_in_it() {
    let jaeger = Jaeger::start();
    let now = now();
    let hours = |n: i64| now + n * HOUR;
    // Yesterday, an hour and a half ago, now, and by a clock that is ahead.
    let starts = [hours(-26), hours(-1) - HOUR / 2, now - 1_000_000, hours(1)];
    let spans: Vec<_> = (1..).zip(starts).map(|(id, us)| at(id, us)).collect();
    store(&jaeger, &spans).await;
    let browser = Browser::start().await;
    let (day, later) = (hours(-27), hours(-25));
    for (query, names, lookback) in [
        // Jaeger's own: a range, and a lookback that has ended.
        (
            format!("start={day}&end={later}&limit=20&lookback=custom&maxDuration&minDuration"),
            "o1",
            "custom",
        ),
        (
            format!("end={now}&limit=20&lookback=1h&start={}", hours(-1)),
            "o3",
            "custom",
        ),
        // Kiali's.
        (format!("start={day}&limit=20"), "o4,o3,o2,o1", "custom"),
        (format!("end={later}"), "o1", "custom"),
        ("lookback=custom".into(), "o4,o3,o2,o1", "custom"),
        ("lookback=1h".into(), "o4,o3", "1h"),
        ("lookback=90m".into(), "o4,o3", "90m"),
        ("lookback=1h45m".into(), "o4,o3,o2", "1h45m"),
        ("lookback=1.75h".into(), "o4,o3,o2", "1.75h"),
        ("lookback=1w".into(), "o4,o3,o2,o1", "1w"),
        ("lookback=1w&limit=2".into(), "o4,o3", "1w"),
        ("lookback=1w&limit=0".into(), "o4,o3,o2,o1", "1w"),
        // To the microsecond, which the field cannot show.
        (format!("start={s}&end={s}", s = starts[0]), "o1", "custom"),
        (format!("start={}", starts[3] + 1), "", "custom"),
    ] {
        open(&browser, &jaeger, &format!("service=old&{query}")).await;
        let count = names.split_terminator(',').count();
        let found = format!("{count} trace{}", if count == 1 { "" } else { "s" });
        browser.until_says("#found", &found).await;
        let shown = "[...document.querySelectorAll('#results .name')].map((it) => it.innerText.replace('old: ', '')).join()";
        browser.until(shown, names).await;
        browser
            .until("document.forms[0].lookback.value", lookback)
            .await;
        let custom = lookback == "custom";
        browser
            .until("document.forms[0].start.checkVisibility()", custom)
            .await;
        browser.until(NOTES, "").await;
        // The form asks for the same again.
        browser.click("form button").await;
        browser.until("document.readyState", "complete").await;
        browser.until_says("#found", &found).await;
        browser.until(shown, names).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_range_is_chosen_in_local_time_and_is_in_the_address() {
    let jaeger = Jaeger::start();
    // 2026-07-01 12:00 in Berlin, which is UTC+2 then.
    let noon = 1_782_900_000_000_000;
    store(&jaeger, &[at(1, noon), at(2, noon + HOUR)]).await;
    let browser = Browser::start().await;
    browser.zone("Europe/Berlin").await;
    open(&browser, &jaeger, "service=old").await;
    browser.until_says("#found", "0 traces").await;
    browser.keys("[name=lookback]", "from").await;
    browser.until_says("form", "From (Europe/Berlin)").await;
    // It begins with the lookback that was selected before.
    let length =
        "Date.parse(document.forms[0].end.value) - Date.parse(document.forms[0].start.value)";
    browser.until(length, 3_600_000).await;
    let choose = |start: &str, end: &str| {
        let values = json!([start, end]);
        format!(
            "const {{ start, end }} = document.forms[0]; [start.value, end.value] = {values};
            document.querySelector('form button').click();"
        )
    };
    browser
        .run(&choose("2026-07-01T11:30", "2026-07-01T12:30"))
        .await;
    browser.until_says("#results", "o1").await;
    browser.until_says("#found", "1 trace").await;
    let range = format!(
        "?service=old&limit=20&lookback=custom&start={}&end={}",
        noon - HOUR / 2,
        noon + HOUR / 2
    );
    let address = "(() => { const query = new URLSearchParams(location.search); \
        return `?${['service', 'limit', 'lookback', 'start', 'end'].map((name) => `${name}=${query.get(name)}`).join('&')}`; })()";
    browser.until(address, range).await;
    browser
        .until("document.forms[0].start.value", "2026-07-01T11:30")
        .await;
    browser
        .until_says("#results", "2026-07-01 12:00:00.000")
        .await;

    // Without an end: everything since.
    browser.run(&choose("2026-07-01T12:30", "")).await;
    browser.until_says("#results", "o2").await;
    browser.until_says("#found", "1 trace").await;

    browser
        .run(&choose("2026-07-01T12:30", "2026-07-01T12:29"))
        .await;
    browser
        .until_says("#end-problem", "This is earlier than From.")
        .await;
    browser.until("document.activeElement.name", "end").await;

    // The same time in another zone.
    browser.zone("America/New_York").await;
    browser.reload().await;
    browser.until_says("form", "From (America/New_York)").await;
    browser
        .until("document.forms[0].start.value", "2026-07-01T06:30")
        .await;
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn what_a_link_says_and_nobody_understands_is_said() {
    let jaeger = Jaeger::start();
    store(&jaeger, &[at(1, now())]).await;
    let browser = Browser::start().await;
    let asked = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/traces')).length";
    for (query, field, said) in [
        (
            "lookback=soon",
            "lookback",
            "lookback=soon: use a time such as 90m",
        ),
        (
            "start=yesterday",
            "start",
            "start=yesterday: this must be microseconds since 1970.",
        ),
        ("end=1782900000000000000", "end", "looks like nanoseconds"),
        (
            "start=1782900000000001&end=1782900000000000",
            "end",
            "This is earlier than From.",
        ),
        ("limit=x", "limit", "limit=x: this must be a number"),
    ] {
        open(&browser, &jaeger, &format!("service=old&{query}")).await;
        browser.until_says(&format!("#{field}-problem"), said).await;
        browser.until_says("#found", "Nothing was searched").await;
        browser.until(asked, 0).await;
    }
    // Parts that do not change the result.
    for (query, said) in [
        (
            "view=traces&foo=a&foo=b",
            "Unknown parts of the link are ignored: view=traces, foo=a, foo=b",
        ),
        (
            "service=other&maxDuration=",
            "Unknown parts of the link are ignored: service=other",
        ),
        ("view=", ""),
    ] {
        open(&browser, &jaeger, &format!("service=old&{query}")).await;
        browser.until_says("#found", "1 trace").await;
        browser.until(NOTES, said).await;
    }
    browser.assert_quiet().await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn traces_are_found_by_their_ids_and_come_when_they_arrive() {
    let jaeger = Jaeger::start();
    store(
        &jaeger,
        &[at(1, now() - 100 * HOUR), at(0xab, now()), at(3, now())],
    )
    .await;
    let browser = Browser::start().await;
    open(
        &browser,
        &jaeger,
        "traceID=1&traceID=00000000000000AB&traceID=cd",
    )
    .await;
    browser
        .until_says("#found", "2 traces; not found: cd")
        .await;
    browser
        .until_says("#notes", "These traces are listed by their IDs")
        .await;
    store(&jaeger, &[at(4, now()), at(0xcd, now())]).await;
    browser
        .until("document.getElementById('found').innerText", "3 traces")
        .await;
    let names = "[...document.querySelectorAll('#results .name')].map((it) => it.innerText).join()";
    browser.until(names, "old: o205,old: o171,old: o1").await;
    // A search with the form has no ids.
    browser.click("form button").await;
    browser
        .until("location.search.includes('traceID')", false)
        .await;
    browser.until_says("#found", "4 traces").await;
    open(&browser, &jaeger, "traceID=xyz").await;
    browser
        .until_says("#found", "cannot parse traceID param")
        .await;
}

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn a_range_that_is_over_gets_only_what_belongs_to_it() {
    let jaeger = Jaeger::start();
    let now = now();
    store(&jaeger, &[at(1, now - 2 * HOUR)]).await;
    let browser = Browser::start().await;
    let range = format!("start={}&end={}", now - 3 * HOUR, now - HOUR);
    open(&browser, &jaeger, &format!("service=old&{range}")).await;
    browser.until_says("#found", "1 trace").await;
    store(&jaeger, &[at(2, now)]).await;
    store(&jaeger, &[at(3, now - 2 * HOUR)]).await;
    browser.until_says("#results", "o3").await;
    browser.until_says("#found", "2 traces").await;
    browser.keys("[name=tags]", &format!("a=b{ENTER}")).await;
    browser.until_says("#found", "0 traces").await;
    browser
        .until(
            &format!("location.search.includes('start={}')", now - 3 * HOUR),
            true,
        )
        .await;
    browser.assert_quiet().await;
}
