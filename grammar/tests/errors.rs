//! Every mistake in a statement: its message, the text it points at, and its first hint.

use helioql_grammar::{Diagnostic, LineIndex, parse};

fn mistake(source: &str) -> Diagnostic {
    match parse(source) {
        Ok(statements) => panic!("no mistake was found in {source}: {statements:?}"),
        Err(error) => error.0,
    }
}

#[test]
fn mistakes_are_named_and_pointed_at() {
    for (source, place, message, hint) in [
        (
            "IMPRT SHARPS FROM 'x'",
            "IMPRT",
            "unknown statement `IMPRT`",
            "did you mean `IMPORT`?",
        ),
        (
            "SELCT 1",
            "SELCT",
            "unknown statement `SELCT`",
            "did you mean `SELECT`?",
        ),
        ("banana", "banana", "unknown statement `banana`", ""),
        (
            "IMPORT SHARP FROM 'x'",
            "SHARP",
            "expected SHARPS, found `SHARP`",
            "did you mean `SHARPS`?",
        ),
        ("IMPORT SHARPS 'x'", "'x'", "expected FROM, found `'x'`", ""),
        (
            "IMPORT SHARPS FROM x",
            "x",
            "expected a path in single quotes such as 'data/*.fits', found `x`",
            "",
        ),
        (
            "IMPORT SHARPS FROM JSOC 377",
            "377",
            "expected a record set in single quotes such as 'hmi.sharp_cea_720s[377]', found `377`",
            "",
        ),
        (
            "IMPORT SHARPS FROM JSOC 'hmi.sharp_720[377]'",
            "hmi.sharp_720",
            "unknown series `hmi.sharp_720`",
            "did you mean `hmi.sharp_720s`?",
        ),
        (
            "IMPORT SHARPS FROM 'x' INTO",
            "",
            "expected the name of a table, found the end of the statement",
            "",
        ),
        (
            "IMPORT SHARPS FROM 'x' 5",
            "5",
            "expected the end of the statement, found `5`",
            "",
        ),
        (
            "IMPORT SHARPS FROM 'x' WITH a = 1",
            "a",
            "expected `(`, found `a`",
            "",
        ),
        (
            "IMPORT SHARPS FROM 'x' WITH (a => 1)",
            "=>",
            "expected `=`, found `=>`",
            "an option is written `name = value`",
        ),
        (
            "IMPORT SHARPS FROM 'x' WITH (a = dcgan)",
            "dcgan",
            "expected a number, a text, true, false or a list, found `dcgan`",
            "a text is written in single quotes: 'dcgan'",
        ),
        (
            "IMPORT SHARPS FROM 'x' WITH (a = 1, A = 2)",
            "A",
            "option `a` is given twice",
            "",
        ),
        (
            "IMPORT SHARPS FROM 'x' WITH (a = 1mx)",
            "mx",
            "unknown unit `mx`",
            "did you mean `1Mx`?",
        ),
        (
            "CREATE GENERATR g AS SELECT 1",
            "GENERATR",
            "CREATE does not know `GENERATR`",
            "did you mean `GENERATOR`?",
        ),
        (
            "CREATE GENERATOR AS SELECT 1",
            "SELECT",
            "expected AS, found `SELECT`",
            "",
        ),
        (
            "CREATE GENERATOR g SELECT 1",
            "SELECT",
            "expected AS, found `SELECT`",
            "",
        ),
        (
            "CREATE ENCODER g AS DROP x",
            "DROP",
            "expected a query, found `DROP`",
            "",
        ),
        (
            "CREATE ENCODER g AS",
            "",
            "expected a query, found the end of the statement",
            "",
        ),
        (
            "CREATE DIRECTIONS sun (usflux)",
            "sun",
            "expected FOR, found `sun`",
            "",
        ),
        (
            "CREATE DIRECTIONS FOR GENERATOR sun ()",
            ")",
            "expected a keyword such as usflux, found `)`",
            "",
        ),
        (
            "CREATE DIRECTIONS FOR GENERATOR sun (usflux, USFLUX)",
            "USFLUX",
            "keyword `usflux` is given twice",
            "",
        ),
        (
            "SHOW GENERATR",
            "GENERATR",
            "SHOW does not know `GENERATR`",
            "did you mean `GENERATORS`?",
        ),
        (
            "DESCRIBE ENCODR x",
            "ENCODR",
            "DESCRIBE does not know `ENCODR`",
            "did you mean `ENCODER`?",
        ),
        (
            "DROP DIRECTION x",
            "DIRECTION",
            "DROP does not know `DIRECTION`",
            "did you mean `DIRECTIONS`?",
        ),
        ("DROP GENERATOR IF sun", "sun", "expected EXISTS, found `sun`", ""),
        (
            "EXPLAIN IMPORT SHARPS FROM 'x'",
            "IMPORT",
            "EXPLAIN takes a query, found IMPORT SHARPS",
            "",
        ),
        (
            "EXPLAIN ANALYZE CREATE GENERATOR g AS SELECT 1",
            "CREATE",
            "EXPLAIN takes a query, found CREATE GENERATOR",
            "",
        ),
        (
            "EXPLAIN EXPLAIN SELECT 1",
            "EXPLAIN",
            "EXPLAIN takes a query, found EXPLAIN",
            "",
        ),
        ("SELECT 1;\nSELECT (1;", "(", "`(` is never closed", ""),
        ("SELECT 1; SELECT 'abc", "'", "unterminated string literal", ""),
        ("SELECT 12Gs", "Gs", "unknown unit `Gs`", "did you mean `12G`?"),
        (
            "SELECT T_REC '2011-02-15'",
            "'2011-02-15'",
            "expected a time such as `2011.02.15_02:00:00_TAI`, found `2011-02-15`",
            "",
        ),
    ] {
        let error = mistake(source);
        let span = error.span.expect("every mistake has a place");
        assert_eq!(error.message, message);
        assert_eq!(LineIndex::new(source).slice(span), place, "{source}");
        assert_eq!(error.hints.first().map_or("", String::as_str), hint, "{source}");
    }
}

#[test]
fn the_form_of_the_statement_is_shown() {
    assert_eq!(
        mistake("DROP GENERATOR").render("DROP GENERATOR", None),
        "\
error: expected the name of a generator, found the end of the statement
 --> line 1, column 15
  |
1 | DROP GENERATOR
  |               ^
note: the form is DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name"
    );
}

#[test]
fn places_count_in_the_whole_script() {
    let source = "SELECT 1;\n\nSHOW GENERATORS;\n  DROP ENCODR x;";
    assert_eq!(
        mistake(source).render(source, Some("script.sql")),
        "\
error: DROP does not know `ENCODR`
 --> script.sql:4:8
  |
4 |   DROP ENCODR x;
  |        ^^^^^^
hint: did you mean `ENCODER`?"
    );
}
