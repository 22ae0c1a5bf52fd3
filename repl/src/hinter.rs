//! Hints behind the cursor: the arguments of a function whose bracket has just been opened, else the rest of the
//! last statement that began like this one.

use std::collections::BTreeMap;

use rustyline::{
    Context,
    hint::{Hinter, HistoryHinter},
};

use crate::{completer::call_at, words::Words};

/// Arguments that a hint names.
const ARGUMENTS: usize = 4;

/// Hints for calls, and from history.
#[derive(Default)]
pub(crate) struct CallHinter {
    calls: BTreeMap<String, String>,
    history: HistoryHinter,
}

impl CallHinter {
    /// Takes up the functions that there are.
    pub(crate) fn follow(&mut self, words: &Words) {
        let documented = words
            .functions
            .iter()
            .filter(|function| !function.arguments.is_empty());
        self.calls = documented
            .map(|function| {
                let mut names: Vec<String> = function
                    .arguments
                    .iter()
                    .take(ARGUMENTS)
                    .map(|argument| format!("{} {} …", argument.name, argument.sign))
                    .collect();
                if function.arguments.len() > ARGUMENTS {
                    names.push("…".to_owned());
                }
                (function.name.to_lowercase(), names.join(", "))
            })
            .collect();
    }

    fn call(&self, line: &str) -> Option<String> {
        self.calls.get(&call_at(line)?.to_lowercase()).cloned()
    }
}

impl Hinter for CallHinter {
    type Hint = String;

    fn hint(&self, line: &str, position: usize, context: &Context<'_>) -> Option<String> {
        // What is shown behind the cursor must not stand before text.
        if position < line.len() || line.trim().is_empty() {
            return None;
        }
        self.call(line)
            .or_else(|| self.history.hint(line, position, context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::words;

    #[test]
    fn an_open_bracket_shows_the_arguments() {
        let mut hinter = CallHinter::default();
        hinter.follow(&words());
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
            assert_eq!(hinter.call(line).as_deref(), expected, "{line}");
        }
    }
}
