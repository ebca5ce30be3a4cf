//! A name server that can fail, and services that ask it and no other.

use std::{
    net::{Ipv4Addr, UdpSocket},
    path::PathBuf,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering::Relaxed},
    },
};

use crate::support::process::{BINARY, Process};

/// The one name that is asked for.
pub(crate) const NAME: &str = "jaeger.test";

/// The answer to a question for an address.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Nothing at all.
    Silence,
    /// That the server failed.
    Failure,
    /// That there is no such name.
    Unknown,
    /// This address.
    Address(Ipv4Addr),
}

/// A name server on port 53 of an address of loopback that it has to itself.
pub(crate) struct Names {
    answer: Arc<Mutex<Answer>>,
    /// The files that the services see instead of the system's own.
    files: PathBuf,
}

impl Names {
    pub(crate) fn start(answer: Answer) -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let id = std::process::id();
        let address = Ipv4Addr::new(127, 53, (id % 250) as u8, NEXT.fetch_add(1, Relaxed));
        let socket = UdpSocket::bind((address, 53)).unwrap();
        let answer = Arc::new(Mutex::new(answer));
        let now = Arc::clone(&answer);
        std::thread::spawn(move || {
            let mut query = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut query) {
                let reply = reply(&query[..length], *now.lock().unwrap());
                if let Some(reply) = reply {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        let files = std::env::temp_dir().join(format!("axum-jaeger-{address}"));
        std::fs::create_dir_all(&files).unwrap();
        let resolver = format!("nameserver {address}\noptions timeout:1 attempts:1\n");
        std::fs::write(files.join("resolv.conf"), resolver).unwrap();
        std::fs::write(files.join("nsswitch.conf"), "hosts: dns\n").unwrap();
        Self { answer, files }
    }

    /// From now on.
    pub(crate) fn set(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// A service to which this is the only name server.
    pub(crate) fn serve(&self) -> Command {
        const MOUNT: &str = "cd \"$1\" && shift \
            && mount --bind resolv.conf /etc/resolv.conf \
            && mount --bind nsswitch.conf /etc/nsswitch.conf \
            && exec \"$@\"";
        let mut command = Process::command("unshare");
        command.args(["--mount", "sh", "-c", MOUNT, "sh"]);
        command.arg(&self.files).args([BINARY, "serve"]);
        command
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.files);
    }
}

/// The answer to a query of one question, RFC 1035, 4.1; an IPv6 address is never known.
fn reply(query: &[u8], answer: Answer) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    const NO_ERROR: u8 = 0;
    const SERVER_FAILURE: u8 = 2;
    const NAME_ERROR: u8 = 3;
    let name_end = HEADER + query.get(HEADER..)?.iter().position(|&byte| byte == 0)?;
    let question = query.get(HEADER..name_end + 5)?;
    let wants_ipv4 = query[name_end + 1..name_end + 3] == [0, 1];
    let (code, address) = match answer {
        Answer::Silence => return None,
        Answer::Failure => (SERVER_FAILURE, None),
        Answer::Unknown => (NAME_ERROR, None),
        Answer::Address(address) => (NO_ERROR, wants_ipv4.then_some(address)),
    };
    let mut reply = query[..2].to_vec();
    // A response, recursion desired and available; one question, an answer or none, nothing else.
    reply.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::from(address.is_some()),
        0,
        0,
        0,
        0,
    ]);
    reply.extend(question);
    if let Some(address) = address {
        // The question's name; type A, class IN, no time to live, four bytes.
        reply.extend([0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(address.octets());
    }
    Some(reply)
}
