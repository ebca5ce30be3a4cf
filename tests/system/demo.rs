//! The demo and `verify`, as typed by a user.

use std::net::TcpListener;

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
};

use crate::support::{
    demo::{Demo, free_ports},
    patience::Patience,
    process::{Process, pid},
};

fn verify(demo: &Demo) -> (Option<i32>, String) {
    let mut verify = Process::start(
        &["verify", "--app", &demo.app, "--jaeger", &demo.jaeger],
        &[],
    );
    let status = verify.wait();
    // Both pipes are read to their ends before the process is gone from the table.
    verify.wait_for("a result", |line| {
        (line == "OK" || line.starts_with("FAILED")).then_some(())
    });
    (status.code(), verify.lines().join("\n"))
}

/// The receivers of `service`'s spans, from the tag that the embedded Jaeger sets.
async fn receivers(jaeger: &str, service: &str) -> Vec<String> {
    let url = format!("{jaeger}/api/traces?service=app-a&operation=GET%20/chain");
    let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let trace = &answer["data"][0];
    let mut found: Vec<String> = trace["spans"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|span| {
            let process = span["processID"].as_str().unwrap();
            trace["processes"][process]["serviceName"] == service
        })
        .map(|span| {
            let mut tags = span["tags"].as_array().unwrap().iter();
            let tag = tags.find(|tag| tag["key"] == "internal.span.receiver");
            tag.unwrap()["value"].as_str().unwrap().to_owned()
        })
        .collect();
    found.dedup();
    found
}

#[tokio::test]
async fn one_trace_takes_three_paths_and_verify_says_so() {
    let mut demo = Demo::start(&[]);
    let (code, output) = verify(&demo);
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("8 spans of 3 services"), "{output}");
    for (service, receiver) in [
        ("app-a", "grpc"),
        ("app-b", "http"),
        ("app-c", "udp-compact"),
    ] {
        assert_eq!(
            receivers(&demo.jaeger, service).await,
            [receiver],
            "{service}"
        );
        let metrics = demo.metrics(service);
        let response = reqwest::get(&metrics).await.unwrap();
        assert_eq!(response.status(), 200, "{metrics}");
    }
    assert_eq!(
        demo.process.terminate().code(),
        Some(0),
        "{:#?}",
        demo.process.lines()
    );
}

#[tokio::test]
async fn all_three_can_take_the_same_path() {
    for (mode, receiver) in [
        ("grpc", "grpc"),
        ("thrift-collector", "http"),
        ("thrift-agent", "udp-compact"),
    ] {
        let demo = Demo::start(&["--mode", mode]);
        let (code, output) = verify(&demo);
        assert_eq!(code, Some(0), "{mode}: {output}");
        for service in ["app-a", "app-b", "app-c"] {
            assert_eq!(receivers(&demo.jaeger, service).await, [receiver], "{mode}");
        }
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let list = format!("0,{port},0");
    for (flag, other) in [
        ("--ports", "--metrics-ports"),
        ("--metrics-ports", "--ports"),
    ] {
        let args = ["demo", flag, &list, other, "0,0,0", "--query-port", "0"];
        let mut demo = Process::start(&args, &[]);
        assert_eq!(demo.wait().code(), Some(1));
        let line = demo.wait_for_line(&format!("app-b cannot listen on port {port}"));
        assert!(
            line.ends_with(&format!("choose others with {flag}")),
            "{line}"
        );
    }
}

/// In Docker, `--host 0.0.0.0` is how a published port reaches them. Loopback has a second address
/// here.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_host_is_that_of_all_four_and_they_still_reach_each_other() {
    for (host, at) in [
        ("0.0.0.0", "127.0.0.2"),
        ("127.0.0.3", "127.0.0.3"),
        ("::1", "[::1]"),
    ] {
        // A machine may have no IPv6.
        if TcpListener::bind((host, 0)).is_err() {
            continue;
        }
        let demo = Demo::start(&["--host", host]);
        let jaeger_port = demo.jaeger.rsplit_once(':').unwrap().1;
        let jaeger = format!("http://{at}:{jaeger_port}");
        for port in &demo.ports {
            let url = format!("http://{at}:{port}/items/5");
            assert_eq!(reqwest::get(&url).await.unwrap().status(), 200, "{url}");
        }
        let app = format!("http://{at}:{}", demo.ports[0]);
        let mut verify = Process::start(&["verify", "--app", &app, "--jaeger", &jaeger], &[]);
        assert_eq!(verify.wait().code(), Some(0), "{:#?}", verify.lines());
        verify.wait_for_line("8 spans of 3 services");
        // The page's buttons, and the command that the demo shows.
        let button = format!("{jaeger}/page/try?name=/chain");
        let pressed = reqwest::Client::new().post(button).send().await.unwrap();
        let answer: serde_json::Value = pressed.json().await.unwrap();
        assert_eq!(answer["data"]["status"], 200, "{answer}");
        let near = if host == "0.0.0.0" { "127.0.0.1" } else { at };
        let told = format!("curl http://{near}:{}/chain", demo.ports[0]);
        demo.process.wait_for_line(&told);
        for app in ["app-a", "app-b", "app-c"] {
            let metrics = demo.metrics(app);
            let port = metrics.rsplit_once(':').unwrap().1;
            let url = format!("http://{at}:{port}");
            assert_eq!(reqwest::get(url).await.unwrap().status(), 200);
        }
    }
    let mut elsewhere = Process::start(&["demo", "--host", "192.0.2.1"], &[]);
    assert_eq!(elsewhere.wait().code(), Some(1));
    let line = elsewhere.wait_for_line("app-a cannot listen on port 8000 of 192.0.2.1: ");
    assert!(line.ends_with("choose others with --host"), "{line}");
}

#[test]
fn under_a_base_path_it_says_where_and_is_found_there() {
    let demo = Demo::start(&["--base-path", "/tools/jaeger/"]);
    assert!(demo.jaeger.ends_with("/tools/jaeger"), "{}", demo.jaeger);
    demo.process
        .wait_for_line(&format!("--jaeger {}", demo.jaeger));
    let (code, output) = verify(&demo);
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn a_bad_base_path_says_what_is_allowed() {
    for path in ["jaeger", "//", "/a//b", "/a/../b", "/a b", "/{id}"] {
        let mut jaeger = Process::start(&["jaeger", "--base-path", path], &[]);
        assert_eq!(jaeger.wait().code(), Some(2), "{path}");
        let line = jaeger.wait_for_line("--base-path");
        assert!(line.contains(&format!("'{path}'")), "{line}");
        assert!(
            line.contains("expected / or a path such as /jaeger"),
            "{line}"
        );
    }
}

#[test]
fn a_bad_mode_says_what_is_allowed() {
    let mut demo = Process::start(&["--mode", "zipkin"], &[]);
    assert_eq!(demo.wait().code(), Some(2));
    let line = demo.wait_for_line("zipkin");
    assert!(
        line.ends_with("expected grpc, thrift-collector or thrift-agent"),
        "{line}"
    );
}

/// The processes that `parent` started.
fn children(parent: u32) -> Vec<u32> {
    let path = format!("/proc/{parent}/task");
    let tasks = std::fs::read_dir(path).unwrap().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|text| {
            text.split_whitespace()
                .map(|id| id.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn killed_it_leaves_no_process_behind() {
    let mut demo = Demo::start(&[]);
    let children = children(demo.process.id());
    assert_eq!(children.len(), 3);
    demo.process.signal(Signal::SIGKILL);
    demo.process.wait();
    let patience = Patience::new();
    for child in children {
        // An orphan's end is reaped by init, or it stays as a zombie where there is none.
        while kill(pid(child), None) != Err(Errno::ESRCH) && !is_zombie(child) {
            patience.check(|| format!("{child} still runs"));
            std::thread::yield_now();
        }
    }
}

fn is_zombie(id: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_none_or(|(_, rest)| rest.starts_with('Z'))
}

#[test]
fn when_a_service_ends_by_itself_the_demo_says_so_and_ends() {
    let mut demo = Demo::start(&[]);
    let first = children(demo.process.id())[0];
    kill(pid(first), Signal::SIGKILL).unwrap();
    assert_eq!(demo.process.wait().code(), Some(1));
    demo.process.wait_for_line("ended by itself: signal: 9");
}

#[test]
fn verify_says_what_it_could_not_find_and_where_to_look() {
    let [app, jaeger] = free_ports().map(|port: String| format!("http://127.0.0.1:{port}"));
    let args = [
        "verify",
        "--app",
        &app,
        "--jaeger",
        &jaeger,
        "--timeout",
        "1s",
    ];
    let mut verify = Process::start(&args, &[]);
    assert_eq!(verify.wait().code(), Some(1));
    verify.wait_for_line(&format!("expected 200 from {app}/chain"));
    verify.wait_for_line(&format!("expected an answer from Jaeger at {jaeger}"));
    verify.wait_for_line("Connection refused");
    verify.wait_for_line("check    ");
}
