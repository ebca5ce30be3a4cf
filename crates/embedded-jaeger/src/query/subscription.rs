//! A search that is kept up to date: it names the traces that get spans and match.

use super::{TraceQuery, params::Params, search::search_since};
use crate::{model::TraceId, store::Store};

/// A search whose result the subscriber knows, up to some arrival.
#[derive(Debug)]
pub(crate) struct SearchSubscription(TraceQuery);

impl SearchSubscription {
    /// Reads the parameters of a search. Without `end`, it has no end; with ids, it has no limit.
    ///
    /// # Errors
    /// Jaeger's message.
    pub(crate) fn parse(pairs: Vec<(String, String)>) -> Result<Self, String> {
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

    /// Returns the traces of the result that are new or have grown since the store's `arrivals` was
    /// that number; `None` if any of the result may have changed.
    pub(crate) fn changed(&self, store: &Store, arrivals: u64) -> Option<Vec<TraceId>> {
        search_since(store, arrivals, &self.0)
    }
}
