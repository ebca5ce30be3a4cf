//! Traces and spans as text, for error messages.

use std::{collections::HashMap, fmt, iter};

use super::{Span, Trace};

/// The rest is left out: the text is for people.
const MAX_LINES: usize = 100;

/// The spans as a tree, each with its service, name, kind and duration. Spans without a way to a
/// root, such as those of a cycle, come last.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.spans.len();
        write!(f, "trace {}, spans: {count}", self.id)?;
        let ids = self.span_ids();
        let mut siblings: HashMap<_, Vec<_>> = HashMap::new();
        for span in &self.spans {
            let parent = span.parent_id().filter(|id| ids.contains(id));
            siblings.entry(parent).or_default().push(span);
        }
        let groups = iter::once(None).chain(self.spans.iter().map(Span::parent_id));
        let mut next = Vec::new();
        let mut lines = 0;
        for group in groups {
            // Each group is taken once, so a cycle ends, and spans with one id share no children.
            let mut open = |parent, depth| {
                let spans = siblings.remove(&parent).unwrap_or_default();
                spans.into_iter().rev().map(move |span| (span, depth))
            };
            next.extend(open(group, 1));
            while let Some((span, depth)) = next.pop() {
                if lines == MAX_LINES {
                    return write!(f, "\n  and {} more", count - lines);
                }
                write!(f, "\n{:indent$}{span}", "", indent = 2 * depth)?;
                lines += 1;
                next.extend(open(Some(span.id()), depth + 1));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service(), self.name())?;
        if self.kind() != "unspecified" {
            write!(f, " ({})", self.kind())?;
        }
        write!(f, " {:?}", self.duration())?;
        if self.failed() {
            f.write_str(", failed")?;
        }
        Ok(())
    }
}
