//! What must hold for any text that is taken for a record set: no panic, every error at a place of the text, and a
//! set that is written back reads as itself, whole or in halves.

use helioql_grammar::{LineIndex, Location, RecordSet, Span};

/// A set of intervals without end would be halved for longer than this: 200 of them, each of 2⁶³ numbers.
const MOST_HALVINGS: usize = 200;

/// Sends a text through everything that the grammar does with a record set.
///
/// # Panics
/// When something that must hold does not.
pub(crate) fn check(text: &str) {
    let statement = format!("'{}'", text.replace('\'', "''"));
    let literal = Span::new(Location::new(1, 1), end(&statement));
    match text.parse::<RecordSet>() {
        Ok(set) => {
            written_back(&set);
            if let Err(error) = set.predicates(text, literal) {
                assert!(!error.message.is_empty(), "an error that says nothing");
                assert!(error.span.is_none_or(|span| inside(span, literal)), "{error:?}");
            }
            halved(set);
        }
        Err(error) => {
            assert!(!error.message.is_empty(), "an error that says nothing");
            assert!(text.get(error.at.clone()).is_some(), "{error:?} is no place");
            let diagnostic = error.diagnostic(text, literal);
            assert!(
                diagnostic.span.is_some_and(|span| inside(span, literal)),
                "{diagnostic:?}"
            );
            assert!(diagnostic.render(&statement, None).starts_with("error: "));
        }
    }
}

fn written_back(set: &RecordSet) {
    let text = set.to_string();
    let again: RecordSet = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(again.to_string(), text);
}

/// Goes down to a set that has no halves, now to the first and now to the second.
fn halved(mut set: RecordSet) {
    for turn in 0..MOST_HALVINGS {
        let Some([first, second]) = set.halves() else {
            return;
        };
        written_back(&first);
        written_back(&second);
        assert!(first != set && second != set, "{set} is a half of itself");
        set = if turn % 2 == 0 { first } else { second };
    }
    panic!("{set} is halved without end");
}

/// The place behind the last character.
fn end(text: &str) -> Location {
    let lines = LineIndex::new(text);
    let (line, last) = (1..)
        .map_while(|line| Some((line, lines.line(line)?)))
        .last()
        .unwrap_or((1, text));
    Location::new(line, last.chars().count() as u64 + 1)
}

fn inside(span: Span, literal: Span) -> bool {
    literal.start <= span.start && span.start <= span.end && span.end <= literal.end
}
