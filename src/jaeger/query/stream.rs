//! Answers as large as they like: written in pieces while the client reads, so that a search costs the memory of one trace and not of
//! all it finds.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

/// Bytes written at a time.
const PIECE: usize = 64 * 1024;
/// How long a client may read nothing.
const STALL: Duration = Duration::from_secs(30);

/// The answer with this value as JSON, made in a thread that may block. `slot` is given back when it is written.
pub(super) fn json<T>(slot: OwnedSemaphorePermit, pretty: bool, value: T) -> Response
where
    T: Serialize + Send + 'static,
{
    let (sender, body) = Channel::<Bytes, Arc<io::Error>>::new(1);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let mut writer = BufWriter::with_capacity(PIECE, Pieces { sender, runtime });
        let written = write(&mut writer, pretty, &value).and_then(|()| writer.flush());
        if let Err(error) = written {
            // The connection ends without the last piece, which tells the client that something is missing.
            let (pieces, _) = writer.into_parts();
            pieces.sender.abort(Arc::new(error));
        }
    });
    ([(CONTENT_TYPE, "application/json")], Body::new(body)).into_response()
}

/// The value as JSON, indented as Jaeger does if at all.
pub(super) fn write(to: impl Write, pretty: bool, value: &impl Serialize) -> io::Result<()> {
    match pretty {
        false => serde_json::to_writer(to, value)?,
        true => {
            let formatter = PrettyFormatter::with_indent(b"    ");
            value.serialize(&mut Serializer::with_formatter(to, formatter))?;
        }
    }
    Ok(())
}

struct Pieces {
    sender: Sender<Bytes, Arc<io::Error>>,
    runtime: Handle,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let send = self.sender.send_data(Bytes::copy_from_slice(bytes));
        match self
            .runtime
            .block_on(async { tokio::time::timeout(STALL, send).await })
        {
            Ok(Ok(())) => Ok(bytes.len()),
            Ok(Err(_)) => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the client has gone",
            )),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client reads nothing",
            )),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::to_bytes;
    use serde::ser::Error;
    use tokio::sync::Semaphore;

    use super::*;

    async fn body(value: impl Serialize + Send + 'static) -> Result<Bytes, axum::Error> {
        let slot = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        to_bytes(json(slot, false, value).into_body(), usize::MAX).await
    }

    struct Broken(fn() -> String);

    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom((self.0)()))
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_written_to_its_end_is_an_error() {
        let large = "x".repeat(3 * PIECE);
        assert!(body((large.clone(), Broken(|| "no".into()))).await.is_err());
        assert!(body((large, Broken(|| panic!("no")))).await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_piece_is_lost_when_the_writer_goes_while_the_client_waits() {
        for _ in 0..20_000 {
            assert_eq!(body("x").await.unwrap(), "\"x\"");
        }
    }
}
