//! `CREATE [OR REPLACE] INDEX [IF NOT EXISTS] name ON table USING HNSW (column) [WITH (…)]`: reads the vectors of the
//! table, builds their graph, and commits both. The writer's lock is held for the commit alone.

use std::{sync::Arc, time::Instant};

use arrow::datatypes::DataType;
use datafusion::dataframe::DataFrame;
use helioql_catalog::IndexConfig;
use helioql_grammar::{Diagnostic, ast::CreateIndex};

use super::{blocking, facts};
use crate::{
    Error, Result, changes,
    index::{self, Settings},
    memory::Memory,
    session::Session,
    tables::{self, stored::Commit},
    types::encoder_of,
};

pub(super) async fn execute(session: &Session, create: &CreateIndex, text: &str) -> Result<DataFrame> {
    let settings = Settings::read(create.options.clone())?;
    let name = create.name.value.clone();
    helioql_catalog::check_name(&name, "an index")?;
    let commit = stored_table(session, create).await?;
    let known = commit.snapshot.indexes();
    if known.iter().any(|entry| entry.name == name) && !create.or_replace {
        if create.if_not_exists {
            return facts(
                session,
                [(format!("index {name}"), "was there already".to_owned())],
            );
        }
        return Err(Diagnostic::error(format!("the index `{name}` exists already"))
            .with_span(create.name.span)
            .with_hint("CREATE OR REPLACE INDEX puts a new one in its place")
            .into());
    }
    let (dimension, encoder) = column(&commit, create)?;
    let catalogue = changes::check(session)?.clone();

    // All that it will take, before the first row is read.
    let rows = commit.rows.len(0..commit.rows.files());
    let bytes = index::bytes_needed(&settings, rows, dimension);
    let memory = Memory::of(
        session,
        "index",
        "storage = 'i8' and a smaller connectivity need less",
    );
    memory
        .grow(
            bytes,
            format_args!("an index of {rows} vectors of {dimension} numbers"),
        )
        .map_err(|diagnostic| diagnostic.with_span(create.name.span))?;

    let models = session.models().for_last_statement();
    let config = IndexConfig {
        column: create.column.value.clone(),
        encoder,
        statement: text.to_owned(),
        ..IndexConfig::default()
    };
    let start = Instant::now();
    let kept = name.clone();
    let report = blocking(move || {
        let all = 0..commit.rows.files();
        let column = commit.rows.schema().index_of(&config.column)?;
        let vectors = commit.rows.read_vectors(column, all, &models)?;
        let built = index::build(settings, vectors, &models)?;
        let files = commit.snapshot.table_files(&commit.name)?;
        let mut change = catalogue.begin()?;
        index::store::put(&mut change, &kept, &commit.name, files, config, &built)?;
        change.commit()?;
        Ok([
            ("rows".to_owned(), built.vectors.len().to_string()),
            (
                "left out".to_owned(),
                (built.vectors.len() - built.graph.len()).to_string(),
            ),
            ("bytes in memory".to_owned(), built.bytes().to_string()),
        ])
    })
    .await?;
    drop(memory);
    tables::register(session).await?;
    let mut report = report.to_vec();
    report.push((
        "seconds".to_owned(),
        format!("{:.2}", start.elapsed().as_secs_f64()),
    ));
    facts(session, report)
}

/// The table, which must be one of the catalogue on disk.
async fn stored_table(session: &Session, create: &CreateIndex) -> Result<Arc<Commit>> {
    tables::expect(session.context(), &create.table)?;
    let name = &create.table.value;
    tables::commit(session, name).await?.ok_or_else(|| {
        Diagnostic::error(format!("`{name}` is not a table of a catalogue on disk"))
            .with_span(create.table.span)
            .with_note("an index is kept in files beside those of its table; in memory all rows are compared")
            .into()
    })
}

/// The length of the vectors in the column, and the encoder that made them.
fn column(commit: &Commit, create: &CreateIndex) -> Result<(usize, Option<String>)> {
    let (schema, name) = (commit.rows.schema(), &create.column.value);
    let vectors = || {
        let fields = schema.fields().iter();
        fields.filter(|field| matches!(field.data_type(), DataType::FixedSizeList(item, _) if *item.data_type() == DataType::Float32))
    };
    let Ok(field) = schema.field_with_name(name) else {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        return Err(
            Diagnostic::error(format!("`{}` has no column `{name}`", commit.name))
                .with_span(create.column.span)
                .with_suggestion(helioql_grammar::closest(name, names))
                .into(),
        );
    };
    if !vectors().any(|vector| vector.name() == name) {
        let known: Vec<_> = vectors().map(|field| field.name().as_str()).collect();
        let error = Diagnostic::error(format!(
            "the column `{name}` is not one of vectors but {}",
            field.data_type()
        ))
        .with_span(create.column.span);
        return Err(match known.as_slice() {
            [] => error,
            known => error.with_label(format!("expected {}", known.join(" or "))),
        }
        .into());
    }
    let DataType::FixedSizeList(_, dimension) = field.data_type() else {
        return Err(Error::Unsupported(
            "internal: a vector without a length".to_owned(),
        ));
    };
    Ok((*dimension as usize, encoder_of(field)))
}
