//! Durations as the page says them.

use serde_json::json;

use crate::{browser::Browser, jaeger::Jaeger};

const SECOND: f64 = 1e6;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// Microseconds, and what is said.
const DURATIONS: [(f64, &str); 34] = [
    (0.0, "0 µs"),
    (0.0001, "0.1 ns"),
    (0.001, "1 ns"),
    (0.5, "500 ns"),
    (0.9999, "1 µs"),
    (1.0, "1 µs"),
    (1.5, "1.5 µs"),
    (999.0, "999 µs"),
    (999.9996, "1 ms"),
    (1_000.0, "1 ms"),
    (1_234.0, "1.23 ms"),
    (50_000.0, "50 ms"),
    (999_499.0, "999 ms"),
    (999_999.0, "1 s"),
    (SECOND, "1 s"),
    (59.94 * SECOND, "59.9 s"),
    (59.96 * SECOND, "1 min"),
    (MINUTE, "1 min"),
    (90.0 * SECOND, "1 min 30 s"),
    (HOUR - SECOND, "59 min 59 s"),
    (HOUR - 0.3 * SECOND, "1 h"),
    (HOUR, "1 h"),
    (65.0 * MINUTE, "1 h 5 min"),
    (DAY - SECOND, "1 d"),
    (DAY, "1 d"),
    (25.0 * HOUR, "1 d 1 h"),
    (3.0 * DAY + 7.4 * HOUR, "3 d 7 h"),
    (99.0 * DAY + 23.9 * HOUR, "100 d"),
    (20_784.9 * DAY, "20785 d"),
    (-49_994.0, "-50 ms"),
    (-0.5, "-500 ns"),
    (-1.0, "-1 µs"),
    (-65.0 * MINUTE, "-1 h 5 min"),
    (-DAY, "-1 d"),
];

/// Microseconds, how much they differ from the next, and what is said.
const INSTANTS: [(f64, f64, &str); 10] = [
    (0.0, 0.0, "0 µs"),
    (1_500.0, 250.0, "1.5 ms"),
    (1_002_996.0, 1.0, "1.002996 s"),
    (90.18 * SECOND, 0.5 * SECOND, "1 min 30.18 s"),
    (100.0 * SECOND, 0.0, "1 min 40 s"),
    (902.0 * SECOND, 902.0 * SECOND, "15 min 2 s"),
    (HOUR, HOUR / 4.0, "1 h"),
    (3_902_123_456.0, 1.0, "1 h 5 min 2.123456 s"),
    (6.25 * HOUR, 6.25 * HOUR, "6 h 15 min"),
    (3.0 * DAY, DAY, "3 d"),
];

#[tokio::test]
#[ignore = "needs chromium and chromedriver"]
async fn durations_are_readable_at_every_size() {
    let jaeger = Jaeger::start();
    let browser = Browser::start().await;
    browser.open(jaeger.url().as_str()).await;
    let say = |what: &str| format!("const text = await import('/page/text.js'); return {what};");
    for (us, said) in DURATIONS {
        let script = say(&format!("text.duration({us})"));
        assert_eq!(browser.run(&script).await, json!(said), "{us}");
    }
    for (us, step, said) in INSTANTS {
        let script = say(&format!("text.instant({us}, {step})"));
        assert_eq!(browser.run(&script).await, json!(said), "{us} {step}");
    }
    let script = say("[text.time(0), text.clock(0)]");
    assert_eq!(browser.run(&script).await, json!(["unknown", "unknown"]));
    browser.assert_quiet().await;
}
