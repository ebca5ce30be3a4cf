//! The filter for spans.

use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::filter::{FilterFn, Targets};

/// Accepts the spans that `targets` names, and no events.
///
/// Events stay in the log: tracing-opentelemetry would mark a span as failed for each event of
/// level ERROR.
pub(crate) fn span_filter(targets: &Targets) -> FilterFn<impl Fn(&Metadata<'_>) -> bool + use<>> {
    let max_level = targets.iter().map(|(_, level)| level).max();
    let max_level = max_level.max(targets.default_level());
    let targets = targets.clone();
    FilterFn::new(move |metadata| {
        metadata.is_span() && targets.would_enable(metadata.target(), metadata.level())
    })
    .with_max_level_hint(max_level.unwrap_or(LevelFilter::OFF))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{Event, Subscriber, debug_span, error, info_span, span};
    use tracing_subscriber::{
        Layer,
        layer::{Context, SubscriberExt},
        registry,
    };

    use super::*;

    /// Keeps the names of spans, and the targets of events.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<Vec<&'static str>>>);

    impl<S: Subscriber> Layer<S> for Seen {
        fn on_new_span(&self, span: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
            self.0.lock().unwrap().push(span.metadata().name());
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(event.metadata().target());
        }
    }

    /// The names of the spans that pass.
    fn passing(targets: Targets) -> Vec<&'static str> {
        let seen = Seen::default();
        let layer = seen.clone().with_filter(span_filter(&targets));
        tracing::subscriber::with_default(registry().with(layer), || {
            let _shop = info_span!(target: "shop::orders", "shop").entered();
            let _detail = debug_span!(target: "shop::orders", "detail").entered();
            let _frame = debug_span!(target: "h2", "frame").entered();
            error!(target: "shop::orders", "an event");
        });
        let seen = seen.0.lock().unwrap();
        seen.clone()
    }

    #[test]
    fn by_default_the_spans_of_every_crate_pass_up_to_info() {
        let default = Targets::new().with_default(crate::DEFAULT_SPAN_LEVEL);
        assert_eq!(passing(default), ["shop"]);
    }

    #[test]
    fn a_filter_chooses_by_crate_and_level() {
        for (filter, names) in [
            ("info,shop=debug", vec!["shop", "detail"]),
            ("h2=trace", vec!["frame"]),
            ("trace,shop=off", vec!["frame"]),
            ("off", vec![]),
        ] {
            assert_eq!(passing(filter.parse().unwrap()), names, "{filter}");
        }
    }
}
