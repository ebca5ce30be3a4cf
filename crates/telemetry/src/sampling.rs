//! The choice of the traces that are kept: by the sampler of the settings, unless a caller has
//! decided.

use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind, TraceContextExt},
};
use opentelemetry_sdk::trace::{Sampler as SdkSampler, SamplingResult, ShouldSample};

use super::{
    Sampler,
    propagation::{DEBUG, Undecided},
};

/// The sampler of this name, which keeps `ratio` of the traces where it has a choice.
pub(super) fn of(sampler: Sampler, ratio: f64) -> impl ShouldSample {
    let parent_based = |root| SdkSampler::ParentBased(Box::new(root));
    Sampling(match sampler {
        Sampler::AlwaysOn => SdkSampler::AlwaysOn,
        Sampler::AlwaysOff => SdkSampler::AlwaysOff,
        Sampler::TraceIdRatio => SdkSampler::TraceIdRatioBased(ratio),
        Sampler::ParentBasedAlwaysOn => parent_based(SdkSampler::AlwaysOn),
        Sampler::ParentBasedAlwaysOff => parent_based(SdkSampler::AlwaysOff),
        Sampler::ParentBasedTraceIdRatio => parent_based(SdkSampler::TraceIdRatioBased(ratio)),
    })
}

#[derive(Clone, Debug)]
struct Sampling(SdkSampler);

impl ShouldSample for Sampling {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let is_debugged = |parent: &Context| {
            let flags = parent.span().span_context().trace_flags();
            flags & DEBUG == DEBUG
        };
        let sampler = match parent {
            Some(parent) if is_debugged(parent) => &SdkSampler::AlwaysOn,
            _ => &self.0,
        };
        // A caller who has not decided is as good as none.
        let parent = parent.filter(|context| context.get::<Undecided>().is_none());
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}
