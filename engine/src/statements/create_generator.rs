//! `CREATE [OR REPLACE] GENERATOR name [WITH (…)] AS query`: trains a generator on the patches of a query.
//!
//! Options: `size` (64 or 128 pixels), `steps`, `batch`, `seed`, `threads`, `validation` (a predicate over
//! the query's columns that sets rows aside), `checkpoint` (a file, by default in the catalogue),
//! `checkpoint_every`, `evaluate_every`, `resume`, and the training's own rates.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::ast::CreateModel;

use super::{blocking, check_new, facts, training_set};
use crate::{
    Error, Result,
    generator::{self, TrainOptions},
    session::Session,
};

pub(super) async fn execute(session: &Session, create: &CreateModel, text: &str) -> Result<DataFrame> {
    check_new(session, ModelKind::Generator, &create.name, create.or_replace)?;
    let name = create.name.value.clone();
    let Settings {
        options,
        validation,
        checkpoint,
        resume,
    } = Settings::read(session, create)?;
    let set = training_set::read(session, &create.query, validation.as_deref()).await?;
    let models = session.models().clone();
    let (train, aside) = (set.train.patches.len(), set.validation.patches.len());
    let statement = text.to_owned();
    let kept = name.clone();
    let history = blocking(move || {
        let checkpoint_path = checkpoint.as_deref();
        let trained = generator::train(
            &set.train.patches,
            &set.validation.patches,
            &options,
            checkpoint_path,
            resume,
            &models,
        )?;
        let config = serde_json::json!({
            "config": trained.generator.config(),
            "statement": statement,
            "training": { "options": options, "patches": train, "validation_patches": aside, "history": trained.history },
        });
        models.store().put(ModelKind::Generator, &kept, config, trained.generator.save()?)?;
        if let Some(path) = checkpoint_path {
            // The model is committed: its checkpoint has served.
            let _ = std::fs::remove_file(path);
        }
        Ok(trained.history)
    })
    .await?;
    crate::tables::register(session).await?;
    let last = history.last();
    let mut report = vec![
        ("generator".to_owned(), name),
        ("patches".to_owned(), train.to_string()),
        ("validation patches".to_owned(), aside.to_string()),
        (
            "steps".to_owned(),
            last.map_or(0, |record| record.step).to_string(),
        ),
    ];
    report.extend(
        last.into_iter()
            .flat_map(|record| &record.metrics)
            .map(|(metric, value)| (metric.clone(), format!("{value:.4}"))),
    );
    facts(session, report)
}

struct Settings {
    options: TrainOptions,
    validation: Option<String>,
    checkpoint: Option<PathBuf>,
    resume: bool,
}

impl Settings {
    fn read(session: &Session, create: &CreateModel) -> Result<Self> {
        let mut given = create.options.clone();
        let mut options = TrainOptions::for_size(given.take_usize("size")?.unwrap_or(64))?;
        let counts = [
            ("steps", &mut options.steps),
            ("seed", &mut options.seed),
            ("checkpoint_every", &mut options.checkpoint_every),
            ("evaluate_every", &mut options.evaluate_every),
        ];
        for (name, option) in counts {
            *option = given.take_u64(name)?.unwrap_or(*option);
        }
        let rates = [
            ("generator_rate", &mut options.generator_rate),
            ("critic_rate", &mut options.critic_rate),
            ("final_rate", &mut options.final_rate),
            ("penalty", &mut options.penalty),
        ];
        for (name, option) in rates {
            *option = given.take_f64(name)?.unwrap_or(*option);
        }
        options.batch = given.take_usize("batch")?.unwrap_or(options.batch);
        options.threads = given.take_usize("threads")?.or(options.threads);
        let validation = given.take_string("validation")?;
        let resume = given.take_bool("resume")?.unwrap_or(false);
        let checkpoint = match given.take_string("checkpoint")? {
            Some(path) => Some(PathBuf::from(path)),
            None => checkpoint_path(session, &create.name.value)?,
        };
        given.finish(&[
            "size",
            "steps",
            "seed",
            "batch",
            "threads",
            "validation",
            "resume",
            "checkpoint",
            "checkpoint_every",
            "evaluate_every",
            "generator_rate",
            "critic_rate",
            "final_rate",
            "penalty",
        ])?;
        Ok(Self {
            options,
            validation,
            checkpoint,
            resume,
        })
    }
}

/// Beside the catalogue's other files; a catalogue in memory keeps no checkpoints of itself.
fn checkpoint_path(session: &Session, name: &str) -> Result<Option<PathBuf>> {
    let Some(catalogue) = session.engine().catalogue() else {
        return Ok(None);
    };
    let directory = catalogue.root().join("checkpoints");
    std::fs::create_dir_all(&directory).map_err(|source| Error::Io {
        path: directory.clone(),
        source,
    })?;
    Ok(Some(directory.join(format!("generator-{name}.safetensors"))))
}
