//! A service, and a test that asserts on the trace of a request to it.
//!
//! The test runs with `cargo test --example own_trace`.

use std::error::Error;

use axum::{Router, extract::Path, http::StatusCode, middleware::from_fn, routing::get};
use axum_jaeger_telemetry::{self as telemetry, Settings, server};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _telemetry = telemetry::init(&Settings::from_env()?)?;
    let listener = TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, app()).await?)
}

fn app() -> Router {
    Router::new()
        .route("/items/{id}", get(item))
        .layer(from_fn(server::trace))
}

async fn item(Path(id): Path<i64>) -> Result<String, StatusCode> {
    price(id)
        .map(|price| format!("{price}\n"))
        .ok_or(StatusCode::NOT_FOUND)
}

#[tracing::instrument]
fn price(id: i64) -> Option<i64> {
    [(1, 45), (2, 30)]
        .into_iter()
        .find_map(|(item, price)| (item == id).then_some(price))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum_jaeger_telemetry::Destination;
    use embedded_jaeger::{Jaeger, Trace, TraceQuery, Value};
    use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

    use super::*;

    /// Each test has a Jaeger and a subscriber of its own: the runtime of a test has one thread,
    /// and so the subscriber of that thread is that of the test.
    #[tokio::test]
    async fn the_price_is_looked_up_in_the_span_of_the_request() -> Result<(), Box<dyn Error>> {
        let jaeger = Jaeger::start(&embedded_jaeger::Settings::on_free_ports()).await?;
        let collector = jaeger.grpc_endpoint();
        let settings = Settings::new("shop", Destination::Grpc { collector });
        let (layers, _telemetry) = telemetry::layers(&settings)?;
        let _subscriber = tracing_subscriber::registry().with(layers).set_default();

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/items/1", listener.local_addr()?);
        tokio::spawn(async { axum::serve(listener, app()).await });
        assert_eq!(reqwest::get(url).await?.text().await?, "45\n");

        let requests = TraceQuery::new("shop").operation("GET /items/{id}");
        let is_whole =
            |traces: &[Trace]| traces.first().is_some_and(|trace| trace.spans().len() == 2);
        let traces = jaeger
            .wait_for_traces(&requests, is_whole, Duration::from_secs(10))
            .await?;
        let request = traces[0].root().ok_or("no root")?;
        assert_eq!(
            request.tag("http.response.status_code"),
            Some(&Value::from(200))
        );
        let price = traces[0].span("price").ok_or("no span `price`")?;
        assert_eq!(price.parent_id(), Some(request.id()));
        assert_eq!(price.tag("id"), Some(&Value::from(1)));
        Ok(())
    }
}
