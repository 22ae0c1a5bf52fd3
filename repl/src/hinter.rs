//! Hints behind the cursor: the arguments of a function whose bracket has just been opened, else the rest of the
//! last statement that began like this one.

use std::cell::Cell;

use rustyline::{
    Context,
    hint::{Hinter, HistoryHinter},
};

use crate::{
    completer::call_at,
    words::{Vocabulary, Words},
};

/// Arguments that a hint names.
const ARGUMENTS: usize = 4;

/// Hints for calls, and from history.
pub(crate) struct CallHinter {
    vocabulary: Vocabulary,
    history: HistoryHinter,
    /// Whether there was text on the line when a hint was last asked for, as happens with every key.
    pub(crate) drafting: Cell<bool>,
}

impl CallHinter {
    /// Hints with these names.
    pub(crate) fn new(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            history: HistoryHinter::new(),
            drafting: Cell::new(false),
        }
    }
}

/// The arguments of the call that a line has just opened.
fn arguments(line: &str, words: &Words) -> Option<String> {
    let call = call_at(line)?;
    let mut functions = words.functions.iter();
    let function = functions
        .find(|function| function.name.eq_ignore_ascii_case(&call) && !function.arguments.is_empty())?;
    let shown = function.arguments.iter().take(ARGUMENTS);
    let mut names: Vec<String> = shown
        .map(|argument| format!("{} {} …", argument.name, argument.sign))
        .collect();
    if function.arguments.len() > ARGUMENTS {
        names.push("…".to_owned());
    }
    Some(names.join(", "))
}

impl Hinter for CallHinter {
    type Hint = String;

    fn hint(&self, line: &str, position: usize, context: &Context<'_>) -> Option<String> {
        self.drafting.set(!line.is_empty());
        // What is shown behind the cursor must not stand before text.
        if position < line.len() || line.trim().is_empty() {
            return None;
        }
        arguments(line, &self.vocabulary.words()).or_else(|| self.history.hint(line, position, context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::words;

    #[test]
    fn an_open_bracket_shows_the_arguments() {
        let words = words();
        for (line, expected) in [
            (
                "SELECT GENERATE(",
                Some("usflux => …, psep => …, seed => …, generator => …"),
            ),
            ("SELECT NEAREST( ", Some("to => …, k => …, within => …")),
            ("CREATE ENCODER e WITH (", Some("steps = …, seed = …")),
            ("SELECT GENERATE(usflux", None),
            ("SELECT 'GENERATE(", None),
            ("SELECT (", None),
        ] {
            assert_eq!(arguments(line, &words).as_deref(), expected, "{line}");
        }
    }
}
