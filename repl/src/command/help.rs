//! `.help [NAME]`: the commands and statements, or all that is known of one name: a meta-command, a
//! statement, a function or a keyword.

use std::io::{self, Write};

use helioql_catalog::keyword::{self, Keyword};
use helioql_grammar::{
    Diagnostic, closest,
    keywords::{STATEMENTS, Syntax},
};

use super::{COMMANDS, Command};
use crate::{
    error::{Error, Failure, Result},
    exec::{Event, Flow},
    render::value::cell,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "help",
    arguments: "[NAME]",
    summary: "lists commands, or explains a command, statement, function or keyword",
    action,
};

fn action(shell: &mut Shell, name: &str) -> Result<Flow, Failure> {
    if name.is_empty() {
        overview(&mut shell.out)?;
        return Ok(Flow::Continue);
    }
    let functions = functions(shell)?;
    let entries = entries(name, &functions);
    if entries.is_empty() {
        return Err(unknown(name, &functions).into());
    }
    writeln!(shell.out, "{}", entries.join("\n\n"))?;
    Ok(Flow::Continue)
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

/// A function's name and what there is to say of it.
struct Function {
    name: String,
    entry: String,
}

fn functions(shell: &mut Shell) -> Result<Vec<Function>, Failure> {
    let mut functions = Vec::new();
    shell.query(
        "SELECT name, arguments, kind, summary, example FROM system.functions",
        |event| {
            let Event::Rows(batch) = event else { return Ok(()) };
            for row in 0..batch.num_rows() {
                let text = |column: usize| cell(batch.schema().field(column), batch.column(column), row);
                let entry = format!(
                    "{}  ({})\n  {}\n  example: {}",
                    text(1)?,
                    text(2)?,
                    text(3)?,
                    text(4)?
                );
                functions.push(Function {
                    name: text(0)?,
                    entry,
                });
            }
            Ok(())
        },
    )?;
    Ok(functions)
}

/// Everything that answers to `name`.
fn entries(name: &str, functions: &[Function]) -> Vec<String> {
    let is = |other: &str| other.eq_ignore_ascii_case(name.trim_start_matches('.'));
    let commands = COMMANDS.iter().filter(|command| is(command.name)).map(command);
    let begins = |opening: &str| is(opening) || opening.split(' ').any(is);
    let statements = STATEMENTS
        .iter()
        .filter(|syntax| begins(syntax.opening))
        .map(statement);
    let calls = functions
        .iter()
        .filter(|function| is(&function.name))
        .map(|function| function.entry.clone());
    commands
        .chain(statements)
        .chain(calls)
        .chain(keyword::find(name).map(keyword))
        .collect()
}

fn command(command: &Command) -> String {
    format!(".{} {}\n  {}", command.name, command.arguments, command.summary)
}

fn statement(syntax: &Syntax) -> String {
    format!("{}\n  {}", syntax.form, syntax.summary)
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

fn unknown(name: &str, functions: &[Function]) -> Error {
    let names = COMMANDS
        .iter()
        .map(|command| command.name)
        .chain(functions.iter().map(|f| f.name.as_str()));
    let suggestion = closest(name, names.chain(STATEMENTS.iter().map(|syntax| syntax.opening)));
    Diagnostic::error(format!("there is no help on `{name}`"))
        .with_suggestion(suggestion)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_stands() {
        let functions = [Function {
            name: "nearest".into(),
            entry: "NEAREST(to)".into(),
        }];
        for (name, begins) in [
            ("mode", ".mode"),
            (".mode", ".mode"),
            ("import sharps", "IMPORT SHARPS"),
            ("NEAREST", "NEAREST"),
            ("USFLUX", "usflux [Mx]"),
        ] {
            let entries = entries(name, &functions);
            assert!(
                entries.iter().any(|entry| entry.starts_with(begins)),
                "{name}: {entries:?}"
            );
        }
        assert!(entries("nearst", &functions).is_empty());
        assert_eq!(
            unknown("nearst", &functions).diagnostic().hints,
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
