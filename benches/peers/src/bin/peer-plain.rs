//! Not traced, and no log.

use axum::{Router, routing::get};
use axum_jaeger_peers::{answer, serve};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    serve(Router::new().route("/", get(async || answer()))).await
}
