//! Statements that are deep or long: an answer or an error within seconds, never an abort. A stack that overflows
//! would take this whole process with it.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use helioql::Engine;
use helioql_tests::program::{self, helioql};

/// Far above what any of these needs (most end in milliseconds), far below what a user takes for a hang.
const PATIENCE: Duration = Duration::from_mins(1);

/// `depth` times `open`, then `core`, then as often `close`.
fn nested(depth: usize, open: &str, core: &str, close: &str) -> String {
    open.repeat(depth) + core + &close.repeat(depth)
}

fn list(length: usize, item: impl Fn(usize) -> String) -> String {
    (0..length).map(item).collect::<Vec<_>>().join(", ")
}

/// Every recursive construct of SQL, `depth` deep or long.
fn constructs(depth: usize) -> Vec<(&'static str, String)> {
    let deep = |open: &str, core: &str, close: &str| format!("SELECT {}", nested(depth, open, core, close));
    vec![
        ("parentheses", deep("(", "1", ")")),
        ("CASE", deep("CASE WHEN true THEN ", "1", " END")),
        ("CASE in ELSE", deep("CASE WHEN false THEN 0 ELSE ", "1", " END")),
        ("NOT", deep("NOT ", "true", "")),
        ("minus", deep("- ", "1", "")),
        ("calls", deep("abs(", "1", ")")),
        ("our calls", deep("USFLUX(", "1", ")")),
        ("lists", deep("[", "1", "]")),
        ("CAST", deep("CAST(", "1", " AS INT)")),
        ("casts", deep("", "1", "::INT")),
        ("subqueries", deep("(SELECT ", "1", ")")),
        ("EXISTS", deep("EXISTS (SELECT 1 WHERE ", "true", ")")),
        ("IN", deep("1 IN (", "1", ")")),
        ("periods", deep("a.", "a", "")),
        ("broken periods", deep("a.", "!", "")),
        ("indices", deep("", "a", "[1]")),
        ("broken CASE", deep("CASE WHEN 1 THEN ", "!", "")),
        ("broken CAST", deep("CAST(", "!", ")")),
        ("broken NOT", deep("NOT (", "!", ")")),
        ("broken ARRAY", deep("ARRAY[", "!", "]")),
        ("INTERVAL", deep("INTERVAL ", "'1 day'", "")),
        (
            "FROM",
            format!(
                "SELECT * FROM {}",
                nested(depth, "(SELECT * FROM ", "(SELECT 1)", ")")
            ),
        ),
        (
            "joins in parentheses",
            format!(
                "SELECT * FROM {}",
                nested(depth, "(sharps CROSS JOIN ", "sharps", ")")
            ),
        ),
        ("EXPLAIN", nested(depth, "EXPLAIN ", "SELECT 1", "")),
        ("WITH", nested(depth, "WITH a AS (", "SELECT 1", ") SELECT 1")),
        ("sums", deep("1 + ", "1", "")),
        ("AND", deep("true AND ", "true", "")),
        ("OR", deep("1 = 2 OR ", "true", "")),
        ("concatenations", deep("'a' || ", "'a'", "")),
        ("UNION", nested(depth, "SELECT 1 UNION ", "SELECT 1", "")),
        ("UNION ALL", nested(depth, "SELECT 1 UNION ALL ", "SELECT 1", "")),
        ("EXCEPT", nested(depth, "SELECT 1 EXCEPT ", "SELECT 1", "")),
        (
            "joins",
            format!(
                "SELECT 1 FROM (SELECT 1){}",
                " CROSS JOIN (SELECT 1)".repeat(depth)
            ),
        ),
        (
            "NEAREST",
            format!(
                "SELECT 1 FROM {}",
                nested(depth, "NEAREST(1, within => (SELECT * FROM ", "sharps", "))")
            ),
        ),
        (
            "types",
            format!("SELECT CAST(1 AS {})", nested(depth, "ARRAY<", "INT", ">")),
        ),
    ]
}

/// Statements that are long without being deep.
fn long() -> Vec<(&'static str, String)> {
    vec![
        (
            "100,000 tokens",
            format!("SELECT 1 IN ({})", list(50_000, |n| n.to_string())),
        ),
        (
            "IN of 10,000",
            format!(
                "SELECT harpnum FROM sharps WHERE harpnum IN ({})",
                list(10_000, |n| n.to_string())
            ),
        ),
        (
            "10,000 rows",
            format!("VALUES {}", list(10_000, |n| format!("({n})"))),
        ),
        (
            "1,000 columns",
            format!("SELECT {}", list(1_000, |n| format!("{n} AS c{n}"))),
        ),
        ("1 MB text", format!("SELECT length('{}')", "x".repeat(1 << 20))),
        ("1 MB number", format!("SELECT {}", "1".repeat(1 << 20))),
        ("1 MB name", format!("SELECT {}", "x".repeat(1 << 20))),
        ("1 MB comment", format!("SELECT 1 /* {} */", "x".repeat(1 << 20))),
        (
            "1,000 CTEs",
            format!(
                "WITH {} SELECT * FROM c999",
                list(1_000, |n| format!("c{n} AS (SELECT {n})"))
            ),
        ),
    ]
}

/// Runs a statement as an application does, on a worker of tokio with its ordinary stack.
fn runs(name: &str, sql: String) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name(name) // which is what an overflow tells
        .worker_threads(1)
        .enable_all()
        .build()?;
    let start = Instant::now();
    let outcome = runtime.block_on(async {
        let session = Engine::in_memory().session().await?;
        let task = tokio::spawn(async move {
            session
                .sql(&sql)
                .await?
                .collect()
                .await
                .map_err(helioql::Error::from)
        });
        Ok::<_, helioql::Error>(task.await)
    })?;
    // An error is as good as an answer, a panic is neither.
    if let Err(error) = outcome?
        && error.diagnostic().message.is_empty()
    {
        return Err(format!("{name}: an error that says nothing").into());
    }
    assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
    Ok(())
}

#[test]
fn what_is_much_too_deep_is_refused() -> Result<(), Box<dyn Error>> {
    for (name, sql) in constructs(10_000) {
        runs(name, sql)?;
    }
    Ok(())
}

/// Just below the limits is where a stack is most in danger.
#[test]
fn what_is_as_deep_as_can_be_is_planned() -> Result<(), Box<dyn Error>> {
    for depth in [12, 35, 45, 95, 199, 499, 990] {
        for (name, sql) in constructs(depth) {
            runs(name, sql)?;
        }
    }
    Ok(())
}

#[test]
fn what_is_long_is_answered() -> Result<(), Box<dyn Error>> {
    for (name, sql) in long() {
        runs(name, sql)?;
    }
    Ok(())
}

#[test]
fn the_program_survives_them_too() -> Result<(), Box<dyn Error>> {
    for (name, sql) in constructs(10_000).into_iter().chain(constructs(95)) {
        let outcome = program::run_with_input(&mut helioql(["-q", "-f", "-"]), &(sql + ";"))?;
        assert!(matches!(outcome.code, Some(0 | 1)), "{name}: {outcome:?}");
    }
    Ok(())
}
