//! What lists have in common: each is a query, so that it has every format and goes wherever results go, and a
//! text behind its name keeps the rows whose name has it.

use crate::{error::Failure, exec::Flow, shell::Shell};

/// Shows the rows of `query` whose `name` contains `text`.
pub(super) fn list(shell: &mut Shell, query: &str, text: &str) -> Result<Flow, Failure> {
    shell.show_query(&filtered(query, text))?;
    Ok(Flow::Continue)
}

fn filtered(query: &str, text: &str) -> String {
    if text.is_empty() {
        return query.to_owned();
    }
    let text = text.to_lowercase().replace('\'', "''");
    format!("SELECT * FROM ({query}) WHERE strpos(lower(name), '{text}') > 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_text() {
        assert_eq!(filtered("SELECT 1", ""), "SELECT 1");
        assert_eq!(
            filtered("SELECT name FROM t", "It's_%"),
            "SELECT * FROM (SELECT name FROM t) WHERE strpos(lower(name), 'it''s_%') > 0"
        );
    }
}
