//! `CHECK CATALOG`: every file compared with what was written, and `sharps` with its key and its encoder.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray, UInt64Array},
    datatypes::{DataType, Field, Schema},
    record_batch::RecordBatch,
};
use datafusion::{
    dataframe::DataFrame,
    functions_aggregate::expr_fn::count,
    logical_expr::{col, lit},
};
use helioql_catalog::{Finding, schema::KEY};

use super::{answer, blocking};
use crate::{
    Result,
    session::Session,
    tables::{self, sharps::SHARPS},
    types::encoder_of,
};

pub(super) async fn execute(session: &Session) -> Result<DataFrame> {
    let mut findings = match session.engine().catalogue().cloned() {
        Some(catalogue) => blocking(move || Ok(catalogue.check()?)).await?,
        None => Vec::new(),
    };
    // A table whose files are damaged cannot be asked.
    let is_whole = !findings.iter().any(|finding| finding.problem.is_some());
    if is_whole && tables::stored(session, SHARPS).await?.is_some() {
        let problems = [repeated_keys(session).await?, strange_encoder(session).await?];
        findings.extend(problems.into_iter().flatten().map(|problem| Finding {
            what: Some(format!("table `{SHARPS}`")),
            file: None,
            bytes: 0,
            problem: Some(problem),
        }));
    }
    let schema = Schema::new(vec![
        Field::new("object", DataType::Utf8, false),
        Field::new("file", DataType::Utf8, true),
        Field::new("bytes", DataType::UInt64, false),
        Field::new("problem", DataType::Utf8, true),
    ]);
    let object = |finding: &Finding| finding.what.clone().unwrap_or_else(|| "left over".to_owned());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(
            findings
                .iter()
                .map(|finding| Some(object(finding)))
                .collect::<StringArray>(),
        ),
        Arc::new(
            findings
                .iter()
                .map(|finding| finding.file.clone())
                .collect::<StringArray>(),
        ),
        Arc::new(
            findings
                .iter()
                .map(|finding| finding.bytes)
                .collect::<UInt64Array>(),
        ),
        Arc::new(
            findings
                .iter()
                .map(|finding| finding.problem.clone())
                .collect::<StringArray>(),
        ),
    ];
    answer(session, RecordBatch::try_new(Arc::new(schema), columns)?)
}

/// Records that are there more than once.
async fn repeated_keys(session: &Session) -> Result<Option<String>> {
    let repeated = session
        .context()
        .table(SHARPS)
        .await?
        .aggregate(KEY.map(col).to_vec(), vec![count(lit(1i64)).alias("n")])?
        .filter(col("n").gt(lit(1i64)))?
        .count()
        .await?;
    Ok((repeated > 0).then(|| {
        format!("{repeated} pairs of harpnum and t_rec are there more than once; DELETE the rows that are too many")
    }))
}

/// Embeddings that no encoder of today has made.
async fn strange_encoder(session: &Session) -> Result<Option<String>> {
    let table = session.context().table(SHARPS).await?;
    let identity = table.schema().fields().iter().find_map(|field| encoder_of(field));
    let Some(identity) = identity else {
        return Ok(None);
    };
    let known = session.models().encoder_of_rows(&identity);
    Ok(known
        .err()
        .map(|error| format!("{error}; IMPORT SHARPS does so for all rows")))
}
