//! `engine/docs/reference.md`: the pages of the documentation, each with the answers to its examples.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use helioql::documentation::{Argument, Page};

use crate::{Bench, rows};

/// The chapters: their titles and the kinds of page that they hold.
const CHAPTERS: [(&str, &str); 4] = [
    ("Literals", "literal"),
    ("Functions", "scalar"),
    ("Functions in FROM", "in FROM"),
    ("Statements", "statement"),
];

/// The whole reference. Every example is run, each on a session of its own in a directory of its own, which becomes
/// the current one.
///
/// # Errors
/// When an example fails, or one that should be refused is not.
pub fn reference(pages: &[Page], command: &str) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "# HelioQL reference\n\n\
         Every function, statement and literal that HelioQL adds to SQL, as `.help NAME` shows it in the shell. Below an \
         example stands the answer to its last statement, over the two hundred simulated records of the tests; where the \
         shipped models change, so do answers that rest on them.\n\n\
         *This page is written by `{command}` from what stands beside the code, and a test fails where it is not what \
         that command would write.*\n"
    );
    for (title, kind) in CHAPTERS {
        write!(text, "\n## {title}\n\n")?;
        let chapter = || pages.iter().filter(|page| page.kind == kind);
        for page in chapter() {
            let heading = heading(page);
            let anchor = heading.to_lowercase().replace(' ', "-");
            writeln!(text, "- [{heading}](#{anchor}): {}", page.summary)?;
        }
        for page in chapter() {
            let scalar = pages
                .iter()
                .find(|other| other.kind == "scalar" && other.name == page.name);
            write_page(&mut text, page, scalar.filter(|_| kind == "in FROM"))?;
        }
        if kind == "literal" {
            units(&mut text)?;
        }
    }
    Ok(text)
}

/// The name as its heading has it; the two forms of a function need two.
fn heading(page: &Page) -> String {
    match page.kind {
        "in FROM" => format!("{} in FROM", page.name.to_uppercase()),
        _ => page.name.to_uppercase(),
    }
}

/// What a page in FROM shares with that of the `scalar` function is not told again.
fn write_page(text: &mut String, page: &Page, scalar: Option<&Page>) -> Result<(), Box<dyn Error>> {
    let form = match scalar {
        None => page.form.clone(),
        Some(_) => form_in_from(page, scalar),
    };
    write!(text, "\n### {}\n\n```text\n{form}\n```\n\n", heading(page))?;
    writeln!(text, "{}", sentence(&page.summary))?;
    if let Some(scalar) = scalar {
        let heading = heading(scalar);
        let anchor = heading.to_lowercase();
        write!(
            text,
            "\nWhat the call means, and its other arguments, are told at [{heading}](#{anchor}).\n"
        )?;
    }
    let of_its_own =
        |details: &&str| !details.is_empty() && scalar.is_none_or(|scalar| !scalar.details.contains(details));
    for paragraph in page.details.split("\n\n").filter(of_its_own) {
        write!(text, "\n{}\n", stopped(paragraph))?;
    }
    write_arguments(text, page, scalar)?;
    write!(text, "\n**Returns** {}\n", page.returns)?;
    for script in &page.examples {
        let answer = run(page, script).map_err(|error| format!("{}: {error}\n{script}", page.name))?;
        write!(text, "\n```sql\n{script};\n```\n\n```text\n{answer}```\n")?;
    }
    if !page.errors.is_empty() {
        text.push_str("\nRefused, for example:\n");
    }
    for script in &page.errors {
        match run(page, script) {
            Err(report) => write!(text, "\n```text\n{}\n```\n", report.trim_end())?,
            Ok(answer) => return Err(format!("{}: not refused: {script}\n{answer}", page.name).into()),
        }
    }
    Ok(())
}

/// The arguments that the scalar function does not have.
fn own<'p>(page: &'p Page, scalar: Option<&'p Page>) -> impl Iterator<Item = &'p Argument> {
    page.arguments.iter().filter(move |argument| {
        scalar.is_none_or(|scalar| scalar.arguments.iter().all(|other| other.name != argument.name))
    })
}

fn form_in_from(page: &Page, scalar: Option<&Page>) -> String {
    let own = own(page, scalar).map(|argument| {
        let default = argument.default.as_deref().unwrap_or("NULL");
        format!(", {} = {default}", argument.name)
    });
    format!("FROM {}(…{})", page.name, own.collect::<String>())
}

fn write_arguments(text: &mut String, page: &Page, scalar: Option<&Page>) -> Result<(), Box<dyn Error>> {
    if let Some(how) = page.by_position().filter(|_| scalar.is_none()) {
        write!(text, "\nArguments are given {how}.\n")?;
    }
    if own(page, scalar).next().is_some() {
        let name = if page.kind == "statement" {
            "option"
        } else {
            "argument"
        };
        write!(
            text,
            "\n| {name} | takes | unit | default | |\n|---|---|---|---|---|\n"
        )?;
    }
    for argument in own(page, scalar) {
        let Argument {
            name,
            takes,
            unit,
            summary,
            ..
        } = argument;
        let default = match argument.default.as_deref() {
            None => "must be given",
            Some("NULL") => "",
            Some(default) => default,
        };
        writeln!(text, "| `{name}` | {takes} | {unit} | {default} | {summary} |")?;
    }
    Ok(())
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    stopped(&format!("{}{}", first.unwrap_or_default(), letters.as_str()))
}

fn stopped(text: &str) -> String {
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{text}{stop}")
}

/// The table of units, as a query gives it.
fn units(text: &mut String) -> Result<(), Box<dyn Error>> {
    let bench = Bench::empty()?;
    text.push_str("\n### Units\n\n| unit | meaning | dimension | is |\n|---|---|---|---|\n");
    for row in bench.rows("SELECT symbol, meaning, dimension, in_base, base FROM system.units")? {
        let [symbol, meaning, dimension, in_base, base] = row.as_slice() else {
            return Err("system.units has five columns".into());
        };
        writeln!(
            text,
            "| `{symbol}` | {meaning} | {dimension} | {in_base} {base} |"
        )?;
    }
    Ok(())
}

/// The answer to the last statement of a script, or the report of the one that failed.
fn run(page: &Page, script: &str) -> Result<String, String> {
    let fail = |error: &dyn std::fmt::Display| error.to_string();
    let directory = scratch().map_err(|error| fail(&error))?;
    std::env::set_current_dir(directory.path()).map_err(|error| fail(&error))?;
    // An index is of a table on disk; all else is told faster in memory.
    let bench = if page.name.ends_with("INDEX") {
        Bench::stored()
    } else {
        Bench::simulated()
    };
    let bench = bench.map_err(|error| fail(&error))?;
    let statements = helioql_grammar::parse(script).map_err(|error| error.0.render(script, None))?;
    let mut answer = String::new();
    for statement in statements {
        let (schema, batches) = bench
            .batches(&statement.text)
            .map_err(|error| error.diagnostic().render(&statement.text, None))?;
        answer = rows::table(&schema, &batches).map_err(|error| fail(&error))?;
    }
    // The directory goes when this returns, and nothing should stand in it then.
    std::env::set_current_dir(env!("CARGO_MANIFEST_DIR")).map_err(|error| fail(&error))?;
    Ok(answer)
}

/// A directory with the files that examples read: a generator of PyTorch's and an encoder of ours.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let directory = tempfile::tempdir()?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (from, to) in [
        ("fixtures/lightning.ckpt", "gan.ckpt"),
        ("../engine/models/encoder-look.safetensors", "look.safetensors"),
    ] {
        fs::copy(tests.join(from), directory.path().join(to))?;
    }
    Ok(directory)
}
