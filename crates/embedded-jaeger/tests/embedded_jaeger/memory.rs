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

#[tokio::test]
async fn an_archived_trace_stays_when_others_leave_and_many_do_not() {
    let jaeger = jaeger(1).await;
    let archive = async |id: u128| {
        let url = format!("http://{}/api/archive/{id:x}", jaeger.addresses().query);
        let answer = reqwest::Client::new().post(url).send().await.unwrap();
        answer.status().as_u16()
    };
    let fill = async |from: u128| {
        for id in from..from + 40 {
            let large = span(id, 1, "s", &"x".repeat(100_000));
            store(&jaeger, &[large]).await;
        }
    };
    let there = async |id: u128| get(&jaeger, &format!("/api/traces/{id:x}")).await.0 == 200;
    store(&jaeger, &[span(1, 1, "s", "kept")]).await;
    assert_eq!(archive(1).await, 200);
    assert_eq!(archive(2).await, 404);
    fill(100).await;
    fill(200).await;
    assert!(there(1).await && !there(100).await && there(239).await);
    // It still grows, and is still found.
    store(&jaeger, &[span(1, 2, "s", "later")]).await;
    let (_, found) = get(&jaeger, "/api/traces?service=s&operation=kept").await;
    assert_eq!(found["data"][0]["spans"].as_array().unwrap().len(), 2);

    // Each of these takes a tenth of the room and more: archived ones may have half of it.
    for id in 300..320 {
        store(&jaeger, &[span(id, 1, "s", &"x".repeat(100_000))]).await;
        assert_eq!(archive(id).await, 200);
    }
    fill(400).await;
    let mut left = 0;
    for id in 300..320 {
        left += u32::from(there(id).await);
    }
    assert!((1..=5).contains(&left), "{left} are left");
    assert!(there(439).await);
}
