//! `GENERATE(usflux => …, psep => …, seed => …)`: a SAMPLE whose measured quantities meet the targets.
//!
//! Quantities that are not mentioned stay as the seed made them. Without a seed every row is another
//! patch; its `seed` column says how to have it again.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Float64Array, Int64Array},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_err, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::keyword::Keyword;
use helioql_grammar::{
    bind::{CallSignature, Parameter},
    unit::Dimension,
};

use super::{Kernel, Rows, constant_text, in_dimension, number, optional, text};
use crate::{
    documentation::Documentation,
    draw::{self, Request},
    models::{DEFAULT_GENERATOR, Handle},
    types::{CATALOGUE_USFLUX, measured_keywords, sample_array, sample_fields},
};

/// The relative difference between a target and what is measured that GENERATE accepts by default.
pub(crate) const DEFAULT_TOLERANCE: f64 = 0.02;

/// The quantity that a calibration links to the catalogue.
pub(crate) const FLUX: &str = "usflux";

/// What it is called.
pub(crate) const NAME: &str = "generate";

/// What a call means, as a function and in FROM.
pub(crate) const MEANING: &str = "\
Each target is met by what is measured on the patch itself, as MEASURE measures it in true units at true scale, not by \
what a model believes; several targets are met at once. What is not asked for stays as the seed has it: one seed \
asked for two fluxes gives two states of one region. A target that no patch of the generator has is an error with the \
range that it reaches; so are targets that cannot be met together.

The argument tolerance is the largest relative difference between target and measurement: 0.02 accepts 0.98e22 to 1.02e22 Mx for \
1e22 Mx. For quantities that cross zero (netflux, tilt, polarity, dipole, imbalance), where a fraction of the value would \
mean nothing, it is a fraction of their standard deviation among the generator's patches.

A seed gives the same patch, bit for bit, alone or among others, on any number of threads and on every run with the \
same program and generator. Without a seed each row is another patch; its column seed says how to have it again.

The shipped generator has learned from line-of-sight fields clipped at ±255 G, so that the flux measured on its patches \
is below that of a real region of the same look. catalogue_usflux asks for the USFLUX that the catalogue would \
give, by the generator's calibration, whose scatter DESCRIBE GENERATOR tells.";

/// What a SAMPLE is.
pub(crate) const A_SAMPLE: &str = "\
A SAMPLE: a struct of latent, patch (in G), seed, every measured quantity in its unit, and catalogue_usflux (in Mx). \
It can stand wherever a PATCH or a LATENT can.";

/// The place of `seed` among its arguments.
pub(crate) fn seed_place() -> usize {
    targets().len() + 1
}

/// The quantities that can be asked for: (argument, keyword), aliases as arguments of their own.
pub(crate) fn targets() -> Vec<(&'static str, &'static Keyword)> {
    measured_keywords()
        .flat_map(|keyword| keyword.names().map(move |name| (name, keyword)))
        .collect()
}

/// One optional parameter for each of [`targets`], in their dimension.
pub(crate) fn target_parameters() -> Vec<Parameter> {
    targets()
        .into_iter()
        .map(|(name, keyword)| match keyword.dimension() {
            Some(dimension) => in_dimension(optional(name), dimension).about(keyword.summary),
            None => optional(name).about(keyword.summary),
        })
        .collect()
}

/// The targets of row `row`, read from the arguments that start at `first`.
pub(crate) fn read_targets(columns: &[Float64Array], row: usize) -> Result<Vec<(&'static str, f64)>> {
    let mut given: Vec<(&'static str, f64)> = Vec::new();
    for ((argument, keyword), column) in targets().into_iter().zip(columns) {
        if column.is_null(row) {
            continue;
        }
        let value = column.value(row);
        if !value.is_finite() {
            return exec_err!(
                "{argument} => {value}: a target is a finite number of {}",
                unit_or_number(keyword)
            );
        }
        if given.iter().any(|(name, _)| *name == keyword.name) {
            return exec_err!(
                "{argument} is another name of {}, which is given already",
                keyword.name
            );
        }
        given.push((keyword.name, value));
    }
    Ok(given)
}

fn unit_or_number(keyword: &Keyword) -> &'static str {
    if keyword.unit.is_empty() {
        "no unit"
    } else {
        keyword.unit
    }
}

#[derive(Debug)]
pub(super) struct Generate {
    models: Handle,
}

impl Generate {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

/// The parameters after the targets.
pub(crate) fn tail() -> Vec<Parameter> {
    vec![
        in_dimension(optional(CATALOGUE_USFLUX), Dimension::Flux)
            .about("the catalogue's USFLUX, by the generator's calibration; instead of usflux"),
        optional("seed")
            .taking("whole number")
            .about("which patch; without it each row is another one"),
        number("tolerance", DEFAULT_TOLERANCE)
            .about("the largest relative difference of target and measurement, above 0 and up to 1"),
        text("generator", DEFAULT_GENERATOR).about("which generator; SHOW GENERATORS lists them"),
    ]
}

/// The tolerance of row `row`, one that can be met, or the default.
pub(super) fn tolerance_at(tolerances: &Float64Array, row: usize) -> Result<f64> {
    if tolerances.is_null(row) {
        return Ok(DEFAULT_TOLERANCE);
    }
    let tolerance = tolerances.value(row);
    if tolerance > 0.0 && tolerance <= 1.0 {
        return Ok(tolerance);
    }
    exec_err!("tolerance is a relative difference above 0 and up to 1, such as 0.02, found {tolerance}")
}

/// The columns of a call whose parameters are the targets and [`tail`].
pub(super) struct Asked {
    targets: Vec<Float64Array>,
    catalogue_usflux: Float64Array,
    seeds: Int64Array,
    tolerances: Float64Array,
    pub(super) generator: String,
}

impl Asked {
    pub(super) fn read(rows: &Rows<'_>) -> Result<Self> {
        let (count, seed) = (targets().len(), seed_place());
        let generators = rows.text(seed + 2)?;
        let generator = generators.iter().flatten().next().unwrap_or(DEFAULT_GENERATOR);
        Ok(Self {
            targets: (0..count).map(|index| rows.f64(index)).collect::<Result<_>>()?,
            catalogue_usflux: rows.f64(count)?,
            seeds: rows.i64(seed)?,
            tolerances: rows.f64(seed + 1)?,
            generator: generator.to_owned(),
        })
    }

    /// What row `row` asks for; without a seed, one of its own.
    pub(super) fn request(&self, models: &Handle, row: usize) -> Result<Request> {
        let seed = if self.seeds.is_valid(row) {
            self.seeds.value(row)
        } else {
            draw::random_seed()
        };
        let mut targets = read_targets(&self.targets, row)?;
        if self.catalogue_usflux.is_valid(row) {
            let asked = self.catalogue_usflux.value(row);
            targets.push((FLUX, self.measured(models, asked, &targets)?));
        }
        Ok(Request {
            targets,
            seed,
            tolerance: tolerance_at(&self.tolerances, row)?,
        })
    }
}

impl Asked {
    /// The measured flux that belongs to a USFLUX of the catalogue.
    fn measured(&self, models: &Handle, asked: f64, targets: &[(&str, f64)]) -> Result<f64> {
        let Some(line) = models.generator(&self.generator)?.config().calibration else {
            return exec_err!(
                "{CATALOGUE_USFLUX}: the generator `{}` has no calibration, which CREATE GENERATOR fits where its query \
                 has a column `{FLUX}`; ask for the measured {FLUX}",
                self.generator
            );
        };
        if targets.iter().any(|(name, _)| *name == FLUX) {
            return exec_err!("{CATALOGUE_USFLUX} and {FLUX} both say how much flux: give one of them");
        }
        if !(asked > 0.0 && asked.is_finite()) {
            return exec_err!("{CATALOGUE_USFLUX} => {asked}: a target is a positive number of Mx");
        }
        Ok(line.measured_mx(asked))
    }
}

impl Kernel for Generate {
    fn call(&self) -> CallSignature {
        let mut parameters = target_parameters();
        parameters.extend(tail());
        CallSignature {
            name: NAME,
            parameters,
            positional: 0,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "A generated patch whose measured quantities meet the targets, as a SAMPLE",
            details: MEANING.into(),
            returns: A_SAMPLE.into(),
            examples: vec![
                "SELECT round(s.usflux / 1e22, 1) AS usflux_1e22, round(s.psep) AS psep_mm, s.seed AS seed\n\
                 FROM (SELECT GENERATE(usflux => 1e22Mx, psep => 50Mm, seed => 7) AS s)"
                    .into(),
                "SELECT USFLUX(GENERATE(seed => 7)) = USFLUX(GENERATE(seed => 7)) AS same_seed,\n       \
                 USFLUX(GENERATE()) = USFLUX(GENERATE()) AS no_seed"
                    .into(),
                "SELECT harpnum, USFLUX(GENERATE(usflux => s.usflux, seed => s.harpnum)) / s.usflux BETWEEN 0.98 AND 1.021 AS met\n\
                 FROM (SELECT harpnum, usflux FROM sharps WHERE usflux BETWEEN 8e21Mx AND 1.6e22Mx ORDER BY harpnum, t_rec LIMIT 3) AS s"
                    .into(),
            ],
            errors: &[
                "SELECT GENERATE(usflux => 60Mm)",
                "SELECT GENERATE(usflux => 1e25Mx)",
                "SELECT GENERATE(usflx => 1e22Mx)",
            ],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        for (index, (name, _)) in targets().iter().enumerate() {
            let given = args.arg_fields[index].data_type();
            if !given.is_numeric() && *given != DataType::Null {
                return plan_err!("GENERATE: {name} is a number, found {given}");
            }
        }
        let name = constant_text(args, seed_place() + 2, "GENERATE")?
            .unwrap_or_else(|| DEFAULT_GENERATOR.to_owned());
        let generator = self.models.generator(&name)?;
        let fields = sample_fields(&name, generator.config().grid(), generator.config().w_dim);
        Ok(Arc::new(Field::new("generate", DataType::Struct(fields), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn is_repeatable(&self, rows: &Rows<'_>) -> bool {
        rows.i64(seed_place())
            .is_ok_and(|seeds| !seeds.is_empty() && seeds.is_valid(0))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let asked = Asked::read(rows)?;
        let requests = (0..rows.len())
            .map(|row| asked.request(&self.models, row))
            .collect::<Result<Vec<_>>>()?;
        let samples: Vec<_> = draw::draw(&rows.models(&self.models), &asked.generator, &requests)?
            .into_iter()
            .map(Some)
            .collect();
        let DataType::Struct(fields) = rows.return_field().data_type() else {
            return exec_err!("internal: GENERATE returns a struct");
        };
        Ok(Arc::new(sample_array(fields, &samples)?))
    }
}
