//! Tags in Jaeger's order and place (jaeger `model/adjuster/ip_tag.go`, `otel_tag.go`,
//! `sort_tags_and_log_fields.go`).

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    sync::Arc,
};

use super::Trace;
use crate::model::{Process, Tag, Value};

/// The tags of an OpenTelemetry SDK, which belong to the process.
const OF_PROCESS: [&str; 5] = [
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
    "telemetry.distro.name",
    "telemetry.distro.version",
];

/// Writes numeric addresses as text, moves the tags of the process to it, and sorts all tags and
/// fields. Afterwards spans with equal processes share one.
pub(super) fn adjust(trace: &mut Trace) {
    let mut processes = Processes::default();
    for span in &mut trace.spans {
        let tags = std::mem::take(&mut span.tags);
        let (mut moved, mut kept): (Vec<_>, Vec<_>) = tags
            .into_iter()
            .partition(|tag| OF_PROCESS.contains(&&*tag.key));
        write_addresses(&mut kept);
        kept.sort_unstable();
        span.tags = kept;
        moved.sort_unstable();
        trace.moved_tags.push(moved);
        for log in &mut span.logs {
            sort_fields(&mut log.fields);
        }
        span.process = processes.adjusted(&span.process);
    }
}

/// `ip` and `peer.ipv4` may be IPv4 addresses as numbers.
fn write_addresses(tags: &mut [Tag]) {
    for tag in tags
        .iter_mut()
        .filter(|tag| matches!(&*tag.key, "ip" | "peer.ipv4"))
    {
        let address = match tag.value {
            Value::Int64(number) => number as u32,
            Value::Float64(number) => number as u32,
            _ => continue,
        };
        tag.value = Value::String(Ipv4Addr::from_bits(address).to_string().into());
    }
}

/// Sorts the fields, but puts the text `event` first.
fn sort_fields(fields: &mut [Tag]) {
    let is_event = |tag: &Tag| &*tag.key == "event" && matches!(tag.value, Value::String(_));
    let offset = match fields.iter().position(is_event) {
        Some(event) => {
            fields.swap(0, event);
            1
        }
        None => 0,
    };
    fields[offset..].sort_unstable();
}

/// Processes, each of which is created once for all its spans.
#[derive(Default)]
pub(super) struct Processes {
    /// By the address of the one that came, which is kept so that the address stays its own.
    by_address: HashMap<usize, (Arc<Process>, Arc<Process>)>,
    by_content: HashSet<Arc<Process>>,
}

impl Processes {
    /// The one that is equal.
    pub(super) fn shared(&mut self, process: &Arc<Process>) -> Arc<Process> {
        self.get(process, |_| {})
    }

    fn adjusted(&mut self, process: &Arc<Process>) -> Arc<Process> {
        self.get(process, |process| {
            write_addresses(&mut process.tags);
            process.tags.sort_unstable();
        })
    }

    fn get(&mut self, process: &Arc<Process>, adjust: impl FnOnce(&mut Process)) -> Arc<Process> {
        let address = Arc::as_ptr(process).addr();
        if let Some((_, known)) = self.by_address.get(&address) {
            return Arc::clone(known);
        }
        let mut adjusted = Process::clone(process);
        adjust(&mut adjusted);
        let adjusted = match self.by_content.get(&adjusted) {
            Some(equal) => Arc::clone(equal),
            None => {
                let adjusted = Arc::new(adjusted);
                self.by_content.insert(Arc::clone(&adjusted));
                adjusted
            }
        };
        self.by_address
            .insert(address, (Arc::clone(process), Arc::clone(&adjusted)));
        adjusted
    }
}
