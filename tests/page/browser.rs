//! A separate browser for each test, controlled by WebDriver: JSON over HTTP.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use base64::Engine;
use serde_json::{Value, json};

use crate::patience::Patience;

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // Names of hosts that browsers trust less than loopback.
    "--host-resolver-rules=MAP *.example 127.0.0.1",
];

/// The key of an element in WebDriver's answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub(crate) struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
}

impl Browser {
    /// Starts a new browser, 1280 pixels wide.
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({}), json!({ "browser": "ALL" })).await
    }

    /// Starts one that records a performance trace of these categories until `recorded`.
    pub(crate) async fn recording(categories: &str) -> Self {
        let recorded =
            json!({ "traceCategories": categories, "enableNetwork": false, "enablePage": false });
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        Self::start_with(json!({ "perfLoggingPrefs": recorded }), logs).await
    }

    async fn start_with(mut options: Value, logs: Value) -> Self {
        // It exits if the port that it chose for IPv4 is in use for IPv6.
        let patience = Patience::new();
        let (driver, port) = loop {
            match start_driver() {
                Some(started) => break started,
                None => patience.check(|| "chromedriver finds no port".to_owned()),
            }
        };
        let mut browser = Self {
            driver,
            session: format!("http://127.0.0.1:{port}/session"),
            http: reqwest::Client::new(),
        };
        options["args"] = json!(FLAGS);
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": logs });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let session = browser.post("", wanted).await;
        browser.session += &format!("/{}", session["sessionId"].as_str().unwrap());
        browser.width(1280).await;
        browser
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        let mut answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["value"]["error"], Value::Null, "{path} {answer:#}");
        answer["value"].take()
    }

    async fn devtools(&self, command: &str, params: Value) {
        let body = json!({ "cmd": command, "params": params });
        self.post("/goog/cdp/execute", body).await;
    }

    /// Sets the width of the page in pixels.
    pub(crate) async fn width(&self, width: u16) {
        self.size(width, 800).await;
    }

    /// Sets the page's width and height in pixels.
    pub(crate) async fn size(&self, width: u16, height: u16) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// Takes a screenshot as PNG.
    pub(crate) async fn picture(&self) -> Vec<u8> {
        let url = format!("{}/screenshot", self.session);
        let answer = self.http.get(url).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let text = answer["value"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .unwrap()
    }

    /// Sets the time zone, such as `Europe/Berlin`, of pages that are opened afterwards.
    pub(crate) async fn zone(&self, id: &str) {
        let zone = json!({ "timezoneId": id });
        self.devtools("Emulation.setTimezoneOverride", zone).await;
    }

    /// Sets the preferred colour scheme: `light` or `dark`.
    pub(crate) async fn colours(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    pub(crate) async fn open(&self, url: &str) {
        self.post("/url", json!({ "url": url })).await;
    }

    pub(crate) async fn reload(&self) {
        self.post("/refresh", json!({})).await;
    }

    /// Runs a script, and returns its result; a promise is awaited.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
            .await
    }

    /// Waits until the expression has the value `expected`.
    pub(crate) async fn until(&self, expression: &str, expected: impl Into<Value>) {
        let expected = expected.into();
        let patience = Patience::new();
        loop {
            let value = self.run(&format!("return {expression}")).await;
            if value == expected {
                return;
            }
            patience.check(|| format!("{expression} is still {value:#}, not {expected:#}"));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until the text of the first element of this selector contains `text`.
    pub(crate) async fn until_says(&self, selector: &str, text: &str) {
        let has = format!(
            "document.querySelector({selector:?})?.innerText.includes({}) ?? false",
            json!(text)
        );
        self.until(&has, true).await;
    }

    /// Waits until the page has had this number of answers from addresses with this part.
    pub(crate) async fn until_answered(&self, part: &str, times: u64) {
        let answers = format!(
            "performance.getEntriesByType('resource').filter(({{ name }}) => name.includes('{part}')).length"
        );
        self.until(&answers, times).await;
    }

    async fn element(&self, selector: &str) -> String {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", body).await;
        format!("/element/{}", found[ELEMENT].as_str().unwrap())
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.post(&format!("{element}/click"), json!({})).await;
    }

    /// Types text; special keys have code points in WebDriver.
    pub(crate) async fn keys(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("{element}/value"), json!({ "text": text }))
            .await;
    }

    /// Chooses files in a file input.
    pub(crate) async fn choose(&self, selector: &str, files: &[&PathBuf]) {
        let paths: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
        self.keys(selector, &paths.join("\n")).await;
    }

    /// Drops files on the page.
    pub(crate) async fn drop_files(&self, files: &[&PathBuf]) {
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for event in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": event, "x": 400, "y": 300, "data": data });
            self.devtools("Input.dispatchDragEvent", event).await;
        }
    }

    /// Goes back in the history.
    pub(crate) async fn back(&self) {
        self.post("/back", json!({})).await;
    }

    /// Moves a pointer (`mouse` or `touch`), pressed, from one part of the element's width to
    /// another.
    pub(crate) async fn drag(&self, selector: &str, pointer: &str, from: f64, to: f64) {
        let place = format!(
            "const {{ left, top, width, height }} = document.querySelector({selector:?}).getBoundingClientRect();
            return [{from}, {to}].map((part) => [Math.round(left + part * width), Math.round(top + height / 2)]);"
        );
        let place = self.run(&place).await;
        let to = |end: usize| json!({ "type": "pointerMove", "duration": 0, "x": place[end][0], "y": place[end][1] });
        let button = |what| json!({ "type": what, "button": 0 });
        let actions = [to(0), button("pointerDown"), to(1), button("pointerUp")];
        let pointer = json!({ "type": "pointer", "id": pointer, "parameters": { "pointerType": pointer }, "actions": actions });
        self.post("/actions", json!({ "actions": [pointer] })).await;
    }

    async fn log(&self, kind: &str) -> Value {
        self.post("/se/log", json!({ "type": kind })).await
    }

    /// Ends the recording, and returns the events of the performance trace.
    pub(crate) async fn recorded(&self) -> Vec<Value> {
        let log = self.log("performance").await;
        let entries = log.as_array().unwrap().iter();
        let messages = entries.map(|entry| entry["message"].as_str().unwrap());
        messages
            .map(|message| serde_json::from_str::<Value>(message).unwrap()["message"].take())
            .filter(|message| message["method"] == "Tracing.dataCollected")
            .map(|mut message| message["params"].take())
            .collect()
    }

    /// Asserts that the console is empty: neither scripts nor the policy have reported anything.
    pub(crate) async fn assert_quiet(&self) {
        assert_eq!(self.log("browser").await, json!([]));
    }
}

/// Starts the driver on a port of its choice; `None` if it exited.
fn start_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("chromedriver is needed");
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    match port {
        Some(port) => Some((driver, port)),
        None => {
            driver.wait().unwrap();
            None
        }
    }
}

impl Drop for Browser {
    /// Ends the browser, which outlives its driver (Debian's is a child of a script): its pages
    /// would keep polling ports that belong to another test by then.
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(10);
        let close = reqwest::Client::new()
            .post(format!("{}/goog/cdp/execute", self.session))
            .json(&json!({ "cmd": "Browser.close", "params": {} }))
            .timeout(PATIENCE);
        let end = || {
            let runtime = tokio::runtime::Runtime::new()?;
            std::io::Result::Ok(runtime.block_on(async { close.send().await }))
        };
        // In a separate thread, since this one may belong to a runtime and must not block.
        let _ = std::thread::scope(|scope| scope.spawn(end).join());
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
