//! `CREATE [OR REPLACE] GENERATOR name [WITH (…)] AS query`: trains a generator on the patches of a query.
//!
//! Options: `arch` (`dcgan`, ours, or `generative_interrogator`, that of arXiv:2502.05351 with its own recipe),
//! `size` (64 or 128 pixels), `cell_mm`, `resolution` (`2G` where the fields come in steps), `steps`, `batch`, `seed`, `threads`, `validation` (a predicate over
//! the query's columns that sets rows aside), `checkpoint` (a file, by default in the catalogue),
//! `checkpoint_every`, `evaluate_every`, `resume`, and the training's own rates. Where the query has a column `usflux`, the
//! catalogue's, the flux that is measured on the generator's patches is calibrated to it.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{Dimension, ast::CreateModel};

use super::{blocking, check_new, facts, import_model, training_set};
use crate::{
    Error, Result,
    generator::{self, Calibration, GeneratorConfig, Recipe, TrainOptions},
    physics::measure,
    session::Session,
};

pub(super) async fn execute(session: &Session, create: &CreateModel, text: &str) -> Result<DataFrame> {
    check_new(
        session,
        "CREATE",
        ModelKind::Generator,
        &create.name,
        create.or_replace,
    )?;
    let name = create.name.value.clone();
    let Settings {
        options,
        validation,
        checkpoint,
        resume,
    } = Settings::read(session, create)?;
    let set = training_set::read(
        session,
        &create.query,
        validation.as_deref(),
        options.working_bytes(),
    )
    .await?;
    let models = session.models().for_last_statement();
    let (train, aside) = (set.train.patches.len(), set.validation.patches.len());
    let statement = text.to_owned();
    let kept = name.clone();
    let (best_step, steps, distances, calibration) = blocking(move || {
        let checkpoint_path = checkpoint.as_deref();
        let trained = generator::train(
            &set.train.patches,
            &set.validation.patches,
            &options,
            checkpoint_path,
            resume,
            &models,
        )?;
        let calibration = Calibration::fitted(
            &pairs(&set.train, trained.generator.config())?,
            &pairs(&set.validation, trained.generator.config())?,
        );
        let described = GeneratorConfig { calibration, ..trained.generator.config().clone() };
        let config = serde_json::json!({
            "config": described,
            "statement": statement,
            "training": { "options": options, "patches": train, "validation_patches": aside, "best_step": trained.best_step, "distances": trained.distances, "history": trained.history },
        });
        models.store().put(ModelKind::Generator, &kept, config, trained.generator.save()?)?;
        if let Some(path) = checkpoint_path {
            // The model is committed: its checkpoint has served.
            let _ = std::fs::remove_file(path);
        }
        let steps = trained.history.last().map_or(0, |record| record.step);
        Ok((trained.best_step, steps, trained.distances, calibration))
    })
    .await?;
    let mut report = vec![
        ("generator".to_owned(), name),
        ("patches".to_owned(), train.to_string()),
        ("validation patches".to_owned(), aside.to_string()),
        ("steps".to_owned(), steps.to_string()),
        ("best step".to_owned(), best_step.to_string()),
    ];
    report.extend(
        distances
            .into_iter()
            .map(|(metric, value)| (metric, format!("{value:.4}"))),
    );
    if let Some(line) = calibration {
        let Calibration {
            slope,
            intercept,
            scatter_dex,
            patches,
            ..
        } = line;
        report.push((
            "calibration".to_owned(),
            format!(
                "log10 USFLUX = {intercept:.3} + {slope:.3} log10 usflux, scatter {scatter_dex:.3} dex on {patches} patches"
            ),
        ));
    }
    facts(session, report)
}

/// The measured flux and the catalogue's of the patches that come with it, as the generator could have drawn them.
fn pairs(part: &training_set::Part, config: &GeneratorConfig) -> Result<Vec<(f64, f64)>> {
    let known = part
        .patches
        .iter()
        .zip(&part.usflux)
        .filter(|(_, usflux)| !usflux.is_nan());
    let (patches, usflux): (Vec<_>, Vec<_>) = known.map(|(patch, usflux)| (patch.clone(), *usflux)).unzip();
    let drawn = generator::evaluate::as_drawn(&patches, config)?;
    Ok(drawn
        .iter()
        .map(|patch| measure(patch).usflux)
        .zip(usflux)
        .collect())
}

/// The options that every recipe has.
const OPTIONS: [&str; 18] = [
    "arch",
    "size",
    "cell_mm",
    "resolution",
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
    "beta1",
    "beta2",
];

struct Settings {
    options: TrainOptions,
    validation: Option<String>,
    checkpoint: Option<PathBuf>,
    resume: bool,
}

impl Settings {
    fn read(session: &Session, create: &CreateModel) -> Result<Self> {
        let mut given = create.options.clone();
        let size = given.take_usize("size")?;
        let arch = import_model::arch(&mut given, &["dcgan", "generative_interrogator"])?;
        let mut options = match arch.as_deref() {
            Some("generative_interrogator") => {
                let mut options = TrainOptions::generative_interrogator();
                // Any other size is refused where all settings are checked.
                options.generator.size = size.unwrap_or(options.generator.size);
                options
            }
            _ => TrainOptions::for_size(size.unwrap_or(64))?,
        };
        if let Some(cell_mm) = given.take_quantity("cell_mm", Dimension::Length)? {
            options.generator.cell_mm = cell_mm;
        }
        if let Some(gauss) = given.take_quantity("resolution", Dimension::Field)? {
            options.resolution_gauss = gauss as f32;
        }
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
        ];
        for (name, option) in rates {
            *option = given.take_f64(name)?.unwrap_or(*option);
        }
        for (name, option) in [("beta1", &mut options.beta1), ("beta2", &mut options.beta2)] {
            *option = given.take_f64(name)?.map_or(*option, |beta| beta as f32);
        }
        let mut known = OPTIONS.to_vec();
        if let Recipe::Relativistic(recipe) = &mut options.recipe {
            known.extend([
                "critic",
                "penalty",
                "straight",
                "straight_from",
                "cutout",
                "cutout_from",
            ]);
            if let Some(channels) = given.take_usizes("critic")? {
                recipe.critic = channels;
            }
            recipe.penalty = given.take_f64("penalty")?.unwrap_or(recipe.penalty);
            recipe.straight = given.take_f64("straight")?.unwrap_or(recipe.straight);
            recipe.straight_from = given.take_u64("straight_from")?.unwrap_or(recipe.straight_from);
            recipe.cutout = given.take_f64("cutout")?.unwrap_or(recipe.cutout);
            recipe.cutout_from = given.take_u64("cutout_from")?.unwrap_or(recipe.cutout_from);
        }
        options.batch = given.take_usize("batch")?.unwrap_or(options.batch);
        options.threads = given.take_usize("threads")?.or(options.threads);
        let validation = given.take_string("validation")?;
        let resume = given.take_bool("resume")?.unwrap_or(false);
        let checkpoint = match given.take_string("checkpoint")? {
            Some(path) => Some(PathBuf::from(path)),
            None => checkpoint_path(session, &create.name.value)?,
        };
        given.finish(&known)?;
        options.check()?;
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
