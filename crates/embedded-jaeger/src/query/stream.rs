//! Streams large JSON answers: they are written in chunks while the client reads, so that a search
//! takes the memory of one trace and not of all that it finds.

use std::{
    io::{self, BufWriter, Write},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use tokio::{
    runtime::Handle,
    sync::{
        OwnedSemaphorePermit,
        mpsc::{self, error::SendTimeoutError},
    },
};

/// The size of a chunk in bytes.
const CHUNK: usize = 64 * 1024;
/// The longest time for which a client may read nothing.
const STALL: Duration = Duration::from_secs(30);

/// The answer with this value as JSON, which is serialized on a thread that may block. `slot` is
/// released at the end.
pub(super) fn json<T>(slot: OwnedSemaphorePermit, pretty: bool, value: T) -> Response
where
    T: Serialize + Send + 'static,
{
    let (sender, chunks) = mpsc::channel(1);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let mut writer = BufWriter::with_capacity(CHUNK, ChunkWriter { sender, runtime });
        let written = write(&mut writer, pretty, &value).and_then(|()| writer.flush());
        // What is left in the buffer after an error is not tried again, as its drop would.
        let (chunks, _) = writer.into_parts();
        if written.is_ok() {
            // A client that does not get the end sees a truncated answer.
            let _ = chunks.send(Chunk::End);
        }
    });
    ([(CONTENT_TYPE, "application/json")], body(chunks)).into_response()
}

/// A part of an answer. Without `End` the body fails, so the client sees a truncated answer.
enum Chunk {
    Bytes(Bytes),
    End,
}

fn body(chunks: mpsc::Receiver<Chunk>) -> Body {
    let chunks = stream::unfold(Some(chunks), async |chunks| {
        let mut chunks = chunks?;
        match chunks.recv().await {
            Some(Chunk::Bytes(bytes)) => Some((Ok(bytes), Some(chunks))),
            Some(Chunk::End) => None,
            None => Some((Err(io::Error::other("the answer is not whole")), None)),
        }
    });
    // The compression polls again after the end.
    Body::from_stream(chunks.fuse())
}

/// Writes the value as JSON; if `pretty`, with Jaeger's indentation.
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

struct ChunkWriter {
    sender: mpsc::Sender<Chunk>,
    runtime: Handle,
}

impl ChunkWriter {
    fn send(&self, chunk: Chunk) -> io::Result<()> {
        let send = self.sender.send_timeout(chunk, STALL);
        self.runtime.block_on(send).map_err(|error| match error {
            SendTimeoutError::Closed(_) => {
                io::Error::new(io::ErrorKind::BrokenPipe, "the client has gone")
            }
            SendTimeoutError::Timeout(_) => {
                io::Error::new(io::ErrorKind::TimedOut, "the client reads nothing")
            }
        })
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(Chunk::Bytes(Bytes::copy_from_slice(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::Arc};

    use axum::{
        body::to_bytes,
        http::{
            Request,
            header::{ACCEPT_ENCODING, CONTENT_ENCODING},
        },
    };
    use serde::ser::Error;
    use tokio::sync::Semaphore;
    use tower::{Layer, ServiceExt, service_fn};
    use tower_http::compression::CompressionLayer;

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
        let large = "x".repeat(3 * CHUNK);
        assert!(body((large.clone(), Broken(|| "no".into()))).await.is_err());
        assert!(body((large, Broken(|| panic!("no")))).await.is_err());
    }

    #[tokio::test]
    async fn nor_does_it_look_whole_when_it_is_compressed() {
        let answer = async |_| {
            let slot = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
            let value = ("x".repeat(3 * CHUNK), Broken(|| "no".into()));
            Ok::<_, Infallible>(json(slot, false, value))
        };
        let service = CompressionLayer::new().layer(service_fn(answer));
        let request = Request::get("/").header(ACCEPT_ENCODING, "gzip");
        let answer = service.oneshot(request.body(()).unwrap()).await.unwrap();
        assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
        let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await;
        assert!(body.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_chunk_is_lost_when_the_writer_goes_while_the_client_waits() {
        for _ in 0..20_000 {
            assert_eq!(body("x").await.unwrap(), "\"x\"");
        }
    }
}
