//! Lines on their way to stdout.
//!
//! A system call for each line would cost a request more than all the rest of its log, and a reader
//! that hangs would block the request. So lines wait in one buffer, and a thread writes them: the
//! first line after a pause at once, those that follow soon together. If the buffer is full, lines
//! are dropped and counted. A stdout that is closed, or a disk that is full, loses lines and no
//! more.
//!
//! Why not `tracing-appender`, whose `non_blocking` writer (0.2) has a thread and drops lines, too:
//! its channel is bounded in lines of any length and not in bytes, each line is an allocation and
//! a system call of its own, and with a full channel its guard gives up after 100 ms.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// The most bytes that wait; further lines are dropped.
const CAPACITY: usize = 1024 * 1024;

/// The pause after a write, in which lines gather.
const PAUSE: Duration = Duration::from_millis(5);

/// The buffer, which the callers share with the thread that writes.
#[derive(Debug, Default)]
pub(super) struct Writer {
    state: Mutex<State>,
    /// Wakes the thread: there is a line, or no reason to wait for more.
    wake: Condvar,
    /// Wakes the flush: everything is written.
    done: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    dropped: u64,
    /// The thread has nothing to do until it is woken.
    asleep: bool,
    /// The thread is in a write.
    writing: bool,
    /// A flush waits for the end.
    flushing: bool,
}

impl Writer {
    /// The one of the process for stdout.
    pub(super) fn stdout() -> io::Result<Arc<Self>> {
        static STDOUT: Mutex<Option<Arc<Writer>>> = Mutex::new(None);
        let mut stdout = STDOUT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(writer) = &*stdout {
            return Ok(Arc::clone(writer));
        }
        Ok(Arc::clone(stdout.insert(Self::start(io::stdout())?)))
    }

    /// Starts the thread, which lives as long as the process.
    fn start(out: impl Write + Send + 'static) -> io::Result<Arc<Self>> {
        let writer = Arc::new(Self::default());
        let own = Arc::clone(&writer);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || own.run(out))?;
        Ok(writer)
    }

    /// Adds a line, or drops it when the buffer is full. Never waits for stdout.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.waiting.len() + line.len() > CAPACITY {
            state.dropped += 1;
            return;
        }
        state.waiting.extend_from_slice(line);
        if state.asleep {
            state.asleep = false;
            self.wake.notify_one();
        }
    }

    /// The number of lines that did not fit.
    #[cfg(any(feature = "metrics", test))]
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Waits until all lines are written, for `limit` at most.
    pub(super) fn flush(&self, limit: Duration) {
        let mut state = self.lock();
        state.flushing = true;
        self.wake.notify_one();
        let is_busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.done.wait_timeout_while(state, limit, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.flushing = false;
    }

    fn run(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                self.done.notify_all();
                state.asleep = true;
                let is_asleep = |state: &mut State| state.asleep && state.waiting.is_empty();
                let woken = self.wake.wait_while(state, is_asleep);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            std::mem::swap(&mut state.waiting, &mut lines);
            state.writing = true;
            drop(state);
            // There is nowhere to report an error.
            let _ = out.write_all(&lines).and_then(|()| out.flush());
            lines.clear();
            state = self.lock();
            state.writing = false;
            let gathering = self
                .wake
                .wait_timeout_while(state, PAUSE, |state| !state.flushing);
            (state, _) = gathering.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Reports each write, and then waits for permission to go on.
    struct Reader {
        seen: Sender<Vec<u8>>,
        go_on: Receiver<()>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.seen.send(bytes.to_vec()).unwrap();
            let _ = self.go_on.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A writer, the writes that its reader got, and the permission for more.
    fn slow() -> (Arc<Writer>, Receiver<Vec<u8>>, Sender<()>) {
        let (seen, written) = channel();
        let (take_more, go_on) = channel();
        let writer = Writer::start(Reader { seen, go_on }).unwrap();
        (writer, written, take_more)
    }

    #[test]
    fn a_line_goes_out_at_once_and_those_behind_it_together() {
        let (writer, written, take_more) = slow();
        writer.push(b"a\n");
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"a\n");
        writer.push(b"b\n");
        writer.push(b"c\n");
        drop(take_more);
        writer.flush(LONG);
        assert_eq!(written.recv_timeout(LONG).unwrap(), b"b\nc\n");
        assert!(written.try_recv().is_err());
    }

    #[test]
    fn a_reader_that_hangs_loses_lines_and_blocks_no_caller() {
        let (writer, written, take_more) = slow();
        writer.push(b"first\n");
        written.recv_timeout(LONG).unwrap();
        let line = [b'x'; 1024];
        for _ in 0..CAPACITY / line.len() + 3 {
            writer.push(&line);
        }
        assert_eq!(writer.dropped(), 3);
        writer.flush(Duration::from_millis(1));
        drop(take_more);
        writer.flush(LONG);
        assert_eq!(written.recv_timeout(LONG).unwrap().len(), CAPACITY);
    }

    #[test]
    fn a_write_that_fails_is_survived() {
        struct Full(Sender<()>);
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                self.0.send(()).unwrap();
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (tried, tries) = channel();
        let writer = Writer::start(Full(tried)).unwrap();
        for _ in 0..2 {
            writer.push(b"line\n");
            tries.recv_timeout(LONG).unwrap();
            writer.flush(LONG);
        }
    }
}
