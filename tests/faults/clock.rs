//! The system's clock is set while requests are under way.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    sync::mpsc,
    time::Duration,
};

use embedded_jaeger::{Trace, TraceQuery};

use crate::{
    rig::{Rig, Traced},
    support::{
        jaeger::{MODES, TIMEOUT},
        process::{BINARY, Process},
        service::Service,
    },
};

/// The paths of Debian and Ubuntu.
const LIBFAKETIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];
/// Less than any step here.
const MINUTES: Duration = Duration::from_secs(10 * 60);

/// An hour forward within the first call of `/chain`, and two hours back within the second: spans
/// last as long as they lasted.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs libfaketime"]
async fn is_set() {
    let library = LIBFAKETIME
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect("libfaketime of the package libfaketime");
    for mode in MODES {
        let clock = std::env::temp_dir().join(format!("axum-jaeger-clock-{}", std::process::id()));
        let set = |offset: &str| std::fs::write(&clock, offset).unwrap();
        set("+0");
        let (target, called) = target();
        let rig = Rig::start_as(mode, &[], |env| {
            let mut command = Process::command(BINARY);
            command
                .arg("serve")
                .envs(env.iter().map(|(key, value)| (key, value)))
                .env("TARGET_ONE_HOST", &target)
                .env("TARGET_TWO_HOST", &target)
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", &clock)
                .env("FAKETIME_NO_CACHE", "1")
                // As the system's own does: it goes on, whatever the other is set to.
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
            Traced::new(Service::spawn(command))
        })
        .await;
        let service = &rig.traced.service;
        let chain = tokio::spawn(service.client.get(service.url("/chain")).send());
        for offset in ["+3600", "-3600"] {
            let answer: mpsc::Sender<()> = called.recv().unwrap();
            set(offset);
            answer.send(()).unwrap();
        }
        assert_eq!(chain.await.unwrap().unwrap().status(), 200);
        // The server's span, one for each call, and that of its own `/`.
        for span in only_trace(&rig, 5).await.spans() {
            let (name, duration) = (span.name(), span.duration());
            assert!(
                !duration.is_zero() && duration < MINUTES,
                "{name}: {duration:?}"
            );
        }
        for _ in 0..5 {
            rig.traced.count_request();
        }
        assert_eq!(rig.end().await.dropped, 0);
        std::fs::remove_file(clock).unwrap();
    }
}

/// The only trace of the service, with so many spans.
async fn only_trace(rig: &Rig, spans: usize) -> Trace {
    let query = TraceQuery::new("app");
    let whole = |traces: &[Trace]| matches!(traces, [trace] if trace.spans().len() == spans);
    let traces = rig.jaeger.wait_for_traces(&query, whole, TIMEOUT).await;
    traces.unwrap_or_else(|error| panic!("{error}")).remove(0)
}

/// A server that answers each request when the test, which gets a sender for it, says so.
fn target() -> (String, mpsc::Receiver<mpsc::Sender<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (calls, called) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let (answer, say) = mpsc::channel();
            if calls.send(answer).is_err() || say.recv().is_err() {
                return;
            }
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, called)
}
