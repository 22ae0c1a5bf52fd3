//! The tables that a session starts with: those of the catalogue, an empty `sharps` where there is none,
//! and the schema [`system`].

pub(crate) mod indexes;
pub(crate) mod rows;
pub(crate) mod sharps;
pub(crate) mod stored;
pub(crate) mod system;

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    datasource::{MemTable, TableProvider},
    execution::context::SessionContext,
};
use helioql_grammar::{Diagnostic, Ident, TokenWithSpan, sqlparser::tokenizer::Token};

use self::stored::{Commit, StoredTable};
use crate::{Result, session::Session};

/// Registers every table in `session`, again after a statement has changed them.
pub(crate) async fn register(session: &Session) -> Result<()> {
    follow(session).await?;
    let context = session.context();
    if !context.table_exist(sharps::SHARPS)? {
        let schema = sharps::schema(session.models())?;
        context.register_table(sharps::SHARPS, Arc::new(MemTable::try_new(schema, vec![vec![]])?))?;
    }
    Ok(())
}

/// Registers the tables of the catalogue's last commit, which another session or process may have made.
pub(crate) async fn follow(session: &Session) -> Result<()> {
    let Some(catalogue) = session.engine().catalogue() else {
        return Ok(());
    };
    catalogue.refresh()?;
    if session.follows(catalogue.generation()) {
        return Ok(());
    }
    let snapshot = Arc::new(catalogue.snapshot()?);
    let (context, shelf) = (session.context(), session.models().shelf());
    let entries = snapshot.tables();
    for entry in &entries {
        let known = stored(session, &entry.name).await?;
        let known = known
            .as_ref()
            .and_then(|table| table.downcast_ref::<StoredTable>());
        if let Some(known) = known
            && known.follow(context, shelf, &snapshot, entry)?
        {
            continue;
        }
        let table = StoredTable::open(context, shelf, &snapshot, entry)?;
        // In the place of another commit's, and of a view or a table in memory, which would hide it.
        context.deregister_table(entry.name.as_str())?;
        context.register_table(entry.name.as_str(), Arc::new(table))?;
    }
    for name in names(context) {
        let is_there = entries.iter().any(|entry| entry.name == name);
        if !is_there && stored(session, &name).await?.is_some() {
            context.deregister_table(name.as_str())?;
        }
    }
    session.engine().indexes().retain(&snapshot.indexes());
    session.follow(snapshot.generation());
    Ok(())
}

/// The table `name`, if it is one of the catalogue's.
pub(crate) async fn stored(session: &Session, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let context = session.context();
    if !context.table_exist(name)? {
        return Ok(None);
    }
    let provider = context.table_provider(name).await?;
    Ok(provider
        .downcast_ref::<StoredTable>()
        .is_some()
        .then_some(provider))
}

/// The last commit of the table `name`, if it is one of the catalogue's.
pub(crate) async fn commit(session: &Session, name: &str) -> Result<Option<Arc<Commit>>> {
    let provider = stored(session, name).await?;
    let table = provider
        .as_ref()
        .and_then(|table| table.downcast_ref::<StoredTable>());
    Ok(table.map(StoredTable::now))
}

/// Refuses the tables of the catalogue that `tokens` name and whose files are not what was written, as what these say of their
/// columns may be wrong. Who asks for their rows is refused without this.
pub(crate) async fn compare(session: &Session, tokens: &[TokenWithSpan]) -> Result<()> {
    let flag = session.models().cancel_handle().last();
    let words = tokens.iter().filter_map(|token| match &token.token {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    });
    // What NEAREST is asked of without a word.
    let named: BTreeSet<String> = words.chain([sharps::SHARPS.to_owned()]).collect();
    for name in named {
        if let Some(commit) = commit(session, &name).await? {
            commit.compare(flag.clone()).await?;
        }
    }
    Ok(())
}

/// Refuses the name of a table that is not there.
pub(crate) fn expect(context: &SessionContext, name: &Ident) -> Result<()> {
    let known = names(context);
    if known.contains(&name.value) {
        return Ok(());
    }
    let closest = helioql_grammar::closest(&name.value, known.iter().map(String::as_str));
    Err(Diagnostic::error(format!("unknown table `{}`", name.value))
        .with_span(name.span)
        .with_suggestion(closest)
        .into())
}

/// The tables and views outside of the schema `system`.
pub(crate) fn names(context: &SessionContext) -> Vec<String> {
    let state = context.state();
    let options = &state.config_options().catalog;
    let schema = context
        .catalog(&options.default_catalog)
        .and_then(|catalog| catalog.schema(&options.default_schema));
    schema.map(|schema| schema.table_names()).unwrap_or_default()
}
