//! `.help [NAME]`: the commands and statements, or all that is known of one name: a meta-command, a
//! statement, a function, a literal or a keyword.

use std::{
    io::{self, Write},
    sync::Arc,
};

use helioql::documentation::{Page, pages};
use helioql_catalog::keyword::{self, Keyword};
use helioql_grammar::{
    Diagnostic, closest,
    keywords::{STATEMENTS, Syntax},
};

use super::{COMMANDS, Command, Takes};
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    progress::Meter,
    settings::{SETTINGS, Setting},
    shell::Shell,
    tasks::Tasks,
};

pub(super) const COMMAND: Command = Command {
    name: "help",
    arguments: "[NAME]",
    takes: Takes::Topic,
    summary: "lists commands, or explains a command, statement, function or keyword",
    action,
};

fn action(shell: &mut Shell, name: &str) -> Result<Flow, Failure> {
    let pages = pages(&shell.session);
    shell.page();
    let explained = explain(&pages, name, &mut shell.out);
    shell.out.end_of_result()?;
    explained?;
    Ok(Flow::Continue)
}

/// `helioql help [NAME]`: the same without opening anything.
///
/// # Errors
/// When there is no help on `name`, and when the output cannot be written.
pub(crate) fn help_without_catalogue(name: &str, out: &mut dyn Write) -> Result<()> {
    let mut tasks = Tasks::new(Arc::new(Meter::new(false)), None)?;
    let session = tasks.run(|| (), async { helioql::Engine::in_memory().session().await })??;
    explain(&pages(&session), name, out)
}

fn explain(pages: &[Page], name: &str, out: &mut dyn Write) -> Result<()> {
    if name.is_empty() {
        return Ok(overview(out)?);
    }
    let entries = entries(name, pages);
    if entries.is_empty() {
        return Err(unknown(name, pages));
    }
    writeln!(out, "{}", entries.join("\n\n"))?;
    Ok(())
}

fn overview(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Commands, each on a line of its own:")?;
    for Command {
        name,
        arguments,
        summary,
        ..
    } in COMMANDS
    {
        writeln!(out, "  {:<30} {summary}", format!(".{name} {arguments}"))?;
    }
    writeln!(out, "\nStatements beside SQL's own, each ended by a semicolon:")?;
    for Syntax { opening, summary, .. } in STATEMENTS {
        writeln!(out, "  {opening:<30} {summary}")?;
    }
    writeln!(
        out,
        "\nSHOW FUNCTIONS and SHOW KEYWORDS list the names that `.help NAME` explains, as `.help NEAREST`."
    )
}

/// Everything that answers to `name`.
fn entries(name: &str, pages: &[Page]) -> Vec<String> {
    let is = |other: &str| other.eq_ignore_ascii_case(name.trim_start_matches('.'));
    let commands = COMMANDS.iter().filter(|command| is(command.name)).map(command);
    // `.help encoder` gives every statement on encoders.
    let answers = |page: &Page| is(&page.name) || page.name.split(' ').any(is);
    let pages = pages.iter().filter(|page| answers(page)).map(Page::to_string);
    commands
        .chain(pages)
        .chain(keyword::find(name).map(keyword))
        .collect()
}

fn command(command: &Command) -> String {
    let mut entry = format!(".{} {}\n  {}", command.name, command.arguments, command.summary);
    if command.takes == Takes::Setting {
        for Setting {
            name,
            summary,
            values,
            ..
        } in SETTINGS
        {
            let values = values().join(", ");
            entry.extend(["\n    ".to_owned(), format!("{name:<10} {summary}: {values}")]);
        }
    }
    entry
}

fn keyword(keyword: &Keyword) -> String {
    let Keyword {
        name,
        unit,
        summary,
        formula,
        reference,
        needs,
        ..
    } = keyword;
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" [{unit}]")
    };
    let mut entry = format!("{name}{unit}  (keyword)\n  {summary}");
    for (label, text) in [
        ("formula", *formula),
        ("needs", needs.as_str()),
        ("reference", *reference),
    ] {
        if !text.is_empty() {
            entry.extend(["\n  ", label, ": ", text]);
        }
    }
    entry
}

fn unknown(name: &str, pages: &[Page]) -> Error {
    let names = COMMANDS
        .iter()
        .map(|command| command.name)
        .chain(pages.iter().map(|page| page.name.as_str()))
        .chain(helioql_catalog::KEYWORDS.iter().map(|keyword| keyword.name));
    Diagnostic::error(format!("there is no help on `{name}`"))
        .with_suggestion(closest(name, names))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with nothing on it.
    fn page(name: &str, form: &str) -> Page {
        Page {
            name: name.into(),
            kind: "statement",
            form: form.into(),
            summary: "something".into(),
            details: String::new(),
            arguments: Vec::new(),
            returns: "nothing".into(),
            examples: Vec::new(),
            errors: Vec::new(),
        }
    }

    #[test]
    fn a_name_is_found_wherever_it_stands() {
        let pages = [
            page("nearest", "nearest(to)"),
            page("IMPORT SHARPS", "IMPORT SHARPS FROM 'files'"),
        ];
        for (name, begins) in [
            ("mode", ".mode"),
            (".mode", ".mode"),
            ("import sharps", "IMPORT SHARPS"),
            ("sharps", "IMPORT SHARPS"),
            ("NEAREST", "nearest(to)  (statement)\n  something"),
            ("USFLUX", "usflux [Mx]"),
        ] {
            let entries = entries(name, &pages);
            assert!(
                entries.iter().any(|entry| entry.starts_with(begins)),
                "{name}: {entries:?}"
            );
        }
        assert!(entries("nearst", &pages).is_empty());
        assert_eq!(
            unknown("nearst", &pages).diagnostic().hints,
            ["did you mean `nearest`?"]
        );
    }

    #[test]
    fn the_overview_names_every_command_and_statement() {
        let mut out = Vec::new();
        overview(&mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text");
        assert!(
            COMMANDS
                .iter()
                .all(|command| text.contains(&format!("  .{} ", command.name))),
            "{text}"
        );
        assert!(
            STATEMENTS.iter().all(|syntax| text.contains(syntax.opening)),
            "{text}"
        );
    }
}
