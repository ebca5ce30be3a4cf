//! A small HTTP proxy, as a company has one.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::Request,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

/// A running one; it ends with the test's runtime.
pub struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// It knows these names, and where they lead; what is asked for by another name is refused.
    pub async fn start(names: &[(&'static str, SocketAddr)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&asked);
        let names = names.iter().copied().collect::<HashMap<_, _>>();
        let router = Router::new().fallback(async move |request: Request| {
            let line = format!("{} {}", request.method(), request.uri());
            keep.lock().unwrap().push(line);
            match names.get(request.uri().host().unwrap_or_default()) {
                Some(to) => forward(*to, request).await,
                None => StatusCode::PROXY_AUTHENTICATION_REQUIRED.into_response(),
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked }
    }

    /// The variables that send everything through it.
    pub fn env(&self) -> [(&'static str, String); 4] {
        let url = format!("http://user:SECRET@{}", self.address);
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, url.clone()))
    }

    /// As an error names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests that it received.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn forward(to: SocketAddr, request: Request) -> Response {
    let path = request.uri().path_and_query().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let onward = client.request(request.method().clone(), format!("http://{to}{path}"));
    let answer = onward.headers(request.headers().clone()).send().await;
    let answer = answer.unwrap();
    (answer.status(), answer.bytes().await.unwrap()).into_response()
}
