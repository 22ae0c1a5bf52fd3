//! Completion: what can stand where the cursor is. Files inside a string, commands after a dot at the
//! beginning, else tables, functions, columns and keywords.

use rustyline::{
    Context,
    completion::{Completer, FilenameCompleter, Pair},
};

use crate::{command::COMMANDS, words::Words};

/// Completes the word before the cursor.
#[derive(Default)]
pub(crate) struct WordCompleter {
    /// The names there are.
    pub(crate) words: Words,
    files: FilenameCompleter,
}

impl Completer for WordCompleter {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..position];
        if before.matches('\'').count() % 2 == 1 || before.trim_start().starts_with(".save ") {
            return self.files.complete(line, position, context);
        }
        let (start, candidates) = complete(before, &self.words);
        let pair = |text: String| Pair {
            display: text.clone(),
            replacement: text,
        };
        Ok((start, candidates.into_iter().map(pair).collect()))
    }
}

/// Where the word before the cursor begins, and what it may become.
fn complete(before: &str, words: &Words) -> (usize, Vec<String>) {
    let line = before.trim_start();
    if let Some(name) = line.strip_prefix('.')
        && !name.contains(char::is_whitespace)
    {
        let commands = COMMANDS.iter().map(|command| format!("{} ", command.name));
        return (
            before.len() - name.len(),
            commands.filter(|command| command.starts_with(name)).collect(),
        );
    }
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    let start = before.trim_end_matches(part).len();
    let word = &before[start..];
    if word.is_empty() {
        return (start, Vec::new());
    }
    let only_tables = line.starts_with(".schema ");
    let functions = words
        .functions
        .iter()
        .map(|name| format!("{}(", in_case_of(word, name)));
    let columns = words.columns.iter().cloned();
    let keywords = words.keywords.iter().map(|name| in_case_of(word, name));
    let others = functions.chain(columns).chain(keywords).filter(|_| !only_tables);
    let candidates = words.tables.iter().cloned().chain(others);
    (
        start,
        candidates.filter(|candidate| begins(candidate, word)).collect(),
    )
}

fn begins(candidate: &str, word: &str) -> bool {
    candidate
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// `name` in capitals, unless the word that it completes is begun in lower case.
fn in_case_of(word: &str, name: &str) -> String {
    if word.starts_with(char::is_lowercase) {
        name.to_lowercase()
    } else {
        name.to_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_completed_in_its_place_and_case() {
        let words = Words {
            keywords: vec!["SELECT", "SHARPS"],
            tables: vec!["sharps".into(), "system.keywords".into()],
            columns: vec!["usflux".into()],
            functions: vec!["generate".into(), "usflux".into()],
        };
        for (before, start, expected) in [
            ("sel", 0, vec!["select"]),
            ("SEL", 0, vec!["SELECT"]),
            ("SELECT us", 7, vec!["usflux(", "usflux"]),
            ("SELECT GEN", 7, vec!["GENERATE("]),
            ("SELECT * FROM system.k", 14, vec!["system.keywords"]),
            ("SELECT f(us", 9, vec!["usflux(", "usflux"]),
            (".ta", 1, vec!["tables "]),
            (".schema s", 8, vec!["sharps", "system.keywords"]),
            ("SELECT ", 7, vec![]),
            ("SELECT 'Φ' φ", 12, vec![]),
        ] {
            let (at, found) = complete(before, &words);
            assert_eq!(
                (at, found),
                (start, expected.into_iter().map(str::to_owned).collect()),
                "{before}"
            );
        }
    }
}
