//! Every statement of ours is read, written back and read again; everything else stays SQL.

use helioql_grammar::{Statement, StatementKind, parse};

fn only(source: &str) -> Statement {
    let mut statements = parse(source).unwrap_or_else(|error| panic!("{}", error.0.render(source, None)));
    assert_eq!(statements.len(), 1, "{source}");
    statements.remove(0)
}

/// The statement written back, which must be stable; `None` for SQL.
fn written(statement: &Statement) -> Option<String> {
    match &statement.kind {
        StatementKind::Sql(_) => None,
        own => Some(own.to_string()),
    }
}

#[test]
fn our_statements_are_read_and_written_back() {
    for (source, expected) in [
        ("import sharps from 'a/**/*.fits'", "IMPORT SHARPS FROM 'a/**/*.fits'"),
        (
            "IMPORT SHARPS FROM 'it''s.fits', 'b' INTO Mine WITH (Strict = TRUE, n = 3)",
            "IMPORT SHARPS FROM 'it''s.fits', 'b' INTO mine WITH (strict = true, n = 3)",
        ),
        (
            "IMPORT SHARPS FROM jsoc 'HMI.sharp_cea_720s[377][2011.02.15/1d][? noaa_ars = ''11158'' ?]' WITH (timeout = 5)",
            "IMPORT SHARPS FROM JSOC 'hmi.sharp_cea_720s[377][2011.02.15_00:00:00_TAI/1d][? noaa_ars = ''11158'' ?]' \
             WITH (timeout = 5)",
        ),
        (
            "export sharps to 'it''s here' with (Overwrite = TRUE) as from simulate(n => 3)",
            "EXPORT SHARPS TO 'it''s here' WITH (overwrite = true) AS from simulate(n => 3)",
        ),
        (
            "import generator G from 'it''s.ckpt' with (arch = 'dcgan', clip = 1kG)",
            "IMPORT GENERATOR g FROM 'it''s.ckpt' WITH (arch = 'dcgan', clip = 1kG)",
        ),
        (
            "IMPORT OR REPLACE ENCODER \"Look\" FROM 'e.safetensors'",
            "IMPORT OR REPLACE ENCODER \"Look\" FROM 'e.safetensors'",
        ),
        ("create generator Sun as select patch from sharps", "CREATE GENERATOR sun AS select patch from sharps"),
        (
            "CREATE OR REPLACE GENERATOR \"Sun\" WITH (arch = 'dcgan', lr = -2.5e-4, cell = 1.54Mm, hold = ['a', 'b'])
             AS (SELECT patch FROM sharps WHERE usflux > 1e22Mx)",
            "CREATE OR REPLACE GENERATOR \"Sun\" WITH (arch = 'dcgan', lr = -2.5e-4, cell = 1.54Mm, hold = ['a', 'b']) \
             AS (SELECT patch FROM sharps WHERE usflux > 1e22Mx)",
        ),
        ("CREATE ENCODER look AS TABLE patches", "CREATE ENCODER look AS TABLE patches"),
        (
            "CREATE DIRECTIONS FOR GENERATOR sun (usflux, PSEP) WITH (method = 'svm')",
            "CREATE DIRECTIONS FOR GENERATOR sun (usflux, psep) WITH (method = 'svm')",
        ),
        (
            "CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (r_value)",
            "CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (r_value)",
        ),
        (
            "evaluate generator Sun on ( SELECT f(patch) FROM (sharps) ) with (held_out = 'noaa_ar % 10 = 1', seed = 3)",
            "EVALUATE GENERATOR sun ON (SELECT f(patch) FROM (sharps)) WITH (held_out = 'noaa_ar % 10 = 1', seed = 3)",
        ),
        ("EVALUATE ENCODER look ON (TABLE sharps)", "EVALUATE ENCODER look ON (TABLE sharps)"),
        ("show generators", "SHOW GENERATORS"),
        ("SHOW Encoders", "SHOW ENCODERS"),
        ("SHOW DIRECTIONS", "SHOW DIRECTIONS"),
        ("SHOW KEYWORDS", "SHOW KEYWORDS"),
        ("SHOW FUNCTIONS", "SHOW FUNCTIONS"),
        ("DESC generator Sun", "DESCRIBE GENERATOR sun"),
        ("DESCRIBE ENCODER \"Look\"", "DESCRIBE ENCODER \"Look\""),
        ("DESCRIBE DIRECTIONS", "DESCRIBE DIRECTIONS"),
        ("DESCRIBE DIRECTIONS FOR GENERATOR sun", "DESCRIBE DIRECTIONS FOR GENERATOR sun"),
        ("DROP GENERATOR sun", "DROP GENERATOR sun"),
        ("DROP ENCODER IF EXISTS look", "DROP ENCODER IF EXISTS look"),
        ("DROP DIRECTIONS /* of */ sun", "DROP DIRECTIONS sun"),
    ] {
        let text = written(&only(source)).expect("a statement of ours");
        assert_eq!(text, expected);
        assert_eq!(written(&only(&text)).as_deref(), Some(expected), "reading it again changes nothing");
    }
}

#[test]
fn other_statements_stay_sql() {
    for source in [
        "SELECT 1",
        "(SELECT 1)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "CREATE TABLE generator (x INT)",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'x'",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "SHOW TABLES",
        "SHOW ALL",
        "SHOW COLUMNS FROM t",
        "SHOW FUNCTIONS LIKE 'a%'",
        "SHOW datafusion.execution.batch_size",
        "DESCRIBE sharps",
        "DESCRIBE generator",
        "DROP TABLE IF EXISTS directions",
        "COPY t TO 'x.parquet'",
        "EXPLAIN ANALYZE VERBOSE SELECT 1",
        "PREPARE p AS SELECT $1",
        "EXECUTE p(1)",
        "SET datafusion.execution.batch_size = 10",
        "TABLE sharps",
        "VALUES (1)",
    ] {
        assert!(matches!(only(source).kind, StatementKind::Sql(_)), "{source}");
    }
}

#[test]
fn a_query_keeps_its_text_and_has_its_literals_written_out() {
    let StatementKind::CreateGenerator(create) =
        only("CREATE GENERATOR g AS\n  SELECT patch FROM t -- all\n  WHERE usflux > 1e22Mx").kind
    else {
        panic!("CREATE GENERATOR");
    };
    assert_eq!(
        create.query_text,
        "SELECT patch FROM t -- all\n  WHERE usflux > 1e22Mx"
    );
    let sql: String = create.query.iter().map(ToString::to_string).collect();
    assert!(
        sql.ends_with("WHERE usflux > quantity(1e22,'Mx',3,18,24)"),
        "{sql}"
    );
}

#[test]
fn options_are_taken_by_type() {
    let StatementKind::ImportSharps(import) = only(
        "IMPORT SHARPS FROM 'x' WITH (a = 1.5, b = 18446744073709551615, c = 'text', d = false, e = [1Mm, 2], \
         f = -60Mm, g = ['x', 'y'], h = 3, i = [16, 2e4], j = [16, 1.5])",
    )
    .kind
    else {
        panic!("IMPORT SHARPS");
    };
    let mut options = import.options;
    assert_eq!(options.take_f64("a"), Ok(Some(1.5)));
    assert_eq!(options.take_u64("b"), Ok(Some(u64::MAX)));
    assert_eq!(options.take_string("c"), Ok(Some("text".to_owned())));
    assert_eq!(options.take_bool("d"), Ok(Some(false)));
    assert!(options.take("e").is_some());
    assert_eq!(
        options.take_quantity("f", helioql_grammar::Dimension::Length),
        Ok(Some(-60.0))
    );
    assert_eq!(
        options.take_strings("g"),
        Ok(Some(vec!["x".to_owned(), "y".to_owned()]))
    );
    assert_eq!(options.take_usizes("i"), Ok(Some(vec![16, 20_000])));
    let error = options.take_usizes("j").expect_err("a broken number is no count");
    assert_eq!(
        error.message,
        "option `j` takes a list of whole numbers such as [16, 24], found the list [16, 1.5]"
    );
    assert_eq!(options.take_usize("a"), Ok(None), "what is taken is gone");
    let error = options.take_string("h").expect_err("a number is no text");
    assert_eq!(
        error.message,
        "option `h` takes a text in quotes, found the number 3"
    );
    assert_eq!(options.finish(&[]), Ok(()));
}
