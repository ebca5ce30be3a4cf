//! References in the form that the UI expects (jaeger `model/adjuster/bad_span_references.go`,
//! `parent_reference.go`).

use crate::model::{RefKind, Span, SpanRef, TraceId};

/// Removes references to trace 0, with a warning each.
pub(super) fn drop_invalid(span: &mut Span) {
    let warnings = &mut span.warnings;
    span.references.retain(|reference| {
        let valid = reference.trace_id.0 != 0;
        if !valid {
            warnings.push(format!("Invalid span reference removed {}", as_go(reference)).into());
        }
        valid
    });
}

/// The reference as Go prints the generated struct.
fn as_go(reference: &SpanRef) -> String {
    let kind = match reference.kind {
        RefKind::ChildOf => "CHILD_OF",
        RefKind::FollowsFrom => "FOLLOWS_FROM",
    };
    let SpanRef {
        trace_id, span_id, ..
    } = reference;
    format!(
        "{{TraceID:{trace_id} SpanID:{span_id} RefType:{kind} XXX_NoUnkeyedLiteral:{{}} XXX_unrecognized:[] XXX_sizecache:0}}"
    )
}

/// Puts the parent first: the first CHILD_OF of the same trace, else the first reference of the
/// same trace.
pub(crate) fn put_parent_first(trace_id: TraceId, references: &mut [SpanRef]) {
    let same_trace = |r: &SpanRef| r.trace_id == trace_id;
    let child_of = |r: &SpanRef| same_trace(r) && r.kind == RefKind::ChildOf;
    let parent = references
        .iter()
        .position(child_of)
        .or_else(|| references.iter().position(same_trace));
    if let Some(parent) = parent {
        references.swap(0, parent);
    }
}
