//! The demo as a user starts it, on free ports.

use std::net::TcpListener;

use super::process::Process;

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> [String; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port().to_string())
}

/// A running demo and where it listens.
pub struct Demo {
    pub process: Process,
    /// The first service, as `http://host:port`; so is Jaeger's query port.
    pub app: String,
    pub jaeger: String,
    /// The ports of the three services.
    pub ports: [String; 3],
}

impl Demo {
    pub fn start(flags: &[&str]) -> Self {
        Self::start_with(flags, &[])
    }

    /// With these variables, which the services inherit.
    pub fn start_with(flags: &[&str], env: &[(&str, &str)]) -> Self {
        let ports = free_ports::<3>();
        let list = ports.join(",");
        let mut args = vec!["demo", "--ports", &list, "--metrics-ports", "0,0,0"];
        for flag in [
            "--compact-port",
            "--binary-port",
            "--http-port",
            "--grpc-port",
            "--query-port",
        ] {
            args.extend([flag, "0"]);
        }
        args.extend(flags);
        let env = [&[("OTEL_BSP_SCHEDULE_DELAY", "50")], env].concat();
        let process = Process::start(&args, &env);
        let jaeger = format!("http://{}", process.wait_for_word_after("query on http://"));
        for app in ["app-a", "app-b", "app-c"] {
            process.wait_for(app, |line| {
                (line.starts_with(&format!("{app} |")) && line.contains("listening on"))
                    .then_some(())
            });
        }
        Self {
            process,
            app: format!("http://127.0.0.1:{}", ports[0]),
            jaeger,
            ports,
        }
    }

    /// The URL of `app`'s metrics.
    pub fn metrics(&self, app: &str) -> String {
        self.process.wait_for("metrics on", |line| {
            let line = line.strip_prefix(&format!("{app} |"))?;
            Some(line.split_once("metrics on ")?.1.to_owned())
        })
    }
}
