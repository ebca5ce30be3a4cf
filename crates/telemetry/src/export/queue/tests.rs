use super::*;

const LONG: Duration = Duration::from_secs(60);

const SPAN: &[u8] = b"a span";

/// A queue with batches of two spans.
fn queue(limits: Batching) -> Arc<Queue> {
    let limits = Batching {
        max_export_batch_size: 2,
        schedule_delay: LONG,
        ..limits
    };
    Arc::new(Queue::new(limits, usize::MAX))
}

fn make(queue: &Queue, spans: usize) {
    for _ in 0..spans {
        queue.started();
        queue.push(SPAN);
    }
}

#[tokio::test]
async fn bytes_are_held_until_the_spans_are_done() {
    let queue = queue(Batching {
        max_queue_bytes: 2 * SPAN.len(),
        ..Batching::DEFAULT
    });
    make(&queue, 3);
    assert_eq!(queue.counts().dropped_by(DropReason::QueueFull), 1);
    let mut batch = queue.next().await.unwrap();
    make(&queue, 1);
    assert_eq!(queue.counts().dropped_by(DropReason::QueueFull), 2);
    batch.in_flight.resolve(Ok(()));
    drop(batch);
    make(&queue, 2);
    let counts = queue.counts();
    assert_eq!((counts.delivered, counts.queued), (2, 2));
    assert_eq!(counts.dropped(), 2);
}

#[tokio::test]
async fn a_batch_is_cut_where_the_next_span_has_no_room() {
    let limits = Batching {
        schedule_delay: LONG,
        ..Batching::DEFAULT
    };
    let queue = Arc::new(Queue::new(limits, 10));
    for span in ["1", "22", "4444444", "999999999", "1", "22"] {
        queue.push(span.as_bytes());
    }
    queue.flush(Duration::ZERO);
    for expected in [(3, "1224444444"), (2, "9999999991"), (1, "22")] {
        let Spans { count, bytes } = queue.next().await.unwrap().spans;
        assert_eq!((count, str::from_utf8(&bytes).unwrap()), expected);
    }
}

#[tokio::test]
async fn a_span_that_is_larger_than_a_batch_is_refused_at_once() {
    let queue = Arc::new(Queue::new(Batching::DEFAULT, SPAN.len()));
    make(&queue, 1);
    queue.started();
    queue.push(b"a span that is too large");
    queue.too_large().await;
    let counts = queue.counts();
    assert_eq!((counts.queued, counts.dropped()), (1, 1));
    assert_eq!(counts.dropped_by(DropReason::TooLarge), 1);
}

#[tokio::test]
async fn a_batch_without_an_outcome_is_dropped() {
    let queue = queue(Batching::DEFAULT);
    make(&queue, 4);
    queue.next().await.unwrap().in_flight.resolve(Ok(()));
    drop(queue.next().await);
    let counts = queue.counts();
    assert_eq!(counts.dropped_by(DropReason::Other), 2);
    assert_eq!(counts.in_flight, 0);
    assert_eq!(
        counts.to_string(),
        "spans: 4 started, 2 delivered, 2 dropped (_OTHER 2)"
    );
}

#[tokio::test]
async fn a_flush_ends_when_the_outcome_of_all_is_known() {
    let queue = queue(Batching::DEFAULT);
    make(&queue, 1);
    assert!(!queue.flush(Duration::ZERO));
    let mut batch = queue
        .next()
        .await
        .expect("the batch is not full, but it was flushed");
    batch.in_flight.resolve(Err(DropReason::Refused));
    assert!(!queue.flush(Duration::ZERO));
    drop(batch);
    assert!(queue.flush(LONG));
}

#[tokio::test]
async fn at_the_end_each_span_is_delivered_or_dropped() {
    let queue = queue(Batching::DEFAULT);
    make(&queue, 5);
    queue.started();
    let mut batch = queue.next().await.unwrap();
    assert!(!queue.close(Duration::ZERO));
    let end = "spans: 6 started, 0 delivered, 6 dropped (after_shutdown 1, shutdown 5)";
    assert_eq!(queue.counts().to_string(), end);
    // The counts are final.
    batch.in_flight.resolve(Ok(()));
    drop(batch);
    queue.push(SPAN);
    assert_eq!(queue.counts().to_string(), end);
    assert!(queue.next().await.is_none());
}

#[tokio::test]
async fn a_delay_without_end_leaves_spans_waiting_for_a_full_batch() {
    let limits = Batching {
        max_export_batch_size: 2,
        schedule_delay: Duration::MAX,
        ..Batching::DEFAULT
    };
    let queue = Arc::new(Queue::new(limits, usize::MAX));
    make(&queue, 1);
    assert!(matches!(queue.take(), Next::Wait { until: None }));
    make(&queue, 1);
    assert_eq!(queue.next().await.unwrap().spans.count, 2);
}
