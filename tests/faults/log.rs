//! A log that takes nothing: the service goes on without it, and spans do as well.

use std::{fs::File, io::Write, process::Command, sync::Arc};

use tokio::time::sleep;

use crate::{
    rig::{
        Rig, STEP, Traced,
        load::{self, compare},
        memory,
        port::{ANY_PORT, Reserved},
    },
    support::{
        metrics::Scrape,
        patience::Patience,
        process::{BINARY, Process},
        service::Service,
    },
};

/// A service whose log is not read here, so its ports are chosen for it.
struct Mute {
    rig: Rig,
    metrics: String,
    _ports: [Reserved; 2],
}

impl Mute {
    /// The service that `command` starts.
    async fn start(mut command: Command) -> Self {
        let ports = [(); 2].map(|()| Reserved::at(ANY_PORT));
        let [own, metrics] = [0, 1].map(|n: usize| ports[n].address);
        let rig = Rig::start_as("grpc", &[], |env| {
            command
                .envs(env.iter().map(|(key, value)| (key, value)))
                .env("EXPOSE_HOST", "127.0.0.1")
                .env("EXPOSE_PORT", own.port().to_string())
                .env("METRICS_PORT", metrics.port().to_string());
            Traced::new(Service::at(Process::spawn(command), own))
        })
        .await;
        let patience = Patience::new();
        let health = rig.traced.service.url("/healthz");
        while reqwest::get(&health).await.is_err() {
            patience.check(|| format!("not there: {:#?}", rig.traced.log()));
            sleep(STEP).await;
        }
        Self {
            rig,
            metrics: format!("http://{metrics}/metrics"),
            _ports: ports,
        }
    }

    /// It answers every request, every span arrives, and it keeps to its memory.
    async fn serves(&self, what: &str) {
        let plain = Rig::start("grpc", &[]).await;
        compare(what, &plain.traced, &self.rig.traced).await;
        self.rig.wait_for_all_spans().await;
        let metrics = self.scrape().await;
        metrics.check_account();
        assert_eq!(metrics.started(), self.rig.traced.requests());
        assert_eq!(metrics.lost(), 0);
        memory::is_within(self.rig.traced.service.process.id(), memory::BOUND);
    }

    async fn scrape(&self) -> Scrape {
        Scrape::at(&self.rig.traced.service.client, &self.metrics).await
    }

    /// It ends on SIGTERM, with nothing to complain of, and nothing lost or sent twice.
    fn ends(mut self) {
        let traced = Arc::get_mut(&mut self.rig.traced).unwrap();
        assert_eq!(traced.service.terminate().code(), Some(0));
        assert_eq!(traced.log(), [""; 0]);
        let asked = traced.requests();
        assert_eq!(self.rig.arrived(), asked);
    }
}

fn serve() -> Command {
    let mut command = Process::command(BINARY);
    command.arg("serve");
    command
}

/// Each write fails: there is no space left.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_device() {
    let mut command = serve();
    command.stdout(File::options().write(true).open("/dev/full").unwrap());
    let mute = Mute::start(command).await;
    mute.serves("a full device").await;
    mute.ends();
}

/// Each write fails: who read the log is gone.
#[tokio::test(flavor = "multi_thread")]
async fn closed() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = serve();
    command.stdout(writer);
    let mute = Mute::start(command).await;
    mute.serves("a closed log").await;
    mute.ends();
}

/// Nobody reads the log, and the pipe is full: a write would wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_reads() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = serve();
    command.stdout(writer);
    let mute = Mute::start(command).await;
    // Until neither the pipe nor the service holds any more.
    let dropped = async || {
        mute.scrape()
            .await
            .value("axum_jaeger_log_lines_dropped_total")
    };
    while dropped().await == 0 {
        load::requests(&mute.rig.traced, 500, 8).await;
    }
    mute.serves("a log that nobody reads").await;
    mute.ends();
    drop(reader);
}

/// A disk runs full, and has room again: lines are lost meanwhile, and nothing else.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: a file system of its own"]
async fn on_a_disk_that_is_full() {
    const MOUNT: &str =
        "mount -t tmpfs -o size=64k log \"$1\" && log=\"$1/log\" && shift && exec \"$@\" >\"$log\"";
    let folder = std::env::temp_dir().join(format!("axum-jaeger-disk-{}", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let mut command = Process::command("unshare");
    command.args(["--mount", "sh", "-c", MOUNT, "sh"]);
    command.arg(&folder).args([BINARY, "serve"]);
    let mute = Mute::start(command).await;
    // The mount is in the service's name space alone.
    let process = mute.rig.traced.service.process.id();
    let disk = format!("/proc/{process}/root{}", folder.display());
    let log = || std::fs::read_to_string(format!("{disk}/log")).unwrap();
    let patience = Patience::new();
    while !log().contains("listening on") {
        patience.check(log);
        sleep(STEP).await;
    }
    let rest = format!("{disk}/rest");
    let mut file = File::create(&rest).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    let before = log();
    mute.serves("a full disk").await;
    std::fs::remove_file(rest).unwrap();
    drop(file);
    let patience = Patience::new();
    while log().len() <= before.len() + 4096 {
        patience.check(|| format!("nothing more in the log: {}", log()));
        mute.rig.traced.get().await;
    }
    mute.rig.wait_for_all_spans().await;
    mute.ends();
    std::fs::remove_dir(folder).unwrap();
}
