//! The endpoints, as a client sees them.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpListener,
};

use crate::support::service::Service;
use serde_json::{Value, json};

#[tokio::test]
async fn each_endpoint_answers_as_that_of_the_fastapi_demo_does() {
    let service = Service::untraced(&[]);
    for (path, status, body) in [
        ("/", 200, json!({"Hello": "World"})),
        ("/items/5?q=x", 200, json!({"item_id": 5, "q": "x"})),
        ("/items/-5", 200, json!({"item_id": -5, "q": null})),
        ("/items/5?q=", 200, json!({"item_id": 5, "q": ""})),
        ("/io_task", 200, json!("IO bound task finish!")),
        ("/cpu_task", 200, json!("CPU bound task finish!")),
        ("/random_sleep", 200, json!({"path": "/random_sleep"})),
        (
            "/error_test",
            500,
            json!({"detail": "Internal Server Error"}),
        ),
        ("/nowhere", 404, json!({"detail": "Not Found"})),
        ("/items/", 404, json!({"detail": "Not Found"})),
    ] {
        assert_eq!(service.json(path).await, (status, body), "{path}");
    }
}

#[tokio::test]
async fn an_item_id_that_is_no_integer_is_422() {
    let service = Service::untraced(&[]);
    for path in [
        "/items/x",
        "/items/1.5",
        "/items/9223372036854775808",
        "/items/%00",
    ] {
        let (status, body) = service.json(path).await;
        assert_eq!(status, 422, "{path}");
        assert!(
            body["detail"].as_str().unwrap().starts_with("item_id: "),
            "{body}"
        );
    }
    let (status, body) = service.json("/items/1?q=a&q=b").await;
    assert_eq!(status, 422, "{body}");
}

#[tokio::test]
async fn a_wrong_method_is_405() {
    let service = Service::untraced(&[]);
    let response = service.client.post(service.url("/")).send().await.unwrap();
    assert_eq!(response.status(), 405);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({"detail": "Method Not Allowed"}));
}

#[tokio::test]
async fn random_status_gives_each_of_its_statuses() {
    let service = Service::untraced(&[]);
    let mut seen = BTreeSet::new();
    // That one of the four does not come up in 200 draws has a chance of 4 * 0.8^200.
    for _ in 0..200 {
        let (status, body) = service.json("/random_status").await;
        assert_eq!(body, json!({"path": "/random_status"}));
        seen.insert(status);
    }
    assert_eq!(seen, BTreeSet::from([200, 300, 400, 500]));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let service = Service::untraced(&[]);
    let request = service
        .client
        .post(service.url("/"))
        .body(vec![0; 65 * 1024]);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 413);
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["detail"],
        "the request's body is larger than 65536 bytes"
    );
}

#[tokio::test]
async fn health_is_asked_without_a_line_in_the_log() {
    let service = Service::untraced(&[]);
    assert_eq!(service.get("/healthz").await.status(), 200);
    assert_eq!(service.get("/readyz").await.status(), 200);
    service.get("/items/77").await;
    service.process.wait_for_line("GET /items/77");
    assert!(
        !service
            .process
            .lines()
            .iter()
            .any(|line| line.contains("readyz"))
    );
}

#[tokio::test]
async fn chain_calls_itself_and_both_targets() {
    let target = Service::untraced(&[("APP_NAME", "target")]);
    let address = target.address.to_string();
    let service =
        Service::untraced(&[("TARGET_ONE_HOST", &address), ("TARGET_TWO_HOST", &address)]);
    assert_eq!(
        service.json("/chain").await,
        (200, json!({"path": "/chain"}))
    );
    service.process.wait_for_line("- GET / ");
    target.process.wait_for_line("- GET /io_task ");
    target.process.wait_for_line("- GET /cpu_task ");
}

/// The answer of `/chain` when target one is at `target`; the log must name the target too.
async fn chain_with_target(target: &str) -> (u16, String) {
    let service = Service::untraced(&[("TARGET_ONE_HOST", target), ("TARGET_TWO_HOST", target)]);
    let (status, body) = service.json("/chain").await;
    let line = service.process.wait_for_line(" ERROR ");
    assert!(line.contains(target), "{line}");
    (status, body["detail"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_target_that_is_down_is_502() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let (status, detail) = chain_with_target(&free).await;
    assert_eq!((status, detail), (502, format!("{free} cannot be reached")));
}

#[tokio::test]
async fn a_target_that_fails_is_502() {
    let target = answering("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n");
    let (status, detail) = chain_with_target(&target).await;
    assert_eq!(status, 502);
    assert_eq!(
        detail,
        format!("{target} answered with status 500 Internal Server Error")
    );
}

#[tokio::test]
async fn a_target_that_redirects_is_502() {
    let target = answering("HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(chain_with_target(&target).await.0, 502);
}

#[tokio::test]
async fn a_target_that_breaks_off_is_502() {
    let target = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    assert_eq!(chain_with_target(&target).await.0, 502);
}

#[tokio::test]
async fn a_target_that_is_too_slow_is_504() {
    // The system accepts the connection for it; nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = silent.local_addr().unwrap().to_string();
    let (status, detail) = chain_with_target(&target).await;
    assert_eq!(
        (status, detail),
        (504, format!("{target} did not answer in time"))
    );
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_work() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = silent.local_addr().unwrap().to_string();
    let service = Service::untraced(&[("TARGET_ONE_HOST", &target)]);
    let mut client = std::net::TcpStream::connect(service.address).unwrap();
    client
        .write_all(b"GET /chain HTTP/1.1\r\nhost: a\r\n\r\n")
        .unwrap();
    let (mut call, _) = silent.accept().unwrap();
    let mut begin = [0; 13];
    call.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"GET /io_task ");
    drop(client);
    service
        .process
        .wait_for_line("GET /chain: the client went away");
    // The call to the target ends too, long before its own timeout.
    call.read_to_end(&mut Vec::new()).unwrap();
    assert!(
        !service
            .process
            .lines()
            .iter()
            .any(|line| line.contains(" ERROR "))
    );
}

#[tokio::test]
async fn bytes_that_are_not_http_are_refused() {
    let service = Service::untraced(&[]);
    let mut client = std::net::TcpStream::connect(service.address).unwrap();
    client
        .write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(service.get("/").await.status(), 200);
}

/// A server that gives every connection the same answer, and closes it.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}
