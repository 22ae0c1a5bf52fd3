//! No text makes any public entry panic, overflow the stack, or run away.

use helioql_grammar::{Location, Quantity, Span, TRec, closest, from_sql_error, parse, sql_error};
use proptest::prelude::*;

#[path = "../../tests/fuzz/checks/parse.rs"]
mod check;

/// Pieces that our statements, our literals and SQL are made of.
const PIECES: &[&str] = &[
    "IMPORT",
    "SHARPS",
    "FROM",
    "INTO",
    "CREATE",
    "OR",
    "REPLACE",
    "GENERATOR",
    "ENCODER",
    "DIRECTIONS",
    "FOR",
    "WITH",
    "AS",
    "SELECT",
    "SHOW",
    "KEYWORDS",
    "DESCRIBE",
    "DROP",
    "IF",
    "EXISTS",
    "EXPLAIN",
    "ANALYZE",
    "QUANTITY",
    "T_REC",
    "GENERATE",
    "STEER",
    "NEAREST",
    "JSOC",
    "RECORDSET(",
    "'hmi.sharp_720s[377][2011.02.15/1d]'",
    "usflux",
    "seed",
    "sharps",
    "patch",
    "1e22Mx",
    "60Mm",
    "12Gs",
    "1e",
    "0x1F",
    "7L",
    "1.",
    ".5",
    "'1 Mx'",
    "'2011.02.15_02:00:00_TAI'",
    "'",
    "\"",
    "`",
    "$",
    "$flux",
    "$$",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "=",
    "=>",
    ":=",
    "::",
    "->",
    "<->",
    "<=>",
    "+",
    "-",
    "*",
    "/",
    "NOT",
    "AND",
    "UNION",
    "CASE",
    "WHEN",
    "END",
    "LATERAL",
    "/*",
    "*/",
    "/*!",
    "--",
    "\n",
    "\t",
    "\r",
    "Φ",
    "太陽",
    "\u{0}",
    "e'\\",
    "U&'",
    "x'",
    "q'",
    "@",
    "#",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec((prop::sample::select(PIECES), prop::bool::weighted(0.7)), 0..40).prop_map(
        |pieces| {
            pieces
                .into_iter()
                .map(|(piece, space)| {
                    if space {
                        format!("{piece} ")
                    } else {
                        piece.to_owned()
                    }
                })
                .collect()
        },
    )
}

/// A statement of the right outer shape, so that binding is reached often.
fn call() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12)
        .prop_map(|pieces| format!("SELECT GENERATE({}) FROM NEAREST({0})", pieces.join(" ")))
}

/// Sends a text through everything that takes one.
fn run(source: &str) {
    let _ = source.parse::<Quantity>();
    let _ = source.parse::<TRec>();
    let _ = closest(source, PIECES.iter().copied());
    let _ = sql_error(source, source).render(source, None);
    for statement in parse(source).unwrap_or_default() {
        assert!(
            source.contains(&statement.text) || source.contains("/*!"),
            "{source:?}: {:?}",
            statement.text
        );
    }
    check::check(source);
}

proptest! {
    #[test]
    fn on_any_text(source in any::<String>()) {
        run(&source);
    }

    #[test]
    fn on_any_mixture_of_tokens(source in soup()) {
        run(&source);
    }

    #[test]
    fn on_any_arguments(source in call()) {
        run(&source);
    }

    #[test]
    fn on_any_place(source in any::<String>(), line: u64, column: u64, to_line: u64, to_column: u64) {
        for (line, column, to_line, to_column) in
            [(line, column, to_line, to_column), (1 + line % 3, column % 9, 1 + to_line % 3, to_column % 9)]
        {
            let span = Span::new(Location::new(line, column), Location::new(to_line, to_column));
            let text = from_sql_error("x").with_span(span).with_label("y").render(&source, None);
            prop_assert!(text.starts_with("error: x"));
        }
    }
}

#[test]
fn on_deep_or_long_texts() {
    for source in [
        "(".repeat(100_000),
        "/*".repeat(100_000),
        "/*!".repeat(100_000),
        "[".repeat(100_000) + &"]".repeat(100_000),
        "SELECT ".to_owned() + &"1+".repeat(100_000) + "1",
        "SELECT ".to_owned() + &"-".repeat(100_000).replace("--", "- -") + "1",
        "SELECT ".to_owned() + &"NOT ".repeat(100_000) + "1",
        "SELECT x".to_owned() + &"::INT".repeat(100_000),
        "SELECT x::INT".to_owned() + &"[]".repeat(100_000),
        "EXPLAIN ".repeat(100_000),
        "SELECT ".to_owned() + &"CASE ".repeat(100_000),
        "SELECT ".to_owned() + &"INTERVAL ".repeat(100_000) + "'1 day'",
        "SELECT 1 WHERE ".to_owned() + &"a.".repeat(26) + "!",
        "SELECT 1 UNION ".repeat(100_000),
        "SELECT ".to_owned() + &"f(".repeat(90) + "1" + &")".repeat(90),
        "SELECT ".to_owned() + &"GENERATE(usflux => ".repeat(30) + "1" + &")".repeat(30),
        ";".repeat(100_000),
        "SELECT 1;".repeat(20_000),
    ] {
        run(&source);
    }
}
