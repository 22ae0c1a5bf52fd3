//! `.show [EXPRESSION or QUERY]`: draws a patch in the terminal; without an argument, the first patch of
//! the last result.

use super::Command;
use crate::{
    error::{Error, Failure, Result},
    exec::{Event, Flow},
    patches,
    render::magnetogram,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "show",
    arguments: "[EXPRESSION or QUERY]",
    summary: "draws a patch, such as `.show GENERATE(usflux => 1e22Mx, seed => 7)`",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    if !arguments.is_empty() {
        let mut found = Vec::new();
        shell.query(&query(arguments), |event| match event {
            Event::Schema(_) => Ok(()),
            Event::Rows(batch) => patches::keep(&mut found, &batch),
        })?;
        shell.patches = found;
    }
    let patch = shell.patches.first().ok_or_else(|| nothing(arguments))?;
    magnetogram::draw(patch, &shell.view, &mut shell.out)?;
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

fn nothing(arguments: &str) -> Error {
    if arguments.is_empty() {
        Error::command("no result so far has a patch to show")
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
