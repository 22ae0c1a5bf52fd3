//! Errors on standard error: the diagnostic with its caret, the first word in red where that is welcome.

use std::io::{self, IsTerminal, Write};

use crate::{args::Colour, error::Failure};

/// Writes the report of a failure. Nothing is left to be done when even that cannot be written.
pub(crate) fn print(failure: &Failure, colour: Colour) {
    let colour = colour.on(io::stderr().is_terminal());
    let _ = writeln!(io::stderr(), "{}", report(failure, colour));
}

/// `error: …` with, where it is known, the place in the source.
fn report(failure: &Failure, colour: bool) -> String {
    let diagnostic = failure.error.diagnostic();
    let text = match &failure.source {
        Some(source) => diagnostic.render(&source.text, source.name.as_deref()),
        None => diagnostic.render("", None),
    };
    if !colour {
        return text;
    }
    let paragraphs = text
        .split("\n\n")
        .map(|paragraph| match paragraph.split_once(':') {
            Some((severity, rest)) => format!("\x1b[1;31m{severity}\x1b[0m:{rest}"),
            None => paragraph.to_owned(),
        });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use helioql_grammar::{Diagnostic, Location, Span};

    use super::*;
    use crate::script::Source;

    #[test]
    fn a_report_points_at_the_source() {
        let span = Span::new(Location::new(2, 1), Location::new(2, 7));
        let error = Diagnostic::error("unknown command `.tabels`").with_span(span);
        let source = Source {
            name: Some("a.sql".to_owned()),
            text: "SELECT 1;\n.tabels".to_owned(),
        };
        let failure = Failure::within(source, error);
        let expected = "error: unknown command `.tabels`\n --> a.sql:2:1\n  |\n2 | .tabels\n  | ^^^^^^";
        assert_eq!(report(&failure, false), expected);
        assert!(report(&failure, true).starts_with("\x1b[1;31merror\x1b[0m: unknown"));
    }
}
