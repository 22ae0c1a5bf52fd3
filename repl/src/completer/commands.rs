//! Completion of meta-commands: the name, then what its argument names.

use super::{Candidate, Completion, begins, complete as complete_statement};
use crate::{
    command::{COMMANDS, Takes},
    settings::{self, SETTINGS},
    words::Words,
};

/// What the last word of `before`, a line that begins with a dot, may become.
pub(super) fn complete(before: &str, words: &Words) -> Completion {
    let dot = before.len() - before.trim_start().len();
    let line = &before[dot + 1..];
    let Some((name, arguments)) = line.split_once(char::is_whitespace) else {
        let names = COMMANDS
            .iter()
            .map(|command| Candidate::new(format!("{} ", command.name)));
        return chosen(before.len() - line.len(), line, names);
    };
    let Some(command) = COMMANDS
        .iter()
        .find(|command| command.name.eq_ignore_ascii_case(name))
    else {
        return Completion::Words(before.len(), Vec::new());
    };
    let word = arguments.rsplit(char::is_whitespace).next().unwrap_or_default();
    let start = before.len() - word.len();
    let listed = |names: Vec<String>| chosen(start, word, names.into_iter().map(Candidate::new));
    match command.takes {
        Takes::Nothing => listed(Vec::new()),
        Takes::File => Completion::Files,
        Takes::Table => listed(words.tables.iter().map(|table| table.name.clone()).collect()),
        Takes::Index => listed(words.indexes.clone()),
        Takes::Model => listed([&words.generators[..], &words.encoders[..]].concat()),
        Takes::Keyword => listed(words.quantities.clone()),
        Takes::Topic => listed(topics(words)),
        Takes::ValueOf(setting) => listed(values(setting)),
        Takes::Setting => match arguments.trim_start().split_once(char::is_whitespace) {
            Some((setting, _)) => listed(values(setting)),
            None => listed(
                SETTINGS
                    .iter()
                    .map(|setting| format!("{} ", setting.name))
                    .collect(),
            ),
        },
        Takes::Query => {
            // The expression as if it stood in a query, and its places counted in the line again.
            let select = "SELECT ";
            let text = format!("{select}{arguments}");
            let moved = before.len() - arguments.len();
            match complete_statement(&text, text.len(), words) {
                Completion::Words(at, candidates) => {
                    Completion::Words((at + moved).saturating_sub(select.len()), candidates)
                }
                Completion::Files => Completion::Files,
            }
        }
    }
}

/// Words that stand for what can be given are no completions.
fn values(setting: &str) -> Vec<String> {
    let values = settings::find(setting)
        .map(|setting| (setting.values)())
        .unwrap_or_default();
    let is_word = |value: &String| !value.chars().all(char::is_uppercase);
    values.into_iter().filter(is_word).collect()
}

fn topics(words: &Words) -> Vec<String> {
    let commands = COMMANDS.iter().map(|command| format!(".{}", command.name));
    words
        .topics
        .iter()
        .cloned()
        .chain(words.quantities.iter().cloned())
        .chain(commands)
        .collect()
}

fn chosen(start: usize, word: &str, candidates: impl Iterator<Item = Candidate>) -> Completion {
    Completion::Words(
        start,
        candidates
            .filter(|candidate| begins(&candidate.text, word))
            .collect(),
    )
}
