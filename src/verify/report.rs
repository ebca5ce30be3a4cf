//! The result of `verify`, and its text.

use std::fmt;

use super::trace::Trace;

/// A difference between what was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The expected state.
    pub expected: String,
    /// The actual state.
    pub found: String,
    /// The first thing to check.
    pub check: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "FAILED   expected {}", self.expected)?;
        writeln!(f, "         found    {}", self.found)?;
        write!(f, "         check    {}", self.check)
    }
}

/// The result; shown as the trace's tree, and each failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The number of traces that were made.
    pub made: usize,
    /// The number of this trace among them, from 1.
    pub number: usize,
    /// The id of this trace, in hexadecimal.
    pub trace_id: String,
    /// The trace, as far as it arrived.
    pub trace: Option<Trace>,
    /// The number of the trace's log lines in Loki, by service; empty without Loki.
    pub log_lines: Vec<(String, usize)>,
    /// The failures; empty if all is well.
    pub failures: Vec<Failure>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.made > 1 {
            let Self { number, made, .. } = self;
            writeln!(
                f,
                "number {number} of {made} traces, the most complete one:"
            )?;
        }
        if let Some(trace) = &self.trace {
            write!(f, "{trace}")?;
        }
        for (service, count) in &self.log_lines {
            writeln!(f, "{count} log lines of {service} in Loki")?;
        }
        for failure in &self.failures {
            writeln!(f, "{failure}")?;
        }
        if self.failures.is_empty() {
            writeln!(f, "OK")?;
        }
        Ok(())
    }
}
