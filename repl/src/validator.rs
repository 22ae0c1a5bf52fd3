//! When the prompt asks for another line: until a statement is complete, as the grammar judges it.

use helioql_grammar::is_complete;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};

/// Accepts complete statements and meta-commands.
#[derive(Debug, Default)]
pub(crate) struct StatementValidator;

impl Validator for StatementValidator {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let complete = can_run(context.input());
        Ok(if complete {
            ValidationResult::Valid(None)
        } else {
            ValidationResult::Incomplete
        })
    }
}

fn can_run(input: &str) -> bool {
    input.trim_start().starts_with('.') || is_complete(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_one_line_and_a_statement_ends_with_a_semicolon() {
        for (input, complete) in [
            ("", true),
            (".show GENERATE(", true),
            ("SELECT 1", false),
            ("SELECT\n1;", true),
        ] {
            assert_eq!(can_run(input), complete, "{input:?}");
        }
    }
}
