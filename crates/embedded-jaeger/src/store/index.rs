//! The names of services and operations, with their numbers of spans, so that a name is removed
//! with its last span.

use std::collections::HashMap;

use super::super::model::Span;

/// Service name, operation name, kind of span: number of spans.
#[derive(Debug, Default)]
pub(super) struct Index {
    services: HashMap<Box<str>, HashMap<Box<str>, Kinds>>,
}

/// A few at most, so a list is smaller than a map.
type Kinds = Vec<(&'static str, usize)>;

impl Index {
    /// Counts spans of one service.
    pub(super) fn add<'a>(&mut self, service: &str, spans: impl Iterator<Item = &'a Span>) {
        if !self.services.contains_key(service) {
            self.services.insert(service.into(), HashMap::new());
        }
        let Some(operations) = self.services.get_mut(service) else {
            return;
        };
        for span in spans {
            let kind = span.kind();
            let Some(kinds) = operations.get_mut(&span.operation) else {
                operations.insert(span.operation.clone(), vec![(kind, 1)]);
                continue;
            };
            match kinds.iter_mut().find(|known| known.0 == kind) {
                Some((_, count)) => *count += 1,
                None => kinds.push((kind, 1)),
            }
        }
    }

    /// Takes spans of one service off the counts.
    pub(super) fn remove<'a>(&mut self, service: &str, spans: impl Iterator<Item = &'a Span>) {
        let Some(operations) = self.services.get_mut(service) else {
            return;
        };
        for span in spans {
            let Some(kinds) = operations.get_mut(&span.operation) else {
                continue;
            };
            let kind = span.kind();
            if let Some((_, count)) = kinds.iter_mut().find(|known| known.0 == kind) {
                *count -= 1;
            }
            kinds.retain(|(_, count)| *count > 0);
            if kinds.is_empty() {
                operations.remove(&span.operation);
            }
        }
        if operations.is_empty() {
            self.services.remove(service);
        }
    }

    /// The names of the services, sorted.
    pub(super) fn services(&self) -> Vec<String> {
        let mut names: Vec<_> = self.services.keys().map(|name| name.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// The operations of a service with the kinds of their spans, sorted.
    pub(super) fn operations(&self, service: &str) -> Vec<(String, &'static str)> {
        let operations = self.services.get(service).into_iter().flatten();
        let mut list: Vec<_> = operations
            .flat_map(|(name, kinds)| kinds.iter().map(|(kind, _)| (name.to_string(), *kind)))
            .collect();
        list.sort_unstable();
        list
    }
}
