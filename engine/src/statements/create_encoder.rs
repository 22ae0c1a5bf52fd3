//! `CREATE [OR REPLACE] ENCODER name [WITH (…)] AS query`: trains an encoder on the patches of a query. Where
//! the query has columns for the region (`region`, `noaa_ar` or `harpnum`) and the time (`t_rec`, `t_obs` or
//! `time`), patches of one region at near times are taken for views of one thing.
//!
//! Options: `steps`, `batch`, `seed`, `threads`, `rate`, `physical` (the weight of the physical quantities
//! beside the learned part), `quantities` (the weight of reading them from the learned part), `contrast` (that of telling
//! regions apart), `pair_days`, `validation` (a predicate that sets rows aside).

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::ast::CreateModel;

use super::{blocking, check_new, facts, training_set};
use crate::{
    Result,
    encoder::{self, Origin, TrainOptions},
    session::Session,
};

pub(super) async fn execute(session: &Session, create: &CreateModel, text: &str) -> Result<DataFrame> {
    check_new(
        session,
        "CREATE",
        ModelKind::Encoder,
        &create.name,
        create.or_replace,
    )?;
    let name = create.name.value.clone();
    let (options, validation) = read_options(create)?;
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
    blocking(move || {
        let origins: Vec<Origin> = set
            .train
            .groups
            .iter()
            .map(|&(region, time)| Origin {
                region,
                seconds: time,
            })
            .collect();
        let origins = (!origins.is_empty()).then_some(origins.as_slice());
        let encoder = encoder::train(&set.train.patches, origins, &options, &models)?;
        let config = serde_json::json!({
            "config": encoder.config(),
            "statement": statement,
            "training": { "options": options, "patches": train, "validation_patches": aside },
        });
        models
            .store()
            .put(ModelKind::Encoder, &kept, config, encoder.save()?)?;
        Ok(())
    })
    .await?;
    let report = [
        ("encoder", name),
        ("patches", train.to_string()),
        ("validation patches", aside.to_string()),
    ];
    facts(session, report.map(|(fact, value)| (fact.to_owned(), value)))
}

fn read_options(create: &CreateModel) -> Result<(TrainOptions, Option<String>)> {
    let mut given = create.options.clone();
    let mut options = TrainOptions::default();
    options.steps = given.take_u64("steps")?.unwrap_or(options.steps);
    options.seed = given.take_u64("seed")?.unwrap_or(options.seed);
    options.batch = given.take_usize("batch")?.unwrap_or(options.batch);
    options.threads = given.take_usize("threads")?.or(options.threads);
    options.rate = given.take_f64("rate")?.unwrap_or(options.rate);
    options.quantities = given.take_f64("quantities")?.unwrap_or(options.quantities);
    options.contrast = given.take_f64("contrast")?.unwrap_or(options.contrast);
    options.pair_days = given.take_f64("pair_days")?.unwrap_or(options.pair_days);
    if let Some(weight) = given.take_f64("physical")? {
        options.encoder.joint.physical = weight;
    }
    let validation = given.take_string("validation")?;
    given.finish(&[
        "steps",
        "seed",
        "batch",
        "threads",
        "rate",
        "physical",
        "quantities",
        "contrast",
        "pair_days",
        "validation",
    ])?;
    options.check()?;
    Ok((options, validation))
}
