//! A search that goes on: which of the traces that get spans it would find.

use super::{TraceQuery, params::Params, search::search_since};
use crate::{model::TraceId, store::Store};

/// A search of which the answer is known, up to some arrival.
#[derive(Debug)]
pub(in super::super) struct Watch(TraceQuery);

impl Watch {
    /// Reads the parameters of a search. Without an end, that has not come yet; with ids, all of
    /// them are looked for.
    ///
    /// # Errors
    /// Jaeger's message.
    pub(in super::super) fn parse(pairs: Vec<(String, String)>) -> Result<Self, String> {
        let params = Params::new(pairs);
        let mut query = TraceQuery::parse(&params)?;
        if params.first("end").is_empty() {
            query.end = i64::MAX;
        }
        if !query.trace_ids.is_empty() {
            query.limit = None;
        }
        Ok(Self(query))
    }

    /// What of the search's answer is new or has grown since the store's `arrivals` was that
    /// number; `None` when all of it may be.
    pub(in super::super) fn changed(&self, store: &Store, arrivals: u64) -> Option<Vec<TraceId>> {
        search_since(store, arrivals, &self.0)
    }
}
