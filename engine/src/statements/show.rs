//! `SHOW GENERATORS | ENCODERS | DIRECTIONS | INDEXES | KEYWORDS | FUNCTIONS | STATEMENTS | UNITS`: the tables of the `system`
//! schema, of those with pages of text the columns that fit a screen.

use datafusion::dataframe::DataFrame;
use helioql_grammar::ast::Show;

use crate::{Result, session::Session};

pub(super) async fn execute(session: &Session, show: &Show) -> Result<DataFrame> {
    let (table, columns): (&str, &[&str]) = match show {
        Show::Generators => ("system.generators", &[]),
        Show::Encoders => ("system.encoders", &[]),
        Show::Directions => ("system.directions", &[]),
        Show::Indexes => ("system.indexes", &[]),
        Show::Keywords => ("system.keywords", &[]),
        Show::Functions => (
            "system.functions",
            &["name", "kind", "arguments", "summary", "example"],
        ),
        Show::Statements => ("system.statements", &["name", "kind", "form", "summary"]),
        Show::Units => ("system.units", &[]),
    };
    let rows = session.context().table(table).await?;
    if columns.is_empty() {
        return Ok(rows);
    }
    Ok(rows.select_columns(columns)?)
}
