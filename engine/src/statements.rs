//! The statements that SQL lacks, one file each, named as in the grammar.

mod check_catalog;
mod check_index;
mod create_directions;
mod create_encoder;
mod create_generator;
mod create_index;
mod describe;
mod drop_index;
mod drop_model;
pub(crate) mod evaluate;
pub(crate) mod explain;
mod export_sharps;
mod import_encoder;
mod import_generator;
mod import_model;
pub(crate) mod import_sharps;
mod rename_table;
mod show;
mod training_set;
mod vacuum;

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::dataframe::DataFrame;
use helioql_grammar::StatementKind;

use crate::{Error, Result, session::Session};

/// Runs one of our statements; `text` is kept with the models that it makes.
pub(crate) async fn execute(session: &Session, statement: &StatementKind, text: &str) -> Result<DataFrame> {
    match statement {
        StatementKind::Sql(tokens) => session.query(tokens).await,
        StatementKind::ImportSharps(import) => import_sharps::execute(session, import).await,
        StatementKind::ExportSharps(export) => export_sharps::execute(session, export).await,
        StatementKind::ImportGenerator(import) => import_generator::execute(session, import, text).await,
        StatementKind::ImportEncoder(import) => import_encoder::execute(session, import, text).await,
        StatementKind::CreateGenerator(create) => create_generator::execute(session, create, text).await,
        StatementKind::CreateEncoder(create) => create_encoder::execute(session, create, text).await,
        StatementKind::CreateDirections(create) => create_directions::execute(session, create, text).await,
        StatementKind::CreateIndex(create) => create_index::execute(session, create, text).await,
        StatementKind::Evaluate(statement) => evaluate::execute(session, statement, text).await,
        StatementKind::Explain(explain) => explain::execute(session, explain).await,
        StatementKind::Show(show) => show::execute(session, show).await,
        StatementKind::Describe(describe) => describe::execute(session, describe),
        StatementKind::Drop(drop) => drop_model::execute(session, drop),
        StatementKind::RenameTable(rename) => rename_table::execute(session, rename).await,
        StatementKind::Vacuum(vacuum) => vacuum::execute(session, vacuum).await,
        StatementKind::CheckCatalog => check_catalog::execute(session).await,
        StatementKind::CheckIndex(check) => check_index::execute(session, check).await,
        StatementKind::DropIndex(drop) => drop_index::execute(session, drop).await,
    }
}

/// Runs work that keeps a core busy for long beside the runtime's own threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(join) if join.is_cancelled() => Err(Error::Cancelled),
        Err(join) => Err(Error::Unsupported(format!("internal: {join}; please report it"))),
    }
}

/// The answer of a statement: one batch as a frame.
fn answer(session: &Session, batch: RecordBatch) -> Result<DataFrame> {
    Ok(session.context().read_batch(batch)?)
}

/// An answer of facts, one a row.
fn facts(session: &Session, facts: impl IntoIterator<Item = (String, String)>) -> Result<DataFrame> {
    let (names, values): (Vec<_>, Vec<_>) = facts.into_iter().unzip();
    let schema = Schema::new(vec![
        Field::new("fact", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(names)),
        Arc::new(StringArray::from(values)),
    ];
    answer(session, RecordBatch::try_new(Arc::new(schema), columns)?)
}

/// Refuses to write over a model unless it was asked for; `verb` is what the statement begins with.
fn check_new(
    session: &Session,
    verb: &str,
    kind: helioql_catalog::ModelKind,
    name: &helioql_grammar::Ident,
    or_replace: bool,
) -> Result<()> {
    // Before hours of training, and before the name becomes part of a path.
    helioql_catalog::check_name(&name.value, "a model")?;
    let exists = session
        .models()
        .store()
        .names(kind)
        .iter()
        .any(|(known, origin)| *known == name.value.to_lowercase() && *origin != "shipped");
    if exists && !or_replace {
        return Err(helioql_grammar::Diagnostic::error(format!(
            "{} `{}` exists already",
            crate::models::kind_name(kind),
            name.value
        ))
        .with_span(name.span)
        .with_hint(format!("{verb} OR REPLACE puts a new one in its place"))
        .into());
    }
    Ok(())
}
