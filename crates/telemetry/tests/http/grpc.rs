//! Spans of gRPC calls on both sides, by a server and a client of tonic's.

use std::{future::pending, net::SocketAddr, pin::Pin};

use axum::{
    Router, body::Body, extract::Request, middleware::from_fn, response::Response, routing::any,
};
use axum_jaeger_telemetry::{client, server};
use embedded_jaeger::{Span, Value};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::Notify;
use tonic::{
    Code, Status,
    client::Grpc,
    server::{ServerStreamingService, UnaryService},
    service::Routes,
    transport::{Channel, Endpoint, Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tower::Layer;
use tracing::Instrument;

use crate::support::{has_tags, is, listen, of_kind, root, run, spans};

/// The code of the status that is asked for; and that of the answer.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Message {
    #[prost(int32, tag = "1")]
    code: i32,
}

/// A call without an answer has come.
static BEGUN: Notify = Notify::const_new();

/// Answers with the status that is asked for.
struct Unary;

impl UnaryService<Message> for Unary {
    type Response = Message;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Message>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Message>) -> Self::Future {
        Box::pin(async move {
            let message = request.into_inner();
            match Code::from_i32(message.code) {
                Code::Ok => Ok(tonic::Response::new(message)),
                Code::Cancelled => {
                    BEGUN.notify_one();
                    pending().await
                }
                code => Err(Status::new(code, "as you like: 100 %")),
            }
        })
    }
}

/// Answers with two messages, then with the status that is asked for.
struct Streaming;

type Messages = Pin<Box<dyn Stream<Item = Result<Message, Status>> + Send>>;

impl ServerStreamingService<Message> for Streaming {
    type Response = Message;
    type ResponseStream = Messages;
    type Future = std::future::Ready<Result<tonic::Response<Messages>, Status>>;

    fn call(&mut self, request: tonic::Request<Message>) -> Self::Future {
        let message = request.into_inner();
        let messages = stream::iter([Ok(message), Ok(message)]);
        let messages: Messages = match Code::from_i32(message.code) {
            Code::Ok => messages.boxed(),
            Code::Cancelled => messages.chain(stream::pending()).boxed(),
            code => {
                let end = async move { Err(Status::new(code, "")) };
                messages.chain(stream::once(end)).boxed()
            }
        };
        std::future::ready(Ok(tonic::Response::new(messages)))
    }
}

fn routes() -> Router {
    let codec = ProstCodec::<Message, Message>::default;
    let unary = async move |request: Request| -> Response {
        let mut grpc = tonic::server::Grpc::new(codec());
        grpc.unary(Unary, request).await.map(Body::new)
    };
    let streaming = async move |request: Request| -> Response {
        let mut grpc = tonic::server::Grpc::new(codec());
        let response = grpc.server_streaming(Streaming, request);
        response.await.map(Body::new)
    };
    Router::new()
        .route("/test.Codes/Unary", any(unary))
        .route("/test.Codes/Stream", any(streaming))
        .fallback(async || Status::unimplemented("").into_http::<Body>())
}

/// A server with the layer around all of it.
async fn serve() -> SocketAddr {
    let (listener, address) = listen().await;
    let routes = Routes::from(routes());
    let server = Server::builder()
        .layer(server::TraceLayer::new())
        .add_routes(routes);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

fn endpoint(address: SocketAddr) -> Endpoint {
    Endpoint::from_shared(format!("http://{address}")).unwrap()
}

fn traced(endpoint: &Endpoint) -> Grpc<client::Trace<Channel>> {
    let layer = client::TraceLayer::new().with_origin(endpoint.uri().clone());
    Grpc::new(layer.layer(endpoint.connect_lazy()))
}

async fn call(grpc: &mut Grpc<client::Trace<Channel>>, path: &'static str, code: Code) -> Code {
    grpc.ready().await.unwrap();
    let request = tonic::Request::new(Message { code: code as i32 });
    let path = path.parse().unwrap();
    let answer = grpc.unary(request, path, ProstCodec::<Message, Message>::default());
    answer
        .await
        .map_or_else(|status| status.code(), |_| Code::Ok)
}

/// Calls within a trace; its client span and its server span.
async fn spans_of(address: SocketAddr, path: &'static str, code: Code) -> (Span, Span) {
    let (root, trace) = root();
    let mut grpc = traced(&endpoint(address));
    let got = call(&mut grpc, path, code).instrument(root).await;
    assert!(got == code || got == Code::Unimplemented, "{got:?}");
    let spans = spans(&trace, 3).await;
    let (client, server) = (of_kind(&spans, "client"), of_kind(&spans, "server"));
    assert_eq!(server.parent_id(), Some(client.id()));
    (client.clone(), server.clone())
}

#[test]
fn a_call_has_the_attributes_of_the_conventions_on_both_sides() {
    run(async {
        let address = serve().await;
        let (client, server) = spans_of(address, "/test.Codes/Unary", Code::Ok).await;
        for span in [&client, &server] {
            assert_eq!(span.name(), "test.Codes/Unary");
            has_tags(
                span,
                &[
                    ("rpc.system.name", is("grpc")),
                    ("rpc.method", is("test.Codes/Unary")),
                    ("rpc.response.status_code", is("OK")),
                    ("server.address", is("127.0.0.1")),
                    ("server.port", is(i64::from(address.port()))),
                    ("error.type", None),
                    ("error", None),
                    ("http.request.method", None),
                ],
            );
        }
        has_tags(&server, &[("network.protocol.version", is("2"))]);
    });
}

#[test]
fn each_status_is_an_error_of_the_client_and_some_are_of_the_server() {
    run(async {
        let address = serve().await;
        for (code, name, is_server_s) in [
            (Code::Unknown, "UNKNOWN", true),
            (Code::InvalidArgument, "INVALID_ARGUMENT", false),
            (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", true),
            (Code::NotFound, "NOT_FOUND", false),
            (Code::AlreadyExists, "ALREADY_EXISTS", false),
            (Code::PermissionDenied, "PERMISSION_DENIED", false),
            (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", false),
            (Code::FailedPrecondition, "FAILED_PRECONDITION", false),
            (Code::Aborted, "ABORTED", false),
            (Code::OutOfRange, "OUT_OF_RANGE", false),
            (Code::Internal, "INTERNAL", true),
            (Code::Unavailable, "UNAVAILABLE", true),
            (Code::DataLoss, "DATA_LOSS", true),
            (Code::Unauthenticated, "UNAUTHENTICATED", false),
        ] {
            // A unary call's error is in the headers, that of a stream in the trailers.
            for (path, message) in [
                ("/test.Codes/Unary", is("as you like: 100 %")),
                ("/test.Codes/Stream", None),
            ] {
                let (client, server) = spans_of(address, path, code).await;
                for (span, is_error) in [(&client, true), (&server, is_server_s)] {
                    let when = |value: Option<Value>| value.filter(|_| is_error);
                    has_tags(
                        span,
                        &[
                            ("rpc.response.status_code", is(name)),
                            ("error.type", when(is(name))),
                            ("otel.status_code", when(is("ERROR"))),
                            ("otel.status_description", when(message.clone())),
                        ],
                    );
                }
            }
        }
    });
}

#[test]
fn names_of_methods_that_the_server_does_not_have_stay_out_of_its_spans_names() {
    run(async {
        let address = serve().await;
        let (client, server) = spans_of(address, "/made.Up/Name", Code::Ok).await;
        assert_eq!(client.name(), "made.Up/Name");
        assert_eq!(server.name(), "grpc");
        has_tags(
            &server,
            &[
                ("rpc.method", is("_OTHER")),
                ("rpc.method_original", is("made.Up/Name")),
                ("rpc.response.status_code", is("UNIMPLEMENTED")),
                ("error.type", is("UNIMPLEMENTED")),
            ],
        );
    });
}

#[test]
fn a_call_that_is_given_up_is_cancelled_on_both_sides() {
    run(async {
        let endpoint = endpoint(serve().await);
        // Before the answer, and in the middle of it.
        let (unary, of_unary) = root();
        let mut grpc = traced(&endpoint);
        let never = call(&mut grpc, "/test.Codes/Unary", Code::Cancelled);
        tokio::select! {
            code = never.instrument(unary) => panic!("{code:?}"),
            () = BEGUN.notified() => {}
        }

        let (streaming, of_streaming) = root();
        let answer = async {
            grpc.ready().await.unwrap();
            let request = tonic::Request::new(Message { code: 1 });
            let path = "/test.Codes/Stream".parse().unwrap();
            let codec = ProstCodec::<Message, Message>::default();
            let answer = grpc.server_streaming(request, path, codec).await.unwrap();
            let mut messages = answer.into_inner();
            assert!(messages.message().await.unwrap().is_some());
        };
        answer.instrument(streaming).await;

        for trace in [of_unary, of_streaming] {
            let spans = spans(&trace, 3).await;
            for kind in ["client", "server"] {
                has_tags(
                    of_kind(&spans, kind),
                    &[
                        ("error.type", is("cancelled")),
                        ("error", is(true)),
                        ("rpc.response.status_code", None),
                    ],
                );
            }
        }
    });
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    run(async {
        let (_, address) = listen().await;
        let (root, trace) = root();
        let mut grpc = traced(&endpoint(address));
        let code = call(&mut grpc, "/test.Codes/Unary", Code::Ok).instrument(root);
        assert_eq!(code.await, Code::Unavailable);
        let spans = spans(&trace, 2).await;
        let span = of_kind(&spans, "client");
        has_tags(span, &[("error.type", is("connection_error"))]);
        let text = format!("{span:?}");
        assert!(text.contains("refused"), "{text}");
    });
}

/// Where axum serves it, its middleware does the same.
#[test]
fn axum_s_middleware_knows_a_call_too() {
    run(async {
        let (listener, address) = listen().await;
        let routes = Routes::from(routes().layer(from_fn(server::trace)));
        let server = Server::builder().add_routes(routes);
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        for (path, code, name) in [
            ("/test.Codes/Unary", Code::Ok, "OK"),
            ("/test.Codes/Unary", Code::Internal, "INTERNAL"),
            ("/test.Codes/Stream", Code::DataLoss, "DATA_LOSS"),
        ] {
            let (_, server) = spans_of(address, path, code).await;
            has_tags(&server, &[("rpc.response.status_code", is(name))]);
            assert_eq!(server.name(), &path[1..]);
        }
    });
}
