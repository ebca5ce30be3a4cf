//! A server that answers every request and keeps its headers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{HeaderMap, Uri},
};
use tokio::net::TcpListener;

/// A running one; it ends with the test's runtime.
pub struct Echo {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Echo {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let keep = Arc::clone(&seen);
        let router = Router::new().fallback(async move |uri: Uri, headers: HeaderMap| {
            let path = uri.path().to_owned();
            keep.lock().unwrap().push((path, headers));
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, seen }
    }

    /// The variables that make it both targets of `/chain`.
    pub fn targets(&self) -> [(&'static str, String); 2] {
        ["TARGET_ONE_HOST", "TARGET_TWO_HOST"].map(|name| (name, self.address.to_string()))
    }

    /// Path and headers of each request since the last call.
    pub fn seen(&self) -> Vec<(String, HeaderMap)> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}
