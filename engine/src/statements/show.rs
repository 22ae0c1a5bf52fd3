//! `SHOW GENERATORS | ENCODERS | DIRECTIONS | KEYWORDS | FUNCTIONS`: the tables of the `system` schema.

use datafusion::dataframe::DataFrame;
use helioql_grammar::ast::Show;

use crate::{Result, session::Session};

pub(super) async fn execute(session: &Session, show: &Show) -> Result<DataFrame> {
    let table = match show {
        Show::Generators => "system.generators",
        Show::Encoders => "system.encoders",
        Show::Directions => "system.directions",
        Show::Keywords => "system.keywords",
        Show::Functions => "system.functions",
    };
    Ok(session.context().table(table).await?)
}
