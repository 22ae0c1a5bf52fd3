//! `INVERT(patch)`: the SAMPLE whose patch best reproduces a real one, so that STEER works on real regions.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StringArray},
    datatypes::{DataType, Field, FieldRef, Fields},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::{CallSignature, Parameter};

use super::{Kernel, Rows, constant_text, generate::A_SAMPLE, patch, text};
use crate::{
    documentation::Documentation,
    error::Error,
    generator::{Generator, GeneratorConfig},
    invert::{Inverted, invert},
    models::{DEFAULT_ENCODER, DEFAULT_GENERATOR, Handle, Named},
    types::{PatchColumn, Sample, check_patch, sample_array, sample_fields},
};

#[derive(Debug)]
pub(super) struct Invert {
    models: Handle,
}

impl Invert {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

/// What a call means, as a function and in FROM.
pub(crate) const MEANING: &str = "\
The search starts where the encoder finds drawn patches nearest, and goes down the difference of the two images, of their \
maps of flux and of their total fluxes. The generator has a hundred numbers for a patch, so that the order of the polarities \
and the large field are found again and not every spot. Expect seconds a patch. The real patch is compared as the generator \
could have drawn it: on its grid, and clipped at its field.";

/// `patch`, then the two models.
pub(crate) fn parameters() -> Vec<Parameter> {
    vec![
        patch("the patch to reproduce"),
        text("generator", DEFAULT_GENERATOR).about("the generator whose sample is sought"),
        text("encoder", DEFAULT_ENCODER).about("the encoder that says where to begin"),
    ]
}

/// The type of the sample for a patch of `args`.
pub(super) fn return_fields(models: &Handle, args: &ReturnFieldArgs<'_>) -> Result<Fields> {
    check_patch("INVERT", &args.arg_fields[0])?;
    let name = constant_text(args, 1, "INVERT")?.unwrap_or_else(|| DEFAULT_GENERATOR.to_owned());
    // Named here so that a wrong name is refused before anything runs.
    models.encoder(
        constant_text(args, 2, "INVERT")?
            .as_deref()
            .unwrap_or(DEFAULT_ENCODER),
    )?;
    let generator = models.generator(&name)?;
    Ok(sample_fields(&name, generator.grid(), generator.config().w_dim))
}

/// A generator, and what it found for each row; `None` where the patch is NULL.
pub(super) type Found = (Arc<Named<Generator>>, Vec<Option<Inverted>>);

/// Inverts each patch of the rows.
pub(super) fn inverted(models: &Handle, rows: &Rows<'_>) -> Result<Found> {
    let patches = PatchColumn::new("INVERT", &rows.array(0)?, rows.field(0))?;
    let first =
        |names: &StringArray, default: &str| names.iter().flatten().next().unwrap_or(default).to_owned();
    let generator = models.generator(&first(&rows.text(1)?, DEFAULT_GENERATOR))?;
    let encoder = models.encoder(&first(&rows.text(2)?, DEFAULT_ENCODER))?;
    let atlas = models.atlas(&generator, &encoder)?;
    let one = |row: usize| -> Result<Option<Inverted>> {
        let Some(patch) = patches.get(row) else {
            return Ok(None);
        };
        let found = invert(&generator, &encoder, &atlas, &patch, models).map_err(Error::from)?;
        Ok(Some(found))
    };
    let found = (0..rows.len()).map(one).collect::<Result<_>>()?;
    Ok((generator, found))
}

/// A result as a sample.
pub(super) fn sample(config: &GeneratorConfig, inverted: &Inverted) -> Arc<Sample> {
    Arc::new(Sample::new(config, inverted.view.clone()))
}

impl Kernel for Invert {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "invert",
            parameters: parameters(),
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "The SAMPLE whose patch best reproduces a real one, so that it can be steered",
            details: MEANING.into(),
            returns: A_SAMPLE.into(),
            examples: vec![
                "SELECT harpnum, USFLUX(INVERT(patch)) / USFLUX(patch) BETWEEN 0.5 AND 2 AS flux_is_near\n\
                 FROM (SELECT harpnum, patch FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1)"
                    .into(),
            ],
            errors: &[
                "SELECT INVERT(usflux) FROM sharps",
                "SELECT INVERT(patch, generator => 'moon') FROM sharps",
            ],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let fields = return_fields(&self.models, args)?;
        Ok(Arc::new(Field::new("invert", DataType::Struct(fields), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let (generator, found) = inverted(&rows.models(&self.models), rows)?;
        let samples: Vec<_> = found
            .iter()
            .map(|found| found.as_ref().map(|found| sample(generator.config(), found)))
            .collect();
        let DataType::Struct(fields) = rows.return_field().data_type() else {
            return exec_err!("internal: INVERT returns a struct");
        };
        Ok(Arc::new(sample_array(fields, &samples)?))
    }
}
