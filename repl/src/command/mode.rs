//! `.mode FORMAT`: the form of the results that follow, as `--format` sets it.

use clap::ValueEnum;

use super::Command;
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    render::Format,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "mode",
    arguments: "FORMAT",
    summary: "sets the form of results, as --format does",
    action,
};

fn action(shell: &mut Shell, name: &str) -> Result<Flow, Failure> {
    shell.view.format = Format::from_str(name, true).map_err(|_| unknown(name))?;
    Ok(Flow::Continue)
}

fn unknown(name: &str) -> Error {
    let formats: Vec<_> = Format::value_variants().iter().map(ToString::to_string).collect();
    Error::command(format!(
        "expected a format of {}; found `{name}`",
        formats.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_told_all_others() {
        let message = unknown("xml").to_string();
        for format in Format::value_variants() {
            assert!(message.contains(&format.to_string()), "{message}");
        }
    }
}
