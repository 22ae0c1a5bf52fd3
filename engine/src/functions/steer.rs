//! `STEER(sample, usflux => 2e22Mx, hold => ['psep'])` or `STEER(sample, along => 'r_value', by => 1.5)`:
//! the sample moved along a direction, to a value or by a number of standard deviations, while the held
//! quantities stay.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Float64Array},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::{CallSignature, Default, Kind, Parameter};

use super::{
    Rows,
    generate::{A_SAMPLE, DEFAULT_TOLERANCE, read_targets, target_parameters, targets, tolerance_at},
    number, optional, required,
};
use crate::{
    documentation::Documentation,
    error::Error,
    generator::GeneratorConfig,
    models::Handle,
    steer::{self, Course, Destination, Step},
    types::{Sample, generator_of, grid_of, latent_column, not_a_latent, sample_array, sample_fields},
};

#[derive(Debug)]
pub(super) struct Steer {
    models: Handle,
}

impl Steer {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

/// What a call means, as a function and in FROM.
pub(crate) const MEANING: &str = "\
Either to a value, as in usflux => 2e22Mx, which is met by measuring as a target of GENERATE is; or along a quantity by \
so many standard deviations of the latents, which may be negative. One quantity is steered at a time; GENERATE takes \
several targets.

What hold names is brought back to its value at the start after every step, by measuring. How well it could be held is \
seen in FROM STEER: the column held, and a drift for each. A real patch has no latent: INVERT(patch) gives it one. The \
generator needs directions, which CREATE DIRECTIONS finds.";

/// `sample`, the target values, then these, in this order.
pub(crate) fn parameters() -> Vec<Parameter> {
    let mut parameters = vec![
        required("sample")
            .taking("SAMPLE or LATENT")
            .about("what to start from"),
    ];
    parameters.extend(target_parameters());
    parameters.push(
        Parameter::optional("along", Kind::Text, Default::Null)
            .about("the quantity to move along, where no value is given"),
    );
    parameters.push(optional("by").about("how far along it, in standard deviations of the latents"));
    parameters.push(
        Parameter::optional("hold", Kind::List, Default::Null).about("the quantities that stay as they are"),
    );
    parameters.push(number("tolerance", DEFAULT_TOLERANCE).about(
        "the largest relative difference of value and measurement, of what is steered and of what is held",
    ));
    parameters
}

/// The constant part of a call.
pub(super) struct Way {
    along: Option<String>,
    pub(super) hold: Vec<String>,
}

/// The columns of a call of [`parameters`].
pub(super) struct Columns {
    way: Way,
    latents: crate::types::VectorColumn,
    values: Vec<Float64Array>,
    by: Float64Array,
    tolerance: Float64Array,
    pub(super) generator: String,
}

impl Columns {
    pub(super) fn read(rows: &Rows<'_>) -> Result<Self> {
        let count = targets().len();
        let Some(generator) = generator_of(rows.field(0)) else {
            return exec_err!("internal: STEER was planned without a SAMPLE");
        };
        let along = rows
            .text(count + 1)?
            .iter()
            .flatten()
            .next()
            .map(str::to_lowercase);
        Ok(Self {
            way: Way {
                along,
                hold: rows.names(count + 3)?,
            },
            latents: latent_column(&rows.array(0)?, rows.field(0))?,
            values: (0..count)
                .map(|index| rows.f64(index + 1))
                .collect::<Result<_>>()?,
            by: rows.f64(count + 2)?,
            tolerance: rows.f64(count + 4)?,
            generator,
        })
    }

    /// The path of row `row` in `steps` steps; `None` where the sample is NULL.
    pub(super) fn path(&self, models: &Handle, row: usize, steps: usize) -> Result<Option<Vec<Step>>> {
        models.check_cancelled()?;
        let Some(start) = self.latents.get(row) else {
            return Ok(None);
        };
        let (along, destination) = self.destination(row)?;
        let hold: Vec<&str> = self.way.hold.iter().map(|name| canonical(name)).collect();
        if hold.contains(&along) {
            return exec_err!("STEER: {along} is steered and cannot be held");
        }
        let tolerance = tolerance_at(&self.tolerance, row)?;
        let generator = models.generator(&self.generator)?;
        let directions = models.directions(&self.generator)?;
        let course = Course {
            along,
            destination,
            hold: &hold,
            steps,
            tolerance,
        };
        Ok(Some(
            steer::path(&**generator, &directions, start, &course).map_err(Error::from)?,
        ))
    }

    fn destination(&self, row: usize) -> Result<(&str, Destination)> {
        let given = read_targets(&self.values, row)?;
        let by = self.by.is_valid(row).then(|| self.by.value(row));
        match (given.as_slice(), self.way.along.as_deref(), by) {
            ([(keyword, value)], None, None) => Ok((keyword, Destination::To(*value))),
            ([(keyword, value)], Some(along), None) if canonical(along) == *keyword => {
                Ok((keyword, Destination::To(*value)))
            }
            ([], Some(along), Some(by)) if by.is_finite() => Ok((canonical(along), Destination::By(by))),
            ([], Some(_), Some(by)) => {
                exec_err!("STEER: by is a finite number of standard deviations, found {by}")
            }
            ([], Some(along), None) => {
                exec_err!(
                    "STEER: how far along {along}? Give `by => 1.5` standard deviations, or `{along} => value`"
                )
            }
            ([], None, _) => exec_err!(
                "STEER needs a direction: a value as in `usflux => 2e22Mx`, or `along => 'usflux', by => 1.5`"
            ),
            (several, _, _) => exec_err!(
                "STEER moves one quantity at a time, found {}; GENERATE takes several targets, `hold` keeps others",
                several
                    .iter()
                    .map(|(name, _)| *name)
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }
    }
}

/// A keyword's name for one of its aliases.
fn canonical(name: &str) -> &str {
    targets()
        .into_iter()
        .find(|(alias, _)| *alias == name)
        .map_or(name, |(_, keyword)| keyword.name)
}

/// A step as a sample.
pub(super) fn sample(config: &GeneratorConfig, step: Step) -> Arc<Sample> {
    Arc::new(Sample::new(config, step.view))
}

/// The type of a steered sample: that of the sample it starts from, under the same generator.
pub(super) fn return_fields(models: &Handle, sample: &Field) -> Result<arrow::datatypes::Fields> {
    let Some(name) = generator_of(sample) else {
        return Err(not_a_latent("STEER", sample));
    };
    let generator = models.generator(&name)?;
    let grid = grid_of(sample).unwrap_or_else(|| generator.grid());
    Ok(sample_fields(&name, grid, generator.config().w_dim))
}

impl super::Kernel for Steer {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "steer",
            parameters: parameters(),
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "A sample moved along one quantity, to a value or by standard deviations, while others are held",
            details: MEANING.into(),
            returns: A_SAMPLE.into(),
            examples: vec![
                "SELECT round(USFLUX(STEER(GENERATE(usflux => 1e22Mx, psep => 50Mm, seed => 9), usflux => 2e22Mx, hold => ['psep'])) / 1e22, 1) AS usflux_1e22"
                    .into(),
                "SELECT USFLUX(STEER(s, along => 'usflux', by => 1)) > USFLUX(s) AS stronger\n\
                 FROM (SELECT GENERATE(seed => 7) AS s)"
                    .into(),
            ],
            errors: &[
                "SELECT STEER(GENERATE(seed => 7), along => 'usflux')",
                "SELECT STEER(GENERATE(seed => 7), usflux => 2e22Mx, psep => 50Mm)",
                "SELECT STEER(patch, along => 'usflux', by => 1) FROM sharps",
            ],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = return_fields(&self.models, &args.arg_fields[0])?;
        Ok(Arc::new(Field::new("steer", DataType::Struct(fields), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let columns = Columns::read(rows)?;
        let generator = self.models.generator(&columns.generator)?;
        let models = rows.models(&self.models);
        let samples = (0..rows.len())
            .map(|row| {
                Ok(columns
                    .path(&models, row, 1)?
                    .and_then(|mut path| path.pop())
                    .map(|step| sample(generator.config(), step)))
            })
            .collect::<Result<Vec<_>>>()?;
        let DataType::Struct(fields) = rows.return_field().data_type() else {
            return exec_err!("internal: STEER returns a struct");
        };
        Ok(Arc::new(sample_array(fields, &samples)?))
    }
}
