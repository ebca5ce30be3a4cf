//! A machine on which HTTP_PROXY is set, as companies have them.

use crate::support::{
    demo::Demo,
    jaeger::{Jaeger, MODES},
    process::Process,
    proxy::Proxy,
    service::Service,
};

/// For how long `verify` looks where it is to fail.
const SHORT: &str = "--timeout=5s";

/// The status of `axum-jaeger verify` with these arguments and variables, and what it wrote.
async fn verify(args: &[&str], env: &[(&'static str, String)]) -> (Option<i32>, String) {
    let args: Vec<_> = ["verify"]
        .iter()
        .chain(args)
        .map(|&arg| arg.to_owned())
        .collect();
    let env = env.to_vec();
    // The proxy answers on the test's own thread.
    let ended = tokio::task::spawn_blocking(move || {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let env: Vec<_> = env
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut verify = Process::start(&args, &env);
        let code = verify.wait().code();
        verify.wait_for("a result", |line| {
            (line == "OK" || line.starts_with("FAILED")).then_some(())
        });
        (code, verify.lines().join("\n"))
    });
    ended.await.unwrap()
}

#[tokio::test]
async fn the_demo_and_its_verify_ask_no_proxy() {
    let proxy = Proxy::start(&[]).await;
    let env = proxy.env();
    let of_demo = env.clone();
    let demo = tokio::task::spawn_blocking(move || {
        let env: Vec<_> = of_demo
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Demo::start_with(&[], &env)
    });
    let demo = demo.await.unwrap();
    for (app, jaeger) in [
        (demo.app.clone(), demo.jaeger.clone()),
        (
            demo.app.replace("127.0.0.1", "localhost"),
            demo.jaeger.replace("127.0.0.1", "localhost"),
        ),
    ] {
        let (code, output) = verify(&["--app", &app, "--jaeger", &jaeger], &env).await;
        assert_eq!(code, Some(0), "{output}");
        assert!(output.contains("8 spans of 3 services"), "{output}");
    }
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn spans_go_to_the_collector_itself() {
    let proxy = Proxy::start(&[]).await;
    let jaeger = Jaeger::start();
    let env = proxy.env();
    let env: Vec<_> = env
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    for mode in MODES {
        let service = Service::traced(&jaeger, mode, mode, &env);
        service.get("/").await;
        jaeger.traces(mode, 1).await;
    }
    // A name that is no loopback address.
    let service = Service::start(
        &[
            &[
                ("MODE", "thrift-collector"),
                ("COLLECTOR_THRIFT_URL", "http://collector.invalid:14268"),
                ("OTEL_BSP_SCHEDULE_DELAY", "0"),
            ],
            &env[..],
        ]
        .concat(),
    );
    service.get("/").await;
    let line = service.wait_for_line("spans do not reach").await;
    assert!(line.contains("dns error"), "{line}");
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn a_target_of_chain_is_asked_itself() {
    let proxy = Proxy::start(&[]).await;
    let env = proxy.env();
    let mut env: Vec<_> = env
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    env.push(("TARGET_ONE_HOST", "target.invalid"));
    let service = Service::untraced(&env);
    assert_eq!(service.get("/chain").await.status(), 502);
    let line = service
        .wait_for_line("target.invalid:8000 cannot be reached")
        .await;
    assert!(line.contains("dns error"), "{line}");
    assert_eq!(proxy.asked(), [""; 0]);
}

#[tokio::test]
async fn verify_reaches_other_machines_through_the_proxy_and_names_it_in_errors() {
    let jaeger = Jaeger::start();
    let target = Service::traced(&jaeger, "grpc", "app-b", &[]);
    let at = target.address.to_string();
    let third = Service::traced(&jaeger, "grpc", "app-c", &[]);
    let third_at = third.address.to_string();
    let targets = [("TARGET_ONE_HOST", &*at), ("TARGET_TWO_HOST", &*third_at)];
    let app = Service::traced(&jaeger, "grpc", "app-a", &targets);
    let names = [
        ("app.example", app.address),
        ("jaeger.example", jaeger.addresses().query),
    ];
    let proxy = Proxy::start(&names).await;
    let ask = [
        "--app",
        "http://app.example",
        "--jaeger",
        "http://jaeger.example",
    ];

    let (code, output) = verify(&ask, &proxy.env()).await;
    assert_eq!(code, Some(0), "{output}");
    assert_eq!(proxy.asked()[0], "GET http://app.example/chain");
    let and_some_more = proxy.asked().len();

    let refusing = [
        "--app",
        "http://me:SECRET@other.example",
        ask[2],
        ask[3],
        SHORT,
    ];
    let (code, output) = verify(&refusing, &proxy.env()).await;
    assert_eq!(code, Some(1), "{output}");
    let through = format!(
        "through the proxy {} (HTTP_PROXY or ALL_PROXY)",
        proxy.url()
    );
    assert!(
        output.contains(&format!("status 407 {through}: ")),
        "{output}"
    );
    assert!(!output.contains("SECRET"), "{output}");
    assert!(proxy.asked().len() > and_some_more);

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", gone.local_addr().unwrap());
    let (code, output) = verify(
        &[&ask[..], &[SHORT]].concat(),
        &[("HTTP_PROXY", gone.clone())],
    )
    .await;
    assert_eq!(code, Some(1), "{output}");
    let through = format!("no response through the proxy {gone} (HTTP_PROXY or ALL_PROXY): ");
    assert!(output.contains(&through), "{output}");

    // Told so, it asks none.
    let mut env = proxy.env().to_vec();
    env.push(("NO_PROXY", ".example".to_owned()));
    let (_, output) = verify(&[&ask[..], &[SHORT]].concat(), &env).await;
    assert!(
        output.contains("dns error") && !output.contains("proxy"),
        "{output}"
    );
}
