//! The exporters against the real Jaeger.

use crate::{
    real_jaeger::RealJaeger,
    support::{
        jaeger::{Jaeger, MODES},
        process::Process,
        rich,
        service::Service,
    },
};

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn a_chain_is_found_in_the_real_jaeger_in_each_mode() {
    for mode in MODES {
        let real = RealJaeger::start().await;
        let start =
            |name, more: &[(&str, &str)]| Service::traced_by(&real.addresses, mode, name, more);
        let [two, one] = ["app-c", "app-b"].map(|name| start(name, &[]));
        let [one_at, two_at] = [&one, &two].map(|service| service.address.to_string());
        let app = start(
            "app-a",
            &[("TARGET_ONE_HOST", &one_at), ("TARGET_TWO_HOST", &two_at)],
        );
        let (app, query) = (app.url(""), format!("http://{}", real.addresses.query));
        let mut verify = Process::start(&["verify", "--app", &app, "--jaeger", &query], &[]);
        assert_eq!(
            verify.wait().code(),
            Some(0),
            "{mode}: {:#?}",
            verify.lines()
        );
    }
}

#[tokio::test]
#[ignore = "needs Docker with jaegertracing/all-in-one:1.62.0, or the program named by JAEGER_ALL_IN_ONE"]
async fn rich_spans_are_shown_alike_by_the_real_and_the_embedded_jaeger() {
    let start = rich::start_time();
    let mut shown = Vec::new();
    for (mode, name) in MODES.into_iter().enumerate() {
        let real = RealJaeger::start().await;
        shown.push((
            format!("real, {name}"),
            rich::arrived(&real.addresses, mode, start).await,
        ));
        let embedded = Jaeger::start();
        shown.push((
            format!("embedded, {name}"),
            rich::arrived(embedded.addresses(), mode, start).await,
        ));
    }
    let (first_name, first) = &shown[0];
    for (name, other) in &shown[1..] {
        assert_eq!(other, first, "{name} against {first_name}");
    }
}
