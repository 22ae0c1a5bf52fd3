//! `CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (samples = 10000, method = 'svm')]`:
//! measures generated patches and fits, for each quantity, the direction of the latent space along which it
//! grows.

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{Diagnostic, Ident, ast::CreateDirections};

use super::{blocking, check_new, facts};
use crate::{
    Result,
    directions::{Directions, FitOptions, Method},
    functions::generate::targets,
    session::Session,
};

pub(super) async fn execute(session: &Session, create: &CreateDirections, text: &str) -> Result<DataFrame> {
    check_new(
        session,
        "CREATE",
        ModelKind::Directions,
        &create.generator,
        create.or_replace,
    )?;
    let keywords = create.keywords.iter().map(keyword).collect::<Result<Vec<_>>>()?;
    let options = read_options(create)?;
    let name = create.generator.value.clone();
    let generator = session.models().generator(&name)?;
    let models = session.models().for_last_statement();
    let statement = text.to_owned();
    let report = blocking(move || {
        let directions = Directions::train(&**generator, &keywords, &options, &models)?;
        let config = serde_json::json!({
            "config": directions.config(),
            "statement": statement,
            "generator": generator.identity,
        });
        let report = directions
            .all()
            .iter()
            .map(|direction| {
                let order = direction
                    .order
                    .map_or(String::new(), |order| format!(" ({order:?})"));
                (
                    format!("{}{order}", direction.quantity.keyword),
                    format!(
                        "accuracy {:.3}, R² {:.2}, reach {:.3e} to {:.3e}",
                        direction.fitted.accuracy,
                        direction.fitted.r_squared,
                        direction.range.low,
                        direction.range.high
                    ),
                )
            })
            .collect::<Vec<_>>();
        models
            .store()
            .put(ModelKind::Directions, &name, config, directions.save()?)?;
        models.store().drop_target_metrics(&name)?;
        Ok(report)
    })
    .await?;
    facts(session, report)
}

fn keyword(ident: &Ident) -> Result<&'static str> {
    let name = ident.value.to_lowercase();
    match targets().into_iter().find(|(alias, _)| *alias == name) {
        Some((_, keyword)) => Ok(keyword.name),
        None => {
            let names: Vec<_> = targets().into_iter().map(|(name, _)| name).collect();
            Err(
                Diagnostic::error(format!("`{name}` cannot be measured on a patch"))
                    .with_span(ident.span)
                    .with_label(format!("expected one of {}", names.join(", ")))
                    .with_suggestion(helioql_grammar::closest(&name, names))
                    .into(),
            )
        }
    }
}

fn read_options(create: &CreateDirections) -> Result<FitOptions> {
    let mut given = create.options.clone();
    let mut options = FitOptions::default();
    options.samples = given.take_usize("samples")?.unwrap_or(options.samples);
    options.seed = given.take_u64("seed")?.unwrap_or(options.seed);
    options.cost = given.take_f64("cost")?.unwrap_or(options.cost);
    options.penalty = given.take_f64("penalty")?.unwrap_or(options.penalty);
    if let Some((_, span)) = given.clone().take("method") {
        let method = given.take_string("method")?.unwrap_or_default();
        options.method = match method.as_str() {
            "svm" => Method::Svm,
            "linfa" => Method::Linfa,
            "ridge" => Method::Ridge,
            other => {
                return Err(Diagnostic::error(format!(
                    "method is 'svm', 'linfa' or 'ridge', found '{other}'"
                ))
                .with_span(span)
                .into());
            }
        };
    }
    given.finish(&["samples", "seed", "cost", "penalty", "method"])?;
    Ok(options)
}
