//! Little to live on: one core and 32 MiB.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    rig::{BROKEN, MENDED, Rig, Traced, gate::Fault, load},
    support::{
        jaeger::MODES,
        process::{BINARY, Process},
        service::Service,
    },
};

const MEMORY: u64 = 32 * 1024 * 1024;

/// The limits of a container with one CPU and 32 MiB, in the control groups of either version.
struct Group {
    folders: Vec<PathBuf>,
}

impl Group {
    fn new(name: &str) -> Self {
        let root = Path::new("/sys/fs/cgroup");
        let name = format!("axum-jaeger-{}-{name}", std::process::id());
        let make = |at: PathBuf, limits: &[(&str, String)]| {
            let folder = at.join(&name);
            fs::create_dir(&folder).unwrap();
            for (file, value) in limits {
                fs::write(folder.join(file), value).unwrap();
            }
            folder
        };
        let memory = MEMORY.to_string();
        let folders = if root.join("cgroup.controllers").exists() {
            fs::write(root.join("cgroup.subtree_control"), "+cpu +memory").unwrap();
            let limits = [
                ("memory.max", memory),
                ("memory.swap.max", "0".to_owned()),
                ("cpu.max", "100000 100000".to_owned()),
            ];
            vec![make(root.to_owned(), &limits)]
        } else {
            let cpu = ["cpu.cfs_period_us", "cpu.cfs_quota_us"];
            vec![
                make(root.join("memory"), &[("memory.limit_in_bytes", memory)]),
                make(
                    root.join("cpu"),
                    &cpu.map(|file| (file, "100000".to_owned())),
                ),
            ]
        };
        Self { folders }
    }

    /// A service that lives in it.
    fn start(&self, env: &[(&str, String)]) -> Traced {
        let enter = self
            .folders
            .iter()
            .map(|folder| format!("echo $$ >{}/cgroup.procs && ", folder.display()));
        let script = enter.chain(["exec \"$@\"".to_owned()]).collect::<String>();
        let mut command = Process::command("sh");
        command
            .args(["-c", &script, "sh", BINARY, "serve"])
            .envs(env.iter().map(|(key, value)| (key, value)));
        Traced::new(Service::spawn(command))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for folder in &self.folders {
            // Empty, since the service is gone.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Under load, also while large spans pile up: the system ends a process that takes more.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: a control group"]
async fn one_core_and_32_mib() {
    /// The default of 24 MiB is for those who have 64.
    const QUEUE: &[(&str, &str)] = &[("SPAN_QUEUE_MAX_BYTES", "8388608")];
    for mode in MODES {
        let plain = Rig::start(mode, QUEUE).await;
        let group = Group::new(mode);
        let mut rig = Rig::start_as(mode, QUEUE, |env| group.start(env)).await;
        let what = format!("one core and 32 MiB, {mode}");
        load::compare(&what, &plain.traced, &rig.traced).await;
        load::requests(&rig.traced, 2_000, 32).await;
        rig.wait_for_all_spans().await;
        if mode != "thrift-agent" {
            // An answer that is cut off would have its spans sent twice.
            rig.traced.wait_until_settled().await;
            rig.gate.set(Fault::Refusing).await;
            load::large_requests(&rig.traced, 2_000, 32).await;
            rig.gate.set(Fault::None).await;
            rig.traced
                .get_until("over", || rig.traced.count_lines(MENDED) > 0)
                .await;
            rig.traced.assert_logged(BROKEN, 1);
            rig.traced.assert_logged(MENDED, 1);
        }
        rig.end().await;
    }
}
