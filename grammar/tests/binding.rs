//! Calls bound in syntax trees that `sqlparser` made from our tokens.

use std::collections::BTreeMap;

use helioql_grammar::{
    Constant, Diagnostic, LineIndex, StatementKind, TokenWithSpan, bind_arguments, bind_calls,
    bind_placeholders, parse,
    sqlparser::{
        ast::{
            Expr, FunctionArg, FunctionArguments, SelectItem, SetExpr, Spanned, Statement, TableFactor,
            Visit, Visitor,
        },
        dialect::GenericDialect,
        parser::Parser,
    },
};

#[path = "../../tests/fuzz/signatures.rs"]
mod signatures;

use signatures::signatures;

fn tokens(source: &str) -> Vec<TokenWithSpan> {
    let statements = parse(source).unwrap_or_else(|error| panic!("{}", error.0.render(source, None)));
    let Some(StatementKind::Sql(tokens)) = statements.into_iter().next().map(|statement| statement.kind)
    else {
        panic!("{source} is not SQL");
    };
    tokens
}

fn statement(source: &str) -> Statement {
    parsed(tokens(source), source)
}

fn parsed(tokens: Vec<TokenWithSpan>, source: &str) -> Statement {
    Parser::new(&GenericDialect {})
        .with_tokens_with_locations(tokens)
        .parse_statement()
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn bound(source: &str) -> Result<String, Diagnostic> {
    let mut statement = statement(source);
    bind_calls(&mut statement, &signatures())?;
    Ok(statement.to_string())
}

#[test]
fn every_argument_that_is_wrong_is_told() {
    for (source, expected) in [
        (
            "SELECT GENERATE(usflx => 1e22Mx, seed => 'a', psep => 3G)",
            &[
                ("GENERATE has no argument `usflx`", 17),
                (
                    "argument `seed` of GENERATE takes a whole number, found `'a'`",
                    42,
                ),
                (
                    "argument `psep` of GENERATE takes a length, found a field strength, `3G`",
                    55,
                ),
            ][..],
        ),
        // What is missing can be told only where every other found its place.
        (
            "SELECT USFLUX(ptch => p, p2 => p)",
            &[
                ("USFLUX has no argument `ptch`", 15),
                ("USFLUX has no argument `p2`", 26),
            ],
        ),
        // Of many too many the first says it.
        (
            "SELECT USFLUX(p, p, p)",
            &[("USFLUX takes at most 1 positional argument, found 3", 18)],
        ),
    ] {
        let mistakes = bound(source).expect_err(source);
        let told: Vec<_> = mistakes
            .all()
            .map(|one| (one.message.as_str(), one.span.map_or(0, |span| span.start.column)))
            .collect();
        assert_eq!(told, expected, "{source}");
    }
}

#[test]
fn calls_become_positional_and_complete() {
    for (source, expected) in [
        (
            "SELECT GENERATE(usflux => 1e22Mx, seed => 7)",
            "SELECT GENERATE(1e22, NULL, 1, 7, 0.02, NULL) AS \"generate(usflux => 1e22Mx, seed => 7)\"",
        ),
        (
            "SELECT Generate() AS g",
            "SELECT Generate(NULL, NULL, 1, NULL, 0.02, NULL) AS g",
        ),
        (
            "SELECT STEER(s, usflux := 3e14Wb, hold => ['psep', 'r_value']) AS x FROM t",
            "SELECT STEER(s, 3e22, NULL, -1.5, ['psep', 'r_value']) AS x FROM t",
        ),
        (
            "SELECT USFLUX(GENERATE(psep => 2 * (60Mm + 5e4km), SEED => -1)) AS u",
            "SELECT USFLUX(GENERATE(NULL, 2 * (60.0 + 50.0), 1, -1, 0.02, NULL)) AS u",
        ),
        (
            "SELECT STEER((SELECT patch FROM t LIMIT 1), by => -2.5) AS x",
            "SELECT STEER((SELECT patch FROM t LIMIT 1), NULL, NULL, -2.5, NULL) AS x",
        ),
        (
            "SELECT USFLUX(T.Patch), a FROM T",
            "SELECT USFLUX(T.Patch) AS \"usflux(t.patch)\", a FROM T",
        ),
        (
            "SELECT a FROM t WHERE usflux(patch) > 1",
            "SELECT a FROM t WHERE usflux(patch) > 1",
        ),
        ("SELECT 60Mm", "SELECT quantity(60, 'Mm', 1, 8, 12) AS \"60Mm\""),
        ("SELECT count(*), sum(x) FROM t", "SELECT count(*), sum(x) FROM t"),
        (
            "SELECT * FROM NEAREST(GENERATE(usflux => 1e22Mx), k => 5)",
            "SELECT * FROM NEAREST(GENERATE(1e22, NULL, 1, NULL, 0.02, NULL), k => 5)",
        ),
        (
            "SELECT * FROM t CROSS JOIN LATERAL NEAREST(STEER(t.s), k => 5) AS n",
            "SELECT * FROM t CROSS JOIN LATERAL NEAREST(STEER(t.s, NULL, NULL, -1.5, NULL), k => 5) AS n",
        ),
        (
            "SELECT GENERATE(usflux => x, seed => $1) AS g FROM t",
            "SELECT GENERATE(x, NULL, 1, $1 * 1, 0.02, NULL) AS g FROM t",
        ),
        (
            "INSERT INTO t SELECT a FROM (SELECT USFLUX(p) FROM q) AS s ORDER BY USFLUX(p)",
            "INSERT INTO t SELECT a FROM (SELECT USFLUX(p) AS \"usflux(p)\" FROM q) AS s ORDER BY USFLUX(p)",
        ),
    ] {
        assert_eq!(bound(source).as_deref(), Ok(expected));
    }
}

#[test]
fn wrong_calls_are_named_and_pointed_at() {
    for (source, place, message, hint) in [
        (
            "SELECT GENERATE(usflx => 1e22Mx)",
            "usflx",
            "GENERATE has no argument `usflx`",
            "did you mean `usflux`?",
        ),
        (
            "SELECT GENERATE(usflux => 60Mm)",
            "60Mm",
            "argument `usflux` of GENERATE takes a flux, found a length, `60Mm`",
            "",
        ),
        (
            "SELECT GENERATE(usflux => -(2 * 60Mm))",
            "60Mm",
            "argument `usflux` of GENERATE takes a flux, found a length, `60Mm`",
            "",
        ),
        (
            "SELECT GENERATE(seed => 7Mx)",
            "7Mx",
            "argument `seed` of GENERATE takes a plain number, found a flux, `7Mx`",
            "",
        ),
        (
            "SELECT GENERATE(seed => 1, SEED => 2)",
            "SEED",
            "argument `seed` of GENERATE is given twice",
            "",
        ),
        ("SELECT STEER()", "STEER", "STEER needs argument `sample`", ""),
        (
            "SELECT STEER(usflux => 1Mx)",
            "STEER",
            "STEER needs argument `sample`",
            "",
        ),
        (
            "SELECT STEER(s, 1Mx)",
            "1Mx",
            "STEER takes at most 1 positional argument, found 2",
            "further arguments are named: `usflux => …`",
        ),
        (
            "SELECT STEER(by => 1, s)",
            "s",
            "expected a named argument of STEER, found a positional one",
            "",
        ),
        (
            "SELECT GENERATE(usflux = 1e22Mx)",
            "usflux = 1e22Mx",
            "expected `=>`, found `=`",
            "a named argument is written `usflux => 1e22Mx`",
        ),
        (
            "SELECT GENERATE(seed => 'seven')",
            "'seven'",
            "argument `seed` of GENERATE takes a whole number, found `'seven'`",
            "",
        ),
        (
            "SELECT GENERATE(n => 1.5)",
            "1.5",
            "argument `n` of GENERATE takes a whole number, found `1.5`",
            "",
        ),
        (
            "SELECT GENERATE(generator => 5)",
            "5",
            "argument `generator` of GENERATE takes a text in quotes, found `5`",
            "",
        ),
        (
            "SELECT STEER(s, hold => 'psep')",
            "'psep'",
            "argument `hold` of STEER takes a list such as ['psep', 'r_value'], found `'psep'`",
            "",
        ),
        (
            "SELECT * FROM NEAREST(GENERATE(sed => 7))",
            "sed",
            "GENERATE has no argument `sed`",
            "did you mean `seed`?",
        ),
    ] {
        let error = bound(source).expect_err(source);
        assert_eq!(error.message, message);
        let span = error.span.expect("every mistake has a place");
        assert_eq!(LineIndex::new(source).slice(span), place, "{source}");
        assert_eq!(error.hints.first().map_or("", String::as_str), hint, "{source}");
    }
}

#[test]
fn a_relation_binds_its_own_arguments() {
    let source = "SELECT * FROM NEAREST(p, EXACT => true)";
    let signatures = signatures();
    let values = bind_arguments(&relation_args(source), statement(source).span(), &signatures[2])
        .expect("a right call")
        .into_iter()
        .map(|value| value.map(|value| value.to_string()))
        .collect::<Vec<_>>();
    assert_eq!(
        values,
        ["p", "10", "'embedding'", "true"].map(|text| Some(text.to_owned()))
    );

    let source = "SELECT * FROM NEAREST(p, kk => 3)";
    let error = bind_arguments(&relation_args(source), statement(source).span(), &signatures[2])
        .expect_err("a wrong call");
    assert_eq!(
        error.render(source, None),
        "\
error: NEAREST has no argument `kk`
 --> line 1, column 26
  |
1 | SELECT * FROM NEAREST(p, kk => 3)
  |                          ^^ expected one of to, k, by, exact
hint: did you mean `k`?"
    );
}

/// The arguments of the table function in a statement's FROM.
fn relation_args(source: &str) -> Vec<FunctionArg> {
    struct Finder(Vec<FunctionArg>);
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> std::ops::ControlFlow<()> {
            if let TableFactor::Table { args: Some(args), .. } = factor {
                self.0.clone_from(&args.args);
            }
            std::ops::ControlFlow::Continue(())
        }
    }
    let mut finder = Finder(Vec::new());
    assert!(statement(source).visit(&mut finder).is_continue());
    finder.0
}

#[test]
fn placeholders_take_their_values() {
    let source = "SELECT $flux, $other, GENERATE(usflux => $flux) AS g FROM t LIMIT $k";
    let values = BTreeMap::from([
        (
            "flux".to_owned(),
            Constant::Quantity("1e14Wb".parse().expect("a flux")),
        ),
        ("k".to_owned(), Constant::Number("5".to_owned())),
    ]);
    let mut select = parsed(bind_placeholders(&tokens(source), &values), source);
    bind_calls(&mut select, &signatures()).expect("a right call");
    assert_eq!(
        select.to_string(),
        "SELECT quantity(100000000000000.0, 'Wb', 1, 8, 13) AS \"100000000000000.0Wb\", $other, \
         GENERATE(1e22, NULL, 1, NULL, 0.02, NULL) AS g FROM t LIMIT 5"
    );
}

#[test]
fn folded_numbers_keep_their_place() {
    let mut select = statement("SELECT GENERATE(usflux => 1e14Wb) AS g");
    bind_calls(&mut select, &signatures()).expect("a right call");
    let Statement::Query(query) = &select else {
        panic!("a query")
    };
    let SetExpr::Select(body) = query.body.as_ref() else {
        panic!("a select")
    };
    let SelectItem::ExprWithAlias {
        expr: Expr::Function(call),
        ..
    } = &body.projection[0]
    else {
        panic!("a call")
    };
    let FunctionArguments::List(list) = &call.args else {
        panic!("arguments")
    };
    let span = list.args[0].span();
    assert_eq!(
        (span.start.column, span.end.column),
        (27, 33),
        "the columns of 1e14Wb"
    );
}
