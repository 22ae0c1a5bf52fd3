//! `EMBED(patch)`: the vector by which NEAREST compares patches.

use std::sync::Arc;

use arrow::{array::ArrayRef, datatypes::FieldRef};
use datafusion::{common::Result, logical_expr::ReturnFieldArgs};
use helioql_catalog::types::embedding_field;
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, constant_text, patch, text};
use crate::{
    documentation::Documentation,
    error::Error,
    models::{DEFAULT_ENCODER, Handle},
    types::{PatchColumn, check_patch, vector_array},
};

/// How many patches go through the encoder between two looks at the cancel flag.
const CHUNK: usize = 64;

#[derive(Debug)]
pub(super) struct Embed {
    models: Handle,
}

impl Embed {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for Embed {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "embed",
            parameters: vec![
                patch("the patch to embed"),
                text("encoder", DEFAULT_ENCODER).about("which encoder; SHOW ENCODERS lists them"),
            ],
            positional: 2,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "The vector of a patch or sample that NEAREST compares",
            details: "An encoder makes it: a learned part, and beside it standardised physical quantities of the patch, so that near \
                      means alike in look and in physics. Vectors of different encoders are not to be compared; an EMBEDDING knows \
                      its encoder. The column embedding of sharps is that of the encoder look."
                .into(),
            returns: "An EMBEDDING, a vector of numbers without unit; NULL where the patch is.".into(),
            examples: vec![
                "SELECT harpnum, round(l2_distance(embedding, EMBED(patch)), 3) AS distance\nFROM sharps ORDER BY harpnum, t_rec LIMIT 2"
                    .into(),
                "SELECT arrow_typeof(EMBED(patch)) LIKE 'FixedSizeList%' AS is_vector FROM sharps LIMIT 1".into(),
            ],
            errors: &["SELECT EMBED(usflux) FROM sharps"],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        check_patch("EMBED", &args.arg_fields[0])?;
        let name = constant_text(args, 1, "EMBED")?;
        let encoder = self.models.encoder(name.as_deref().unwrap_or(DEFAULT_ENCODER))?;
        Ok(Arc::new(embedding_field(
            "embed",
            encoder.dim(),
            &encoder.identity,
        )))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new("EMBED", &rows.array(0)?, rows.field(0))?;
        let names = rows.text(1)?;
        let name = names
            .iter()
            .flatten()
            .next()
            .unwrap_or(DEFAULT_ENCODER)
            .to_owned();
        let encoder = self.models.encoder(&name)?;
        let mut embeddings: Vec<Option<Vec<f32>>> = Vec::with_capacity(rows.len());
        let indices: Vec<usize> = (0..rows.len()).collect();
        for chunk in indices.chunks(CHUNK) {
            rows.check_cancelled()?;
            let chunk: Vec<_> = chunk.iter().map(|&index| patches.get(index)).collect();
            let present: Vec<_> = chunk.iter().flatten().collect();
            let mut embedded = encoder.embed(&present).map_err(Error::from)?.into_iter();
            embeddings.extend(
                chunk
                    .iter()
                    .map(|patch| patch.as_ref().and_then(|_| embedded.next())),
            );
        }
        vector_array(rows.return_field(), embeddings.iter().map(Option::as_deref))
    }
}
