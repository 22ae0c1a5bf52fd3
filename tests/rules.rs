//! What each analyzer rule does: the plan before and after, and statements that it leaves unchanged, in a file of its
//! name in `tests/rules/`.
//!
//! A file has blocks between empty lines: a statement that ends with `;`, and what the rule does with it. `HELIOQL_BLESS=1`
//! writes what is found instead of comparing. A block that is a statement alone is run.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use helioql_tests::Bench;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What EXPLAIN VERBOSE says of a rule that changed nothing.
const UNCHANGED: &str = "SAME TEXT AS ABOVE";

#[test]
fn rules_do_what_their_files_say() -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files: Vec<_> = fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::path);
    for file in files {
        let path = file.path();
        let rule = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let said = fs::read_to_string(&path)?;
        let found = shown(&rule, &said)?;
        assert!(found.contains("\nafter\n"), "{rule}: a plan that it changes");
        assert!(
            found.contains("\nunchanged\n"),
            "{rule}: a plan that it leaves alone"
        );
        if std::env::var_os("HELIOQL_BLESS").is_some() {
            fs::write(&path, found)?;
        } else {
            assert_eq!(said, found, "{rule}");
        }
    }
    Ok(())
}

/// The file of `rule` with what it does today.
fn shown(rule: &str, file: &str) -> Outcome<String> {
    let bench = Bench::simulated()?;
    let mut blocks = Vec::new();
    for block in file.trim_end().split("\n\n") {
        let (head, plans) = block
            .split_once(";\n")
            .unwrap_or((block.trim_end_matches(';'), ""));
        let sql: Vec<&str> = head.lines().filter(|line| !line.starts_with('#')).collect();
        let sql = sql.join("\n");
        if plans.is_empty() {
            bench.rows(&sql)?;
            blocks.push(block.to_owned());
            continue;
        }
        let mut block = format!("{head};\n");
        match around(rule, &bench.rows(&format!("EXPLAIN VERBOSE {sql}"))?)? {
            (_, None) => block.push_str("unchanged\n"),
            (before, Some(after)) => write!(
                block,
                "before\n{}\nafter\n{}\n",
                indented(&before),
                indented(&after)
            )?,
        }
        blocks.push(block.trim_end().to_owned());
    }
    Ok(blocks.join("\n\n") + "\n")
}

/// The plan that `rule` was given, and the one that it made if that is another.
fn around(rule: &str, explained: &[Vec<String>]) -> Outcome<(String, Option<String>)> {
    let step = format!("logical_plan after {rule}");
    let mut before = String::new();
    for row in explained {
        let [name, plan] = row.as_slice() else {
            return Err(format!("EXPLAIN VERBOSE has two columns, found {row:?}").into());
        };
        let changed = (plan != UNCHANGED).then(|| plan.clone());
        if *name == step {
            return Ok((before, changed));
        }
        before = changed.unwrap_or(before);
    }
    Err(format!("no rule `{rule}` ran").into())
}

/// A plan as it stands in a file, without the middle of what is long: all columns of `sharps`.
fn indented(plan: &str) -> String {
    const LONGEST: usize = 300;
    let lines = plan.trim_end().lines().map(|line| {
        let line = format!("  {}", line.trim_end());
        let items: Vec<&str> = line.split(", ").collect();
        match items.as_slice() {
            [first, second, .., last] if line.len() > LONGEST => format!("{first}, {second}, …, {last}"),
            _ => line,
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
