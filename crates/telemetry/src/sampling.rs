//! The sampler: the decision whether a trace is kept, unless a caller has made it.

use opentelemetry::{
    Context, KeyValue, TraceId,
    trace::{Link, SpanKind, TraceContextExt},
};
use opentelemetry_sdk::trace::{Sampler as SdkSampler, SamplingResult, ShouldSample};
use strum::{Display, EnumString, VariantNames};

use crate::{
    env::InvalidValue,
    propagation::{DEBUG, Undecided},
};

/// The rule by which traces are kept. Its names are those of `OTEL_TRACES_SAMPLER`
/// (OpenTelemetry specification, "General SDK Configuration"); a ratio is from 0 to 1, and a
/// sampler that is parsed from its name alone has 1.
#[derive(Clone, Copy, Debug, PartialEq, EnumString, Display, VariantNames)]
#[strum(
    ascii_case_insensitive,
    parse_err_ty = InvalidValue,
    parse_err_fn = InvalidValue::not_a_name_of::<Self>
)]
#[non_exhaustive]
pub enum Sampler {
    /// All.
    #[strum(serialize = "always_on")]
    AlwaysOn,
    /// None.
    #[strum(serialize = "always_off")]
    AlwaysOff,
    /// This ratio, by the trace id.
    #[strum(serialize = "traceidratio", default_with = "all")]
    TraceIdRatio(f64),
    /// As the caller decided; without a caller all.
    #[strum(serialize = "parentbased_always_on")]
    ParentBasedAlwaysOn,
    /// As the caller decided; without a caller none.
    #[strum(serialize = "parentbased_always_off")]
    ParentBasedAlwaysOff,
    /// As the caller decided; without a caller this ratio.
    #[strum(serialize = "parentbased_traceidratio", default_with = "all")]
    ParentBasedTraceIdRatio(f64),
}

fn all() -> f64 {
    1.0
}

impl Sampler {
    /// The sampler with this ratio, if it has one.
    #[must_use]
    pub fn with_ratio(self, ratio: f64) -> Self {
        match self {
            Self::TraceIdRatio(_) => Self::TraceIdRatio(ratio),
            Self::ParentBasedTraceIdRatio(_) => Self::ParentBasedTraceIdRatio(ratio),
            other => other,
        }
    }

    /// The sampler of the SDK, with the decisions of callers that only this crate understands.
    pub(super) fn for_sdk(self) -> impl ShouldSample {
        let parent_based = |root| SdkSampler::ParentBased(Box::new(root));
        Sampling(match self {
            Self::AlwaysOn => SdkSampler::AlwaysOn,
            Self::AlwaysOff => SdkSampler::AlwaysOff,
            Self::TraceIdRatio(ratio) => SdkSampler::TraceIdRatioBased(ratio),
            Self::ParentBasedAlwaysOn => parent_based(SdkSampler::AlwaysOn),
            Self::ParentBasedAlwaysOff => parent_based(SdkSampler::AlwaysOff),
            Self::ParentBasedTraceIdRatio(ratio) => {
                parent_based(SdkSampler::TraceIdRatioBased(ratio))
            }
        })
    }
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
        // A caller that has not decided counts as none.
        let parent = parent.filter(|context| context.get::<Undecided>().is_none());
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sampler_is_parsed_from_its_name_in_any_case() {
        for (text, sampler) in [
            ("Always_On", Sampler::AlwaysOn),
            ("TRACEIDRATIO", Sampler::TraceIdRatio(1.0)),
            (
                "parentbased_traceidratio",
                Sampler::ParentBasedTraceIdRatio(1.0),
            ),
        ] {
            assert_eq!(text.parse(), Ok(sampler));
            assert_eq!(sampler.with_ratio(0.5).to_string(), text.to_lowercase());
        }
        assert_eq!(
            "jaeger_remote".parse::<Sampler>().unwrap_err().to_string(),
            "expected always_on, always_off, traceidratio, parentbased_always_on, \
             parentbased_always_off or parentbased_traceidratio"
        );
    }

    #[test]
    fn only_a_ratio_sampler_takes_a_ratio() {
        let half = Sampler::TraceIdRatio(1.0).with_ratio(0.5);
        assert_eq!(half, Sampler::TraceIdRatio(0.5));
        assert_eq!(Sampler::AlwaysOn.with_ratio(0.5), Sampler::AlwaysOn);
    }
}
