//! `EVALUATE GENERATOR | ENCODER name ON (query) [WITH (…)]`: measures a model on the patches of a query and keeps
//! the figures with it. The query gives patches and, where it has them, the region and time of each, as
//! CREATE ENCODER reads them.
//!
//! Options: `held_out` (a predicate over the query's columns; where it is true, patches are what the model is
//! judged by, the others are those it may know), `samples`, `seed`, `targets`, `inversions`, `bootstrap`, `encoder` or `generator`
//! (the partner model), `pictures` (a directory for PNGs).

use std::{path::Path, sync::Arc};

use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{Diagnostic, ast};

use super::{answer, blocking, training_set};
use crate::{
    DEFAULT_ENCODER, DEFAULT_GENERATOR, Error, Result,
    evaluate::{self, EvaluateOptions, Evaluation, Part, Score},
    session::Session,
};

pub(super) async fn execute(session: &Session, statement: &ast::Evaluate, text: &str) -> Result<DataFrame> {
    let settings = Settings::read(statement)?;
    let name = statement.name.value.clone();
    let models = session.models().for_last_statement();
    // Before the query runs: a wrong name should not cost minutes.
    let (generator, encoder, kind) = match statement.kind {
        ast::ModelKind::Encoder => (
            models.generator(&settings.partner)?,
            models.encoder(&name)?,
            ModelKind::Encoder,
        ),
        ast::ModelKind::Generator | ast::ModelKind::Directions => (
            models.generator(&name)?,
            models.encoder(&settings.partner)?,
            ModelKind::Generator,
        ),
    };
    let set = training_set::read(
        session,
        &statement.query,
        settings.held_out.as_deref(),
        settings.options.working_bytes(),
    )
    .await?;
    let (train, held_out) = match settings.held_out {
        Some(_) => (part(set.train), part(set.validation)),
        None => (Part::default(), part(set.train)),
    };
    check_held_out(statement, settings.held_out.is_some(), &held_out)?;
    let (kept, text) = (name.clone(), text.to_owned());
    let scores = blocking(move || {
        let parts = (&train, &held_out);
        let options = &settings.options;
        let Evaluation { scores, pictures } = if kind == ModelKind::Encoder {
            evaluate::encoder(&encoder, &generator, parts, options, &models)?
        } else {
            let directions = match models.directions(&kept) {
                Ok(directions) => Some(directions),
                Err(Error::UnknownModel { .. }) => None,
                Err(error) => return Err(error),
            };
            evaluate::generator(
                &generator,
                &encoder,
                directions.as_deref(),
                parts,
                options,
                &models,
            )?
        };
        if let Some(directory) = &settings.pictures {
            write(Path::new(directory), &pictures)?;
        }
        let (subject, partner) = if kind == ModelKind::Encoder {
            (&encoder.identity, &generator.identity)
        } else {
            (&generator.identity, &encoder.identity)
        };
        let record = serde_json::json!({
            "statement": text,
            "partner": partner,
            "options": settings.options,
            "training_patches": train.patches.len(),
            "held_out_patches": held_out.patches.len(),
        });
        models
            .store()
            .put_metrics(kind, &kept, subject, record, &scores)?;
        Ok(scores)
    })
    .await?;
    answer(session, score_batch(&scores)?)
}

fn part(part: training_set::Part) -> Part {
    Part::new(part.patches, &part.groups)
}

fn check_held_out(statement: &ast::Evaluate, by_predicate: bool, held_out: &Part) -> Result<()> {
    if !held_out.patches.is_empty() {
        return Ok(());
    }
    let message = if by_predicate {
        "no patch is held out: `held_out` is true for no row that has a patch"
    } else {
        "there is nothing to evaluate on: the query returned no patch"
    };
    Err(Diagnostic::error(message).with_span(statement.name.span).into())
}

fn write(directory: &Path, pictures: &[(&str, Vec<u8>)]) -> Result<()> {
    let failed = |path: &Path, source| Error::Io {
        path: path.to_owned(),
        source,
    };
    std::fs::create_dir_all(directory).map_err(|source| failed(directory, source))?;
    for (name, bytes) in pictures {
        let path = directory.join(name);
        std::fs::write(&path, bytes).map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

/// The figures as a table.
pub(crate) fn score_batch(scores: &[Score]) -> Result<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new("metric", DataType::Utf8, false),
        Field::new("value", DataType::Float64, true),
        Field::new("n", DataType::Int64, false),
        Field::new("ci_low", DataType::Float64, true),
        Field::new("ci_high", DataType::Float64, true),
        Field::new("compare", DataType::Utf8, false),
    ]);
    let names = scores.iter().map(|score| score.metric.as_str());
    let counts = scores.iter().map(|score| score.n as i64);
    let end = |of: fn((f64, f64)) -> f64| scores.iter().map(move |score| score.interval.map(of));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(names)),
        Arc::new(scores.iter().map(|score| score.value).collect::<Float64Array>()),
        Arc::new(Int64Array::from_iter_values(counts)),
        Arc::new(end(|interval| interval.0).collect::<Float64Array>()),
        Arc::new(end(|interval| interval.1).collect::<Float64Array>()),
        Arc::new(StringArray::from_iter_values(
            scores.iter().map(|score| score.compare.as_str()),
        )),
    ];
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}

struct Settings {
    options: EvaluateOptions,
    held_out: Option<String>,
    partner: String,
    pictures: Option<String>,
}

impl Settings {
    fn read(statement: &ast::Evaluate) -> Result<Self> {
        let mut given = statement.options.clone();
        let mut options = EvaluateOptions::default();
        for (name, option) in [
            ("samples", &mut options.samples),
            ("targets", &mut options.targets),
            ("inversions", &mut options.inversions),
            ("bootstrap", &mut options.bootstrap),
        ] {
            *option = given.take_usize(name)?.unwrap_or(*option);
        }
        options.seed = given.take_u64("seed")?.unwrap_or(options.seed);
        let held_out = given.take_string("held_out")?;
        let (kind, default) = match statement.kind {
            ast::ModelKind::Encoder => ("generator", DEFAULT_GENERATOR),
            ast::ModelKind::Generator | ast::ModelKind::Directions => ("encoder", DEFAULT_ENCODER),
        };
        let partner = given.take_string(kind)?.unwrap_or_else(|| default.to_owned());
        let pictures = given.take_string("pictures")?;
        given.finish(&[
            "held_out",
            "samples",
            "seed",
            "targets",
            "inversions",
            "bootstrap",
            kind,
            "pictures",
        ])?;
        Ok(Self {
            options,
            held_out,
            partner,
            pictures,
        })
    }
}
