//! A port before Jaeger's at which everything can go wrong that goes wrong between two hosts.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use super::port::{ANY_PORT, Reserved, bound};

/// The gate's treatment of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is wrong: Jaeger answers.
    None,
    /// Nobody listens.
    Refusing,
    /// Nobody is there: attempts to connect are not even refused.
    Absent,
    /// Connections are taken and stay open, and nothing is read or answered.
    Hanging,
    /// Answers come late.
    Slow(Duration),
    /// Each request is answered with this status of HTTP, and forgotten.
    Status(u16),
    /// Each request is answered with this status of gRPC, and forgotten.
    GrpcStatus(u16),
    /// The answer begins and breaks off.
    Breaking,
}

/// A port of loopback; at first nothing is wrong.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    to: SocketAddr,
    fault: watch::Sender<Fault>,
    open: Option<JoinHandle<()>>,
    /// Those that wait in the queue of a listener that takes none.
    blocked: Option<(Socket, Vec<Socket>)>,
    /// Nobody else gets the port while it refuses.
    _reserved: Reserved,
}

impl Gate {
    /// On a free port, before `to`.
    pub(crate) async fn start(to: SocketAddr) -> Self {
        Self::start_at(ANY_PORT, to).await
    }

    pub(crate) async fn start_at(at: SocketAddr, to: SocketAddr) -> Self {
        let reserved = Reserved::at(at);
        let mut gate = Self {
            address: reserved.address,
            to,
            fault: watch::Sender::new(Fault::None),
            open: None,
            blocked: None,
            _reserved: reserved,
        };
        gate.set(Fault::None).await;
        gate
    }

    /// From now on. Open connections break, but for those that hang or become slow.
    pub(crate) async fn set(&mut self, fault: Fault) {
        if let Some(open) = self
            .open
            .take_if(|_| matches!(fault, Fault::Refusing | Fault::Absent))
        {
            open.abort();
            // Ends with an error, since it was aborted; then its socket is closed.
            let _ = open.await;
        }
        self.blocked = None;
        self.fault.send_replace(fault);
        match fault {
            Fault::Refusing => {}
            Fault::Absent => self.blocked = Some(blocked(self.address)),
            _ if self.open.is_some() => {}
            _ => {
                let listener = listening(self.address, 1024);
                listener.set_nonblocking(true).unwrap();
                let listener = TcpListener::from_std(listener.into()).unwrap();
                let (to, fault) = (self.to, self.fault.subscribe());
                self.open = Some(tokio::spawn(serve(listener, to, fault)));
            }
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}

fn listening(at: SocketAddr, queue: i32) -> Socket {
    let socket = bound(at);
    socket.listen(queue).unwrap();
    socket
}

/// A listener whose queue is full, so that the system ignores who wants to connect.
fn blocked(at: SocketAddr) -> (Socket, Vec<Socket>) {
    let listener = listening(at, 0);
    let waiting = (0..4).map(|_| {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        // The first ones take the queue's places; none is waited for.
        let _ = socket.connect(&at.into());
        socket
    });
    let waiting = waiting.collect();
    (listener, waiting)
}

async fn serve(listener: TcpListener, to: SocketAddr, fault: watch::Receiver<Fault>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let fault = fault.clone();
        tokio::spawn(async move {
            let mut changed = fault.clone();
            let now = *changed.borrow_and_update();
            let until = async {
                // A connection that passes stays one when it hangs or becomes slow, or is quick
                // again.
                let stays = |next: &Fault| match now {
                    Fault::None | Fault::Slow(_) => {
                        matches!(next, Fault::None | Fault::Slow(_) | Fault::Hanging)
                    }
                    _ => *next == now,
                };
                let _ = changed.wait_for(|next| !stays(next)).await;
            };
            tokio::select! {
                () = connection(stream, to, fault.clone()) => {}
                () = until => {}
            }
        });
    }
}

async fn connection(mut stream: TcpStream, to: SocketAddr, fault: watch::Receiver<Fault>) {
    let now = *fault.borrow();
    match now {
        Fault::None | Fault::Slow(_) => pass(stream, to, fault).await,
        Fault::Hanging | Fault::Refusing | Fault::Absent => std::future::pending().await,
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            answer(stream, move || Response::builder().status(status)).await;
        }
        Fault::GrpcStatus(status) => {
            answer(stream, move || {
                Response::builder()
                    .header(CONTENT_TYPE, "application/grpc")
                    .header("grpc-status", status)
            })
            .await;
        }
        Fault::Breaking => break_off(&mut stream).await,
    }
}

/// Passes bytes both ways, the answers late where that is the fault, and none while it hangs.
async fn pass(stream: TcpStream, to: SocketAddr, mut fault: watch::Receiver<Fault>) {
    let Ok(jaeger) = TcpStream::connect(to).await else {
        return;
    };
    let (mut from_service, mut to_service) = stream.into_split();
    let (mut from_jaeger, mut to_jaeger) = jaeger.into_split();
    let mut hangs = fault.clone();
    let requests = async {
        tokio::select! {
            // First: what is sent once it hangs may not pass.
            biased;
            () = async { drop(hangs.wait_for(|now| *now == Fault::Hanging).await) } => {
                std::future::pending().await
            }
            _ = copy(&mut from_service, &mut to_jaeger) => {}
        }
    };
    let answers = async {
        let mut bytes = [0; 16 * 1024];
        while let Ok(read @ 1..) = from_jaeger.read(&mut bytes).await {
            let now = *fault.borrow_and_update();
            match now {
                Fault::Slow(by) => sleep(by).await,
                Fault::Hanging => std::future::pending().await,
                _ => {}
            }
            if to_service.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

/// Reads each request to its end and answers it with an empty body.
async fn answer(
    stream: TcpStream,
    head: impl Fn() -> http::response::Builder + Send + Sync + 'static,
) {
    let head = Arc::new(head);
    let service = service_fn(move |request: Request<Incoming>| {
        let head = Arc::clone(&head);
        async move {
            let _ = request.into_body().collect().await;
            Ok::<_, Infallible>(head().body(Body::empty()).unwrap())
        }
    });
    let _ = Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An answer in the form of the request, up to its middle.
async fn break_off(stream: &mut TcpStream) {
    /// HTTP/2: settings, then `:status: 200` with the content type of gRPC on stream 1, and no
    /// trailers.
    const HTTP2: &[u8] = b"\0\0\0\x04\0\0\0\0\0\
        \0\0\x13\x01\x04\0\0\0\x01\x88\x5f\x10application/grpc";
    const HTTP1: &[u8] = b"HTTP/1.1 202 Accep";
    let mut request = [0; 16 * 1024];
    let read = stream.read(&mut request).await.unwrap_or_default();
    let answer = match request[..read].starts_with(b"PRI") {
        true => {
            // The request's own head comes once the settings are answered.
            let _ = stream.write_all(&HTTP2[..9]).await;
            let _ = stream.read(&mut request).await;
            &HTTP2[9..]
        }
        false => HTTP1,
    };
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
}
