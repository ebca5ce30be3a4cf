//! The real binary as a child process, read from and signalled as a user would.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use super::patience::Patience;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// A running `axum-jaeger`; killed when it goes out of scope.
pub struct Process {
    child: Child,
    output: Arc<(Mutex<Vec<String>>, Condvar)>,
}

/// The real binary.
pub const BINARY: &str = env!("CARGO_BIN_EXE_axum-jaeger");

impl Process {
    /// `axum-jaeger ARGS` with these variables and no other of its own.
    pub fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Self::command(BINARY);
        command.args(args).envs(env.iter().copied());
        Self::spawn(command)
    }

    /// A command that runs the binary in the end, with nothing to read and both outputs kept.
    pub fn command(program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts a [`Process::command`].
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = Arc::default();
        if let Some(stdout) = child.stdout.take() {
            read_lines(stdout, Arc::clone(&output));
        }
        read_lines(child.stderr.take().unwrap(), Arc::clone(&output));
        Self { child, output }
    }

    /// All lines so far, of stdout and stderr.
    pub fn lines(&self) -> Vec<String> {
        self.output.0.lock().unwrap().clone()
    }

    /// The first line that `wanted` turns into something.
    pub fn wait_for<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let patience = Patience::new();
        let (lines, changed) = &*self.output;
        let mut lines = lines.lock().unwrap();
        loop {
            if let Some(found) = lines.iter().find_map(|line| wanted(line)) {
                return found;
            }
            patience.check(|| format!("no line with {what} in {lines:#?}"));
            let step = Duration::from_secs(1);
            lines = changed.wait_timeout(lines, step).unwrap().0;
        }
    }

    /// The first line that contains `text`.
    pub fn wait_for_line(&self, text: &str) -> String {
        self.wait_for(text, |line| line.contains(text).then(|| line.to_owned()))
    }

    /// The text after `prefix` in the first line that contains it, up to a space or a quote.
    pub fn wait_for_word_after(&self, prefix: &str) -> String {
        self.wait_for(prefix, |line| {
            let (_, rest) = line.split_once(prefix)?;
            rest.split([' ', '"']).next().map(str::to_owned)
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(pid(self.child.id()), signal).unwrap();
    }

    /// Waits for the end of the process, and returns its exit status.
    pub fn wait(&mut self) -> ExitStatus {
        let patience = Patience::new();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            patience.check(|| format!("still running: {:#?}", self.lines()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM, then how the process ended.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process's id as signals take it.
pub fn pid(id: u32) -> Pid {
    Pid::from_raw(id.try_into().unwrap())
}

fn read_lines(from: impl Read + Send + 'static, to: Arc<(Mutex<Vec<String>>, Condvar)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            to.0.lock().unwrap().push(line);
            to.1.notify_all();
        }
    });
}
