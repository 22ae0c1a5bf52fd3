//! Completion in context: what can stand where the cursor is, and only that. `place` tells where the cursor
//! is, `scope` which columns are known there, `commands` completes meta-commands.

mod commands;
mod place;
mod scope;

use rustyline::{
    Context,
    completion::{Completer, FilenameCompleter, Pair},
};

pub(crate) use self::place::call_at;
use self::place::{Cursor, Place};
use crate::words::{Function, Table, Vocabulary, Words};

/// Completes the word before the cursor.
pub(crate) struct WordCompleter {
    vocabulary: Vocabulary,
    files: FilenameCompleter,
}

impl WordCompleter {
    /// Completes with these names.
    pub(crate) fn new(vocabulary: Vocabulary) -> Self {
        Self {
            vocabulary,
            files: FilenameCompleter::new(),
        }
    }
}

impl Completer for WordCompleter {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        match complete(line, position, &self.vocabulary.words()) {
            Completion::Files => self.files.complete(line, position, context),
            Completion::Words(start, candidates) => Ok((start, candidates.into_iter().map(pair).collect())),
        }
    }
}

/// What can be done for the word before the cursor.
#[derive(Debug, PartialEq, Eq)]
enum Completion {
    /// It is a file's name.
    Files,
    /// Where it begins, and what it may become.
    Words(usize, Vec<Candidate>),
}

/// What a word may become, and what is said of it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    text: String,
    note: String,
}

impl Candidate {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            note: String::new(),
        }
    }
}

fn pair(candidate: Candidate) -> Pair {
    let Candidate { text, note } = candidate;
    Pair {
        display: if note.is_empty() {
            text.clone()
        } else {
            format!("{} {note}", text.trim_end())
        },
        replacement: text,
    }
}

fn complete(line: &str, position: usize, words: &Words) -> Completion {
    let before = &line[..position];
    if before.trim_start().starts_with('.') {
        return commands::complete(before, words);
    }
    let Some(cursor) = Cursor::at(line, position) else {
        return Completion::Words(position, Vec::new());
    };
    let (word, start) = (cursor.word.clone(), cursor.start);
    let all = match cursor.place(words) {
        Place::File => return Completion::Files,
        Place::Text(names) => names
            .into_iter()
            .map(|name| Candidate::new(format!("{name}'")))
            .collect(),
        Place::Statement => openings(&word),
        Place::Source => sources(&cursor, words, &word),
        Place::Described => {
            let mut all = sources(&cursor, words, &word);
            all.extend(keywords(words, &word));
            all
        }
        Place::Model(names) => names.into_iter().map(Candidate::new).collect(),
        Place::Setting => words.settings.iter().map(Candidate::new).collect(),
        Place::Unit(number) => units(&number),
        Place::Qualified(name) => qualified(&cursor, words, &name),
        Place::Argument(call, given) => {
            let mut all = arguments(&call, &given, words);
            if all.is_empty() {
                all = expression(&cursor, words, &word);
            } else if !word.is_empty() {
                all.extend(values(&cursor, words, &word));
            }
            all
        }
        Place::Expression => expression(&cursor, words, &word),
    };
    let mut candidates: Vec<Candidate> = all
        .into_iter()
        .filter(|candidate| begins(&candidate.text, &word))
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.text.to_lowercase()));
    Completion::Words(start, candidates)
}

/// What a statement may begin with.
fn openings(word: &str) -> Vec<Candidate> {
    const SQL: [&str; 17] = [
        "SELECT", "FROM", "WITH", "EXPLAIN", "CREATE", "COPY", "DESCRIBE", "DROP", "INSERT", "UPDATE",
        "DELETE", "TRUNCATE", "SET", "SHOW", "VALUES", "PREPARE", "EXECUTE",
    ];
    let ours = helioql_grammar::keywords::STATEMENTS
        .iter()
        .map(|syntax| syntax.opening);
    let first = |opening: &str| opening.split(' ').next().unwrap_or_default().to_owned();
    let openings = SQL.into_iter().map(first).chain(ours.map(first));
    openings
        .map(|opening| Candidate::new(format!("{} ", in_case_of(word, &opening))))
        .collect()
}

/// What FROM takes.
fn sources(cursor: &Cursor, words: &Words, word: &str) -> Vec<Candidate> {
    let named = scope::ctes(cursor, words)
        .into_iter()
        .map(|table| Candidate::new(table.name));
    let tables = words.tables.iter().map(|table| Candidate::new(&table.name));
    let relations = words
        .functions
        .iter()
        .filter(|function| function.in_from)
        .map(|function| call(function, word));
    named.chain(tables).chain(relations).collect()
}

fn call(function: &Function, word: &str) -> Candidate {
    Candidate::new(format!("{}(", in_case_of(word, &function.name)))
}

/// Arguments that are not given yet, with what they take.
fn arguments(name: &str, given: &[String], words: &Words) -> Vec<Candidate> {
    let functions = words
        .functions
        .iter()
        .filter(|function| function.name.eq_ignore_ascii_case(name));
    let arguments = functions.flat_map(|function| &function.arguments);
    arguments
        .filter(|argument| !given.contains(&argument.name))
        .map(|argument| Candidate {
            text: format!("{} {} ", argument.name, argument.sign),
            note: argument.takes.clone(),
        })
        .collect()
}

/// What can stand in an expression: values and SQL's words.
fn expression(cursor: &Cursor, words: &Words, word: &str) -> Vec<Candidate> {
    let mut all = values(cursor, words, word);
    all.extend(keywords(words, word));
    all
}

/// SQL's words and ours, once one is begun.
fn keywords(words: &Words, word: &str) -> Vec<Candidate> {
    let names = words.keywords.iter().filter(|_| !word.is_empty());
    names.map(|name| Candidate::new(in_case_of(word, name))).collect()
}

/// Columns in scope, or all of them where no FROM is there yet, and functions once a word is begun.
fn values(cursor: &Cursor, words: &Words, word: &str) -> Vec<Candidate> {
    let sources = scope::sources(cursor, words);
    let named = scope::ctes(cursor, words);
    let columns: Vec<&String> = if sources.is_empty() {
        let tables = named.iter().chain(&words.tables);
        tables.flat_map(|table| &table.columns).collect()
    } else {
        let columns = sources.iter().flat_map(|source| &source.columns);
        columns.chain(sources.iter().map(|source| &source.name)).collect()
    };
    let mut all: Vec<Candidate> = columns
        .into_iter()
        .map(|name| Candidate::new(identifier(word, name)))
        .collect();
    if !word.is_empty() {
        let scalar = words.functions.iter().filter(|function| function.is_scalar);
        all.extend(scalar.map(|function| call(function, word)));
    }
    all
}

/// What can stand behind `name.`: the columns of a source, or the tables of a schema.
fn qualified(cursor: &Cursor, words: &Words, name: &str) -> Vec<Candidate> {
    let is = |other: &str| other.eq_ignore_ascii_case(name);
    let source = scope::sources(cursor, words)
        .into_iter()
        .find(|source| is(&source.name) && !source.columns.is_empty());
    if let Some(Table { columns, .. }) = source {
        return columns
            .iter()
            .map(|column| Candidate::new(identifier(&cursor.word, column)))
            .collect();
    }
    let tables = words.tables.iter().filter_map(|table| table.name.split_once('.'));
    tables
        .filter(|(schema, _)| is(schema))
        .map(|(_, table)| Candidate::new(table))
        .collect()
}

fn units(number: &str) -> Vec<Candidate> {
    let units = helioql_grammar::unit::UNITS.iter();
    units
        .map(|unit| Candidate {
            text: format!("{number}{}", unit.symbol),
            note: unit.name.to_owned(),
        })
        .collect()
}

/// Whether a candidate goes on where a word ends. Units are told apart by their case.
fn begins(candidate: &str, word: &str) -> bool {
    if word.starts_with(|letter: char| letter.is_ascii_digit()) {
        return candidate.starts_with(word);
    }
    candidate
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// A column as it is written: in quotes where SQL would fold it or cut it, in capitals where a word in capitals is to
/// become it.
fn identifier(word: &str, name: &str) -> String {
    let is_plain = |letter: char| letter.is_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !name.chars().all(is_plain) {
        return format!("\"{}\"", name.replace('"', "\"\""));
    }
    if word.starts_with(char::is_uppercase) && !word.contains(char::is_lowercase) {
        name.to_uppercase()
    } else {
        name.to_owned()
    }
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
    use crate::words::tests::words;

    /// What the word before `|` may become.
    fn texts(line: &str) -> Vec<String> {
        let position = line.find('|').expect("a cursor");
        match complete(&line.replace('|', ""), position, &words()) {
            Completion::Files => vec!["FILE".to_owned()],
            Completion::Words(_, candidates) => candidates
                .into_iter()
                .map(|candidate| candidate.text.trim_end().to_owned())
                .collect(),
        }
    }

    #[test]
    fn a_word_is_completed_by_its_place() {
        for (line, expected) in [
            // Statements and keywords, in the case in which they are begun.
            ("sel|", vec!["select"]),
            ("IMP|", vec!["IMPORT"]),
            ("SELECT 1; EV|", vec!["EVALUATE"]),
            ("UPD|", vec!["UPDATE"]),
            ("SELECT usflux FROM sharps WHER|", vec!["WHERE"]),
            // Tables, functions in FROM, and tables of a schema.
            ("SELECT * FROM sh|", vec!["sharps"]),
            ("SELECT * FROM NEA|", vec!["NEAREST("]),
            ("SELECT * FROM sharps s JOIN ev|", vec!["events"]),
            ("SELECT * FROM system.k|", vec!["keywords"]),
            ("WITH strong AS (SELECT 1) SELECT * FROM str|", vec!["strong"]),
            // Columns of what FROM names, also when it comes later.
            ("SELECT us| FROM sharps", vec!["usflux", "usflux(", "using"]),
            ("SELECT USF| FROM sharps", vec!["USFLUX", "USFLUX("]),
            ("SELECT flare| FROM sharps", vec![]),
            ("SELECT flare| FROM events", vec!["flare_class"]),
            ("SELECT e.f| FROM events AS e", vec!["flare_class"]),
            (
                "SELECT s.| FROM sharps s, events e",
                vec!["harpnum", "usflux", "patch"],
            ),
            (
                "SELECT * FROM events WHERE id IN (SELECT harp| FROM sharps)",
                vec!["harpnum"],
            ),
            (
                "WITH w AS (SELECT usflux AS flux, harpnum FROM sharps) SELECT fl| FROM w",
                vec!["flux"],
            ),
            (
                "WITH w AS (SELECT usflux AS flux FROM sharps) SELECT fl|",
                vec!["flux", "flare_class"],
            ),
            (
                "SELECT fl| FROM (SELECT usflux AS flux FROM sharps) AS w",
                vec!["flux"],
            ),
            ("SELECT harp| FROM (SELECT * FROM sharps) w", vec!["harpnum"]),
            ("SELECT _d| FROM NEAREST(GENERATE(seed => 7))", vec!["_distance"]),
            // Arguments that are not given yet.
            ("SELECT * FROM NEAREST(x, |", vec!["to =>", "k =>", "within =>"]),
            ("SELECT GENERATE(us|", vec!["usflux =>", "usflux", "usflux("]),
            ("SELECT GENERATE(usflux => 1e22Mx, se|", vec!["seed =>"]),
            ("SELECT GENERATE(usflux => 1e22Mx, us|", vec!["usflux", "usflux("]),
            ("CREATE ENCODER e WITH (st|", vec!["steps ="]),
            // Units behind a number, by their case.
            (
                "SELECT * FROM sharps WHERE usflux > 1e22M|",
                vec!["1e22Mx", "1e22Mm", "1e22Mm2"],
            ),
            ("SELECT 5de|", vec!["5deg"]),
            // Models and what names them.
            ("DESCRIBE GENERATOR |", vec!["sun"]),
            ("DROP ENCODER l|", vec!["look"]),
            ("DESCRIBE sh|", vec!["sharps", "show"]),
            ("DESCRIBE DIREC|", vec!["DIRECTIONS"]),
            ("DESCRIBE DIRECTIONS FOR GENERATOR |", vec!["sun"]),
            ("DROP INDEX sh|", vec!["sharps_hnsw"]),
            ("SELECT GENERATE(generator => '|", vec!["sun'"]),
            ("SELECT EMBED(p, encoder => 'lo|", vec!["look'"]),
            ("SELECT STEER(s, hold => ['ps|", vec!["psep'", "psep_harp'"]),
            // Settings and files.
            (
                "SET datafusion.execution.ba|",
                vec!["datafusion.execution.batch_size"],
            ),
            ("IMPORT SHARPS FROM '|", vec!["FILE"]),
            ("SELECT * FROM 'da|", vec!["FILE"]),
            // Nothing in comments and texts.
            ("SELECT 1 -- sel|", vec![]),
            ("/* sel|", vec![]),
        ] {
            assert_eq!(texts(line), expected, "{line}");
        }
    }

    #[test]
    fn commands_are_completed_with_their_arguments() {
        for (line, expected) in [
            (".ta|", vec!["tables"]),
            (".schema ev|", vec!["events"]),
            (".mode par|", vec!["parquet"]),
            (".set ima|", vec!["images"]),
            (".set images ki|", vec!["kitty"]),
            (".timer o|", vec!["on", "off"]),
            (".help nea|", vec!["nearest"]),
            (".help .sa|", vec![".save"]),
            (".save |", vec!["FILE"]),
            (".show GENERATE(see|", vec!["seed =>"]),
            (".quit |", vec![]),
        ] {
            assert_eq!(texts(line), expected, "{line}");
        }
    }

    #[test]
    fn random_texts_are_completed_without_panic_or_end() {
        const PARTS: [&str; 24] = [
            "SELECT ",
            "* ",
            "FROM ",
            "WITH ",
            "w ",
            "AS ",
            "(",
            ")",
            ", ",
            "nearest(",
            "within => ",
            "sharps",
            ".",
            "'",
            "\"",
            "1e22M",
            "1.5",
            "; ",
            "-- ",
            "\n",
            "JOIN ",
            "ON ",
            "Φ",
            ".show ",
        ];
        // A generator of Lehmer's, so that every run asks the same.
        let mut state = 48_271_u64;
        let mut random = |below: usize| {
            state = state * 48_271 % 2_147_483_647;
            state as usize % below
        };
        for _ in 0..2000 {
            let count = random(40);
            let line: String = (0..count).map(|_| PARTS[random(PARTS.len())]).collect();
            let mut position = random(line.len() + 1);
            while !line.is_char_boundary(position) {
                position -= 1;
            }
            let _ = complete(&line, position, &words());
        }
        let stars = "SELECT *, *, *, *, *, *, *, * FROM (".repeat(30);
        let _ = complete(&stars, stars.len(), &words());
        let nested = format!("SELECT a FROM {}", "nearest(x, within => ".repeat(20_000));
        let _ = complete(&nested, 8, &words());
    }

    #[test]
    fn no_place_in_any_text_panics() {
        let line = "WITH w AS (SELECT 'Φ' φ, \"a\".b FROM x) SELECT )(,;., 1e22Mx FROM w -- é\n.show";
        for position in (0..=line.len()).filter(|position| line.is_char_boundary(*position)) {
            let _ = complete(line, position, &words());
            let _ = complete(&line[..position], position, &words());
        }
    }
}
