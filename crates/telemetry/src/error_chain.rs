//! An error and its causes as text.

use std::error::Error;

/// Returns `error` and its causes in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Many errors repeat their cause's text in their own.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Self>>,
    }

    fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
        let (text, rest) = texts.split_first()?;
        let source = layers(rest);
        Some(Box::new(Layer { text, source }))
    }

    #[test]
    fn a_cause_is_appended_unless_the_text_has_it() {
        for (texts, line) in [
            (vec!["a"], "a"),
            (vec!["a", "b", "c"], "a: b: c"),
            (vec!["a: b", "b", "c"], "a: b: c"),
        ] {
            assert_eq!(with_causes(&*layers(&texts).unwrap()), line);
        }
    }
}
