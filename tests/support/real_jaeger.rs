//! The real Jaeger all-in-one 1.62.0, as a program or in Docker.

use std::{
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::Duration,
};

use embedded_jaeger::Addresses;

/// Names a program to start instead of the container.
pub(crate) const PROGRAM: &str = "JAEGER_ALL_IN_ONE";

/// The container's image.
pub(crate) const IMAGE: &str = "jaegertracing/all-in-one:1.62.0";

/// Longer than it takes to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running all-in-one; ended when it goes out of scope.
pub(crate) struct RealJaeger {
    pub(crate) addresses: Addresses,
    _running: Running,
}

enum Running {
    Program(Child),
    Container(String),
}

impl RealJaeger {
    /// Started, and answering.
    pub(crate) async fn start() -> Self {
        let (addresses, running) = match std::env::var_os(PROGRAM) {
            Some(program) => start_program(Command::new(program)),
            None => start_container(),
        };
        let real = Self {
            addresses,
            _running: running,
        };
        let url = format!("http://{}/api/services", real.addresses.query);
        let answers = async {
            while reqwest::get(&url).await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.unwrap();
        real
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match self {
            Self::Program(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Container(id) => {
                let _ = docker(&["rm", "--force", id]);
            }
        }
    }
}

fn start_program(mut program: Command) -> (Addresses, Running) {
    let (addresses, flags) = flags();
    let child = program
        .args(flags)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    (addresses, Running::Program(child))
}

/// Free ports, and the program's flags for them.
pub(crate) fn flags() -> (Addresses, Vec<String>) {
    let [compact, binary, http, grpc, query] = std::array::from_fn(|_| free_address());
    let flags = [
        ("processor.jaeger-compact.server-host-port", compact),
        ("processor.jaeger-binary.server-host-port", binary),
        ("processor.zipkin-compact.server-host-port", free_address()),
        ("http-server.host-port", free_address()),
        ("collector.http-server.host-port", http),
        ("collector.grpc-server.host-port", grpc),
        ("collector.otlp.grpc.host-port", free_address()),
        ("collector.otlp.http.host-port", free_address()),
        ("query.http-server.host-port", query),
        ("query.grpc-server.host-port", free_address()),
        ("admin.http.host-port", free_address()),
    ];
    let addresses = Addresses {
        compact,
        binary,
        http,
        grpc,
        query,
    };
    let flags = flags.map(|(flag, address)| format!("--{flag}={address}"));
    (addresses, flags.into())
}

fn start_container() -> (Addresses, Running) {
    let mut args = vec!["run", "--detach"];
    for port in ["6831/udp", "6832/udp", "14268", "14250", "16686"] {
        args.extend(["--publish", String::leak(format!("127.0.0.1::{port}"))]);
    }
    args.push(IMAGE);
    let id = docker(&args);
    let running = Running::Container(id.clone());
    let address = |port: &str| docker(&["port", &id, port]).parse().unwrap();
    let addresses = Addresses {
        compact: address("6831/udp"),
        binary: address("6832/udp"),
        http: address("14268"),
        grpc: address("14250"),
        query: address("16686"),
    };
    (addresses, running)
}

/// The first line that `docker ARGS` prints.
fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().unwrap();
    assert!(output.status.success(), "docker {args:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}
