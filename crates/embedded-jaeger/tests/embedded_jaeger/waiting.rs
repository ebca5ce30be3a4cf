//! Waiting for traces, and the error when they do not come.

use std::{cell::Cell, time::Duration};

use embedded_jaeger::{Trace, TraceId, TraceQuery, model::Receiver};

use super::{
    support::{datagram, jaeger, span, store, thrift::compact_message},
    typed::{LONG, child, names},
};

#[tokio::test]
async fn waiting_ends_when_the_last_span_arrives() {
    let jaeger = jaeger(16).await;
    let whole = |trace: &Trace| trace.spans().len() == 2;
    let send = async {
        store(&jaeger, &[span(1, 1, "shop", "buy")]).await;
        store(&jaeger, &[span(2, 1, "shop", "buy")]).await;
        store(&jaeger, &[child(1, 2, 1, "bank", "pay")]).await;
    };
    let (trace, ()) = tokio::join!(jaeger.wait_for_trace(TraceId(1), whole, LONG), send);
    assert_eq!(names(&[trace.unwrap()]), ["buy", "pay"]);
    // It is there already.
    let again = jaeger.wait_for_trace(TraceId(1), whole, Duration::ZERO);
    assert!(again.await.is_ok());
}

#[tokio::test]
async fn waiting_for_a_search_ends_when_enough_is_found() {
    let jaeger = jaeger(16).await;
    let query = TraceQuery::new("bank").operation("pay");
    let send = async {
        store(&jaeger, &[span(1, 1, "bank", "pay")]).await;
        store(&jaeger, &[span(2, 2, "bank", "other")]).await;
        store(&jaeger, &[span(3, 3, "bank", "pay")]).await;
        // A trace that it finds grows by a span that it would not find.
        store(&jaeger, &[child(3, 4, 3, "shop", "last")]).await;
    };
    let enough = |traces: &[Trace]| names(traces) == ["pay", "pay", "last"];
    let (traces, ()) = tokio::join!(jaeger.wait_for_traces(&query, enough, LONG), send);
    assert_eq!(traces.unwrap().len(), 2);
}

#[tokio::test]
async fn the_error_shows_what_had_arrived() {
    let jaeger = jaeger(16).await;
    let soon = Duration::from_millis(10);
    let trace_error = async |id| {
        let result = jaeger.wait_for_trace(TraceId(id), |_| false, soon).await;
        result.unwrap_err().to_string()
    };
    assert_eq!(
        trace_error(1).await,
        "trace 0000000000000001 was not as expected within 10ms: no spans arrived at all"
    );
    store(
        &jaeger,
        &[span(1, 1, "shop", "buy"), child(1, 2, 1, "bank", "pay")],
    )
    .await;
    assert_eq!(
        trace_error(1).await,
        "trace 0000000000000001 was not as expected within 10ms: trace 0000000000000001, spans: 2
  \
         shop buy (server) 5ms
    bank pay (server) 5ms"
    );
    assert_eq!(
        trace_error(2).await,
        "trace 0000000000000002 was not as expected within 10ms: there are none, but other spans, of \
         bank, shop"
    );
    let query = TraceQuery::new("shop")
        .operation("sell")
        .tag("b", 1)
        .tag("a", "x");
    let result = jaeger.wait_for_traces(&query, |_| false, soon).await;
    let error = result.unwrap_err();
    assert_eq!((error.traces.len(), error.services.len()), (0, 2));
    assert_eq!(
        error.to_string(),
        "the traces of service shop, operation sell, tag a=x, tag b=1 were not as expected within 10ms: \
         there are none, but other spans, of bank, shop"
    );
}

#[tokio::test]
async fn the_error_of_a_trace_that_was_too_large_to_keep_mentions_it() {
    let jaeger = jaeger(0).await;
    store(&jaeger, &[span(1, 1, "shop", "buy")]).await;
    let result = jaeger.wait_for_trace(TraceId(1), |_| true, Duration::ZERO);
    assert_eq!(
        result.await.unwrap_err().to_string(),
        "trace 0000000000000001 was not as expected within 0ns: no spans are left
(1 spans were evicted to stay within Settings::max_memory_mib)"
    );
}

#[tokio::test]
async fn the_error_is_short_however_many_traces_there_are() {
    let jaeger = jaeger(16).await;
    let spans: Vec<_> = (1..=12).map(|id| span(id, 1, "shop", "buy")).collect();
    store(&jaeger, &spans).await;
    let query = TraceQuery::new("shop")
        .min_duration(Duration::from_millis(1))
        .max_duration(Duration::from_secs(1));
    let result = jaeger.wait_for_traces(&query, |_| false, Duration::ZERO);
    let error = result.await.unwrap_err();
    assert_eq!(error.traces.len(), 12);
    let text = error.to_string();
    assert!(text.starts_with("the traces of service shop, at least 1ms, at most 1s were not"));
    assert!(text.ends_with("and 2 more traces"), "{text}");
    assert_eq!(text.lines().count(), 10 * 2 + 1);
}

#[tokio::test]
async fn arrivals_without_a_pause_do_not_prolong_the_wait() {
    let jaeger = jaeger(16).await;
    let looks = Cell::new(0);
    let never = |_: &[Trace]| {
        looks.set(looks.get() + 1);
        let sent = span(looks.get().into(), looks.get(), "shop", "buy");
        let message = compact_message(&sent.process, std::slice::from_ref(&sent));
        datagram(jaeger.addresses().compact, &message);
        while jaeger.counts(Receiver::UdpCompact).spans < looks.get() {
            std::thread::yield_now();
        }
        false
    };
    let timeout = Duration::from_nanos(1);
    let query = TraceQuery::new("shop");
    let result = jaeger.wait_for_traces(&query, never, timeout);
    result.await.unwrap_err();
    assert!(looks.get() < 10, "{} looks", looks.get());
}
