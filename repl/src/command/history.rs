//! `.history [TEXT]`: what was typed at the prompt, the oldest first, as a script: `.once session.sql` before it
//! keeps it.

use std::io::Write;

use super::{Command, Takes};
use crate::{error::Failure, exec::Flow, shell::Shell};

pub(super) const COMMAND: Command = Command {
    name: "history",
    arguments: "[TEXT]",
    takes: Takes::Nothing,
    summary: "prints what was typed, as a script",
    action,
};

fn action(shell: &mut Shell, text: &str) -> Result<Flow, Failure> {
    shell.page();
    // The last is this command.
    let earlier = shell.typed.len().saturating_sub(1);
    for entry in shell.typed.iter().take(earlier).filter(|entry| has(entry, text)) {
        writeln!(shell.out, "{entry}")?;
    }
    shell.out.end_of_result()?;
    Ok(Flow::Continue)
}

fn has(entry: &str, text: &str) -> bool {
    entry.to_lowercase().contains(&text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_its_case() {
        assert!(has("SELECT usflux\nFROM sharps;", "USFLUX"));
        assert!(has("SELECT 1;", ""));
        assert!(!has("SELECT 1;", "sharps"));
    }
}
