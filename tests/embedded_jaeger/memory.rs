//! The bound on memory.

use crate::support::{get, jaeger, span, store};

#[tokio::test]
async fn the_oldest_traces_and_their_names_leave_when_there_is_no_room() {
    let jaeger = jaeger(1).await;
    // Five times the bound at least: each operation's name alone is 1,000 bytes.
    for batch in 0..50u128 {
        let padding = "x".repeat(1_000);
        let spans: Vec<_> = (1..=100)
            .map(|n| {
                span(
                    batch * 100 + n,
                    1,
                    &format!("service-{batch}"),
                    &format!("{n}-{padding}"),
                )
            })
            .collect();
        store(&jaeger, &spans).await;
    }
    let (_, services) = get(&jaeger, "/api/services").await;
    let left = services["total"].as_u64().unwrap();
    assert!((1..=20).contains(&left), "{left} services");
    let names = services["data"].as_array().unwrap();
    assert!(names.contains(&"service-49".into()) && !names.contains(&"service-0".into()));
    assert_eq!(get(&jaeger, "/api/traces/1").await.0, 404);
    assert_eq!(
        get(&jaeger, &format!("/api/traces/{:x}", 5_000)).await.0,
        200
    );
    assert_eq!(
        get(&jaeger, "/api/services/service-0/operations").await.1["data"],
        serde_json::Value::Null
    );

    // What is evicted and comes again is new.
    store(&jaeger, &[span(1, 1, "service-0", "op")]).await;
    assert_eq!(get(&jaeger, "/api/traces/1").await.0, 200);
}
