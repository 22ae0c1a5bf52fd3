//! `DROP INDEX [IF EXISTS] name`.

use datafusion::dataframe::DataFrame;
use helioql_grammar::ast::DropIndex;

use super::{check_index::entry, facts};
use crate::{Result, changes, session::Session, tables};

pub(super) async fn execute(session: &Session, drop: &DropIndex) -> Result<DataFrame> {
    let name = &drop.name.value;
    match entry(session, &drop.name) {
        Ok(_) => {
            let mut change = changes::begin(session)?;
            let dropped = change.drop_index(name);
            change.commit()?;
            tables::register(session).await?;
            let outcome = if dropped { "dropped" } else { "there was none" };
            facts(session, [(format!("index {name}"), outcome.to_owned())])
        }
        Err(_) if drop.if_exists => facts(session, [(format!("index {name}"), "there was none".to_owned())]),
        Err(error) => Err(error),
    }
}
