//! `IMPORT SHARPS FROM 'glob' [, …] | JSOC 'record set' [INTO sharps]`: segments grouped into records, each made
//! a row of the table; a record that is there already (same HARPNUM and T_REC) is replaced, or stays where nothing
//! of it differs. The answer has one row for every record and every file that could not be used; when no record at
//! all can be imported, it is an error.
//!
//! Tables of keywords (CSV, JSON, Parquet) and what JSOC answers become rows without pixels. Where a record is
//! there, such a row updates it: the values that it has replace the record's, everything else of the record stays.
//!
//! Every keyword that the segments of a record suffice for is computed from them, with its error; the others
//! are the header's, and NULL where it has none. `header_difference` is the largest relative difference between
//! a computed keyword and the header.

mod cell;
mod jsoc;
mod keyword_rows;
mod keyword_table;
mod record;
mod report;
mod rs_list;
mod settings;
mod store;

use datafusion::dataframe::DataFrame;
use helioql_catalog::{Record, find_records, schema::SharpRow};
use helioql_grammar::{
    Diagnostic,
    ast::{ImportSharps, SharpSource},
};
use rayon::prelude::*;

use self::{
    keyword_rows::KeywordRows,
    record::row,
    report::{Line, nothing_imported, report_batch},
    settings::Settings,
    store::{Replacing, key, store},
};
use super::{answer, blocking};
use crate::{
    Error, Result,
    models::Handle,
    progress::{Observer, Progress},
    session::Session,
    tables::sharps,
};

/// How many records are read between two looks at the cancel flag.
const CHUNK: usize = 8;

pub(super) async fn execute(session: &Session, import: &ImportSharps) -> Result<DataFrame> {
    if let Some(table) = &import.into
        && table.value != sharps::SHARPS
    {
        return Err(Diagnostic::error(format!(
            "records are imported INTO {}, found `{}`",
            sharps::SHARPS,
            table.value
        ))
        .with_span(table.span)
        .into());
    }
    if session.engine().kind() == crate::Kind::Demo {
        return Err(Error::Unsupported(
            "the demo catalogue holds simulated records only; open a catalogue of your own, as in `helioql sun.helio`, \
             and import there"
                .to_owned(),
        ));
    }
    let models = session.models().for_last_statement();
    let keywords = KeywordRows::new(&sharps::schema(&models)?);
    let (rows, mut report, mut keywords) = match &import.from {
        SharpSource::Files(patterns) => {
            let settings = Settings::read(&import.options)?;
            let patterns = patterns.iter().map(|pattern| pattern.glob.clone()).collect();
            blocking(move || read_files(&models, patterns, &settings, keywords)).await?
        }
        SharpSource::Jsoc(records) => {
            let question = jsoc::Question::from_options(import.options.clone())?;
            let (records, mut keywords) = (records.clone(), keywords);
            blocking(move || {
                jsoc::read(&models, &records, question, &mut keywords)?;
                Ok((Vec::new(), Vec::new(), keywords))
            })
            .await?
        }
    };
    if rows.is_empty() && keywords.is_empty() {
        report.extend(keywords.report());
        return Err(nothing_imported(&report));
    }
    let mut records = Replacing::new(rows);
    store(session, &mut [&mut records, &mut keywords]).await?;
    for line in &mut report {
        if let Some(key) = line.key {
            line.outcome = records.outcome(key);
        }
    }
    report.extend(keywords.report());
    answer(session, report_batch(&report)?)
}

/// Reads FITS files and tables of keywords, each by its own.
fn read_files(
    models: &Handle,
    patterns: Vec<String>,
    settings: &Settings,
    mut keywords: KeywordRows,
) -> Result<(Vec<SharpRow>, Vec<Line>, KeywordRows)> {
    let (tables, files): (Vec<String>, Vec<String>) = patterns
        .into_iter()
        .partition(|pattern| keyword_table::is_table(pattern));
    let (rows, report) = if files.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        read(models, &files, settings)?
    };
    keyword_table::read(models, &tables, &mut keywords)?;
    Ok((rows, report, keywords))
}

/// The row of a record whose segments are in memory, as if it had been imported.
pub(crate) fn row_of(models: &Handle, record: &Record) -> Result<SharpRow> {
    Ok(record::row_of(models, record, &Settings::default())?.row)
}

fn read(models: &Handle, patterns: &[String], settings: &Settings) -> Result<(Vec<SharpRow>, Vec<Line>)> {
    let found = find_records(patterns, settings.harpnum)?;
    let mut report: Vec<Line> = found
        .rejected
        .iter()
        .map(|rejected| Line {
            key: None,
            record: rejected.path.display().to_string(),
            outcome: "skipped",
            detail: rejected.reason.to_string(),
            header_difference: None,
        })
        .collect();
    let mut rows = Vec::new();
    for (done, chunk) in found.records.chunks(CHUNK).enumerate() {
        models.check_cancelled()?;
        let read: Vec<_> = chunk
            .par_iter()
            .map(|files| (files, row(models, files, settings)))
            .collect();
        for (files, outcome) in read {
            let record = files.id.to_string();
            match outcome {
                Ok(made) => {
                    report.push(Line {
                        key: Some(key(&made.row)),
                        record,
                        outcome: "imported",
                        detail: made.detail,
                        header_difference: made.header_difference,
                    });
                    rows.push(made.row);
                }
                Err(error) => report.push(Line {
                    key: None,
                    record,
                    outcome: "skipped",
                    detail: error.to_string(),
                    header_difference: None,
                }),
            }
        }
        models.report(&Progress {
            task: "importing SHARPs".to_owned(),
            step: (done * CHUNK + chunk.len()) as u64,
            steps: found.records.len() as u64,
            metrics: Vec::new(),
        });
    }
    Ok((rows, report))
}
