//! Warnings about clocks that differ and parents that are missing (jaeger
//! `model/adjuster/clockskew.go`). Jaeger 1.62 does not adjust times by default, so there are only
//! the warnings.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use crate::{
    go,
    model::{Process, Span, SpanId, Value},
};

/// Adds the warnings.
pub(super) fn warn(spans: &mut [Span]) {
    let hosts = hosts(spans);
    let nodes = nodes(spans);
    let (roots, children) = tree(spans, &nodes);
    // A list of what is still to do and no recursion: a trace may be a million spans deep. A cycle
    // hangs on no root and is not reached.
    let mut open: Vec<_> = roots
        .into_iter()
        .map(|root| {
            (
                root,
                Skew {
                    delta: 0,
                    host: hosts[root],
                },
            )
        })
        .collect();
    while let Some((parent, skew)) = open.pop() {
        for &child in children.get(&spans[parent].span_id).into_iter().flatten() {
            let mut skew = skew;
            if hosts[child] != skew.host || hosts[child] == UNKNOWN {
                skew = Skew {
                    delta: delta(&spans[child], &spans[parent]),
                    host: hosts[child],
                };
            }
            if skew.delta != 0 {
                let delta = go::duration(skew.delta);
                let warning = format!(
                    "clock skew adjustment disabled; not applying calculated delta of {delta}"
                );
                spans[child].warnings.push(warning.into());
            }
            open.push((child, skew));
        }
    }
}

/// The clock skew of a host.
#[derive(Clone, Copy)]
struct Skew {
    delta: i64,
    host: usize,
}

/// The first span of each id; the others get a warning.
fn nodes(spans: &mut [Span]) -> HashMap<SpanId, usize> {
    let mut nodes = HashMap::new();
    for (index, span) in spans.iter_mut().enumerate() {
        if *nodes.entry(span.span_id).or_insert(index) != index {
            let warning = "duplicate span IDs; skipping clock skew adjustment";
            span.warnings.push(warning.into());
        }
    }
    nodes
}

/// The spans without a parent, and the children of each; a span whose parent is missing gets a
/// warning.
fn tree(
    spans: &mut [Span],
    nodes: &HashMap<SpanId, usize>,
) -> (Vec<usize>, HashMap<SpanId, Vec<usize>>) {
    let mut roots = Vec::new();
    let mut children: HashMap<_, Vec<_>> = HashMap::new();
    for (index, span) in spans.iter_mut().enumerate() {
        if nodes.get(&span.span_id) != Some(&index) {
            continue;
        }
        match span.parent() {
            None => roots.push(index),
            Some(parent) if nodes.contains_key(&parent) => {
                children.entry(parent).or_default().push(index)
            }
            Some(parent) => {
                let warning =
                    format!("invalid parent span IDs={parent}; skipping clock skew adjustment");
                span.warnings.push(warning.into());
                roots.push(index);
            }
        }
    }
    (roots, children)
}

/// The nanoseconds by which the child would have to be later to fit into its parent.
fn delta(child: &Span, parent: &Span) -> i64 {
    let later = parent.start_ns.saturating_sub(child.start_ns);
    if child.duration_ns > parent.duration_ns {
        // It did not end with its parent anyway; it only must not start before it.
        return later.max(0);
    }
    let end = |span: &Span| span.start_ns.saturating_add(span.duration_ns);
    if later <= 0 && end(child) <= end(parent) {
        return 0;
    }
    // As if the way there took as long as the way back.
    later.saturating_add(parent.duration_ns.saturating_sub(child.duration_ns) / 2)
}

/// An unknown host is not the same as any other.
const UNKNOWN: usize = 0;

/// A number for each span's host, from the tag `ip` of its process.
fn hosts(spans: &[Span]) -> Vec<usize> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut of_processes: HashMap<usize, usize> = HashMap::new();
    let mut number = |process: &Process| {
        let name = host(process)?;
        let next = names.len() + 1;
        Some(*names.entry(name).or_insert(next))
    };
    let mut of_span = |span: &Span| {
        let process = Arc::as_ptr(&span.process).addr();
        *of_processes
            .entry(process)
            .or_insert_with(|| number(&span.process).unwrap_or(UNKNOWN))
    };
    spans.iter().map(&mut of_span).collect()
}

fn host(process: &Process) -> Option<String> {
    let ip = process.tags.iter().find(|tag| &*tag.key == "ip")?;
    match &ip.value {
        Value::String(text) => Some(text.to_string()).filter(|text| !text.is_empty()),
        Value::Int64(number) => Some(Ipv4Addr::from_bits(*number as u32).to_string()),
        Value::Binary(bytes) => {
            let four =
                || <[u8; 4]>::try_from(&**bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
            let sixteen =
                || <[u8; 16]>::try_from(&**bytes).map(|bytes| Ipv6Addr::from(bytes).to_string());
            four().or_else(|_| sixteen()).ok()
        }
        Value::Bool(_) | Value::Float64(_) => None,
    }
}
