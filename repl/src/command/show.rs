//! `.show [NUMBER or QUERY]`: draws a patch in the terminal; without an argument, the first patch of the last
//! result, with a number another one of them. An expression is a query too.

use super::{Command, Takes};
use crate::{
    error::{Error, Failure},
    exec::{Event, Flow},
    patches,
    render::magnetogram,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "show",
    arguments: "[NUMBER or QUERY]",
    takes: Takes::Query,
    summary: "draws a patch, such as `.show GENERATE(usflux => 1e22Mx, seed => 7)`",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let number = arguments.parse::<usize>().ok();
    if !arguments.is_empty() && number.is_none() {
        let mut found = Vec::new();
        shell.query(&query(arguments), |event| match event {
            Event::Schema(_) => Ok(()),
            Event::Rows(batch) => patches::keep(&mut found, &batch),
        })?;
        shell.kept = found;
    }
    let kept = match number {
        Some(number) => number.checked_sub(1).and_then(|index| shell.kept.get(index)),
        None => shell.kept.first(),
    };
    let kept = kept.ok_or_else(|| nothing(arguments, shell.kept.len()))?;
    let means = shell
        .means()
        .ok_or_else(|| Error::command("pictures are off; `.set images auto` draws them"))?;
    magnetogram::draw(kept, means, &shell.look(), &mut shell.out)?;
    shell.out.end_of_result()?;
    Ok(Flow::Continue)
}

/// A query as it is; anything else is an expression.
fn query(text: &str) -> String {
    let first = text
        .split(|letter: char| !letter.is_alphanumeric())
        .next()
        .unwrap_or_default();
    let is_query = ["SELECT", "WITH", "FROM", "VALUES"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word));
    if is_query {
        text.to_owned()
    } else {
        format!("SELECT {text}")
    }
}

fn nothing(arguments: &str, kept: usize) -> Error {
    if arguments.is_empty() || (kept == 0 && arguments.parse::<usize>().is_ok()) {
        Error::command("no result so far has a patch to show")
    } else if arguments.parse::<usize>().is_ok() {
        Error::command(format!(
            "a number from 1 to {kept} was expected, found {arguments}"
        ))
    } else {
        Error::command("a PATCH or a SAMPLE was expected, the result has none")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_queries() {
        assert_eq!(query("GENERATE(seed => 7)"), "SELECT GENERATE(seed => 7)");
        assert_eq!(query("select patch FROM sharps"), "select patch FROM sharps");
        assert_eq!(query("selection"), "SELECT selection");
    }
}
