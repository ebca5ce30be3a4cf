//! Thrift over UDP, as to a Jaeger agent: one datagram, one message, no answer.
//!
//! The kernel buffers little for a slow reader and drops the rest, so one thread only reads, and
//! another decodes.

use std::{
    io,
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{Reason, SpanSink};

/// The largest datagram of UDP, in bytes.
const MAX_DATAGRAM: usize = 65_535;
/// The requested size of the kernel's buffer, in bytes; the kernel limits it (Linux:
/// `net.core.rmem_max`).
const KERNEL_BUFFER: usize = 8 * 1024 * 1024;
/// The memory of datagrams that wait for the decoder, in bytes.
const MAX_QUEUE: usize = 16 * 1024 * 1024;
/// The estimated memory of a waiting datagram beside its bytes.
const QUEUE_ENTRY: usize = 64;
/// The longest time after which the reader notices a shutdown.
const WAKE_UP: Duration = Duration::from_millis(200);

/// Makes the kernel's buffer as large as it allows, and lets a read return from time to time.
pub(crate) fn prepare(socket: &UdpSocket) -> io::Result<()> {
    // Linux gives what it can; macOS refuses what is too much, and keeps its default then.
    let _ = socket2::SockRef::from(socket).set_recv_buffer_size(KERNEL_BUFFER);
    socket.set_read_timeout(Some(WAKE_UP))
}

/// Reads and decodes on two threads of their own until `stop`; datagrams that have been read by
/// then are still stored.
///
/// # Errors
/// The system has no thread left.
pub(crate) fn spawn(
    socket: UdpSocket,
    sink: Arc<SpanSink>,
    stop: CancellationToken,
) -> io::Result<[JoinHandle<()>; 2]> {
    let (sender, queue) = channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let name = sink.receiver.name();
    let reader = {
        let (sink, waiting) = (Arc::clone(&sink), Arc::clone(&waiting));
        let read = move || read(&socket, &sink, &sender, &waiting, &stop);
        std::thread::Builder::new()
            .name(format!("{name}-read"))
            .spawn(read)?
    };
    let decode = move || decode(&sink, queue, &waiting);
    let decoder = std::thread::Builder::new()
        .name(format!("{name}-decode"))
        .spawn(decode)?;
    Ok([reader, decoder])
}

fn read(
    socket: &UdpSocket,
    sink: &SpanSink,
    queue: &Sender<Box<[u8]>>,
    waiting: &AtomicUsize,
    stop: &CancellationToken,
) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    while !stop.is_cancelled() {
        // An error is a timeout, to check `stop`, or belongs to an earlier datagram; neither ends
        // the loop.
        let Ok(length) = socket.recv(&mut buffer) else {
            continue;
        };
        let cost = length + QUEUE_ENTRY;
        if waiting.fetch_add(cost, Relaxed) + cost > MAX_QUEUE {
            waiting.fetch_sub(cost, Relaxed);
            sink.refuse(Reason::QueueFull, &"the queue of datagrams is full");
            sink.counters.done();
        } else if queue.send(buffer[..length].into()).is_err() {
            return;
        }
    }
}

fn decode(sink: &SpanSink, queue: Receiver<Box<[u8]>>, waiting: &AtomicUsize) {
    for datagram in queue {
        match super::decode(sink.receiver, &datagram) {
            Ok(spans) => sink.accept(spans),
            Err(error) => sink.refuse(Reason::Malformed, &error),
        }
        sink.counters.done();
        waiting.fetch_sub(datagram.len() + QUEUE_ENTRY, Relaxed);
    }
}
