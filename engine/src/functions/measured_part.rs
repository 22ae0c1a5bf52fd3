//! `MEASURED_PART(embedding)`: what an embedding says of the quantities of its patch, without the learned part. NEAREST
//! compares by it alone where it is told `by => 'physical'`.

use std::sync::Arc;

use arrow::{
    array::ArrayRef,
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, required};
use crate::{
    documentation::Documentation,
    encoder::physical::JOINED,
    error::Error,
    models::Handle,
    types::{VectorColumn, encoder_of, vector_array},
};

/// What it is called.
pub(crate) const NAME: &str = "measured_part";

#[derive(Debug)]
pub(super) struct MeasuredPart {
    models: Handle,
}

impl MeasuredPart {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for MeasuredPart {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: NAME,
            parameters: vec![
                required("embedding")
                    .taking("EMBEDDING")
                    .about("the embedding of a patch; EMBED(patch) makes one"),
            ],
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "The part of an embedding that was measured and not learned",
            details: format!(
                "The quantities {}, each in deviations from its mean over the patches that the encoder was trained on, and \
                 multiplied by the encoder's weights. The distance of two of them compares two patches by their physics alone, as \
                 NEAREST(…, by => 'physical') does. An encoder made WITH (physical = 0) has no such part.",
                JOINED.join(", ")
            )
            .into(),
            returns: format!("A vector of {} numbers without unit; NULL where the embedding is.", JOINED.len()).into(),
            examples: vec![
                "SELECT harpnum, round(l2_distance(MEASURED_PART(embedding), MEASURED_PART(EMBED(patch))), 3) AS distance\n\
                 FROM sharps ORDER BY harpnum, t_rec LIMIT 2"
                    .into(),
            ],
            errors: &["SELECT MEASURED_PART(usflux) FROM sharps"],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let embedding = &args.arg_fields[0];
        let (Some(identity), DataType::FixedSizeList(item, dim)) =
            (encoder_of(embedding), embedding.data_type())
        else {
            return plan_err!(
                "MEASURED_PART takes an EMBEDDING, found {}; EMBED(patch) makes one",
                embedding.data_type()
            );
        };
        let encoder = self.models.encoder_of_rows(&identity)?;
        let measured = encoder.measured();
        if measured.is_empty() || measured.end != *dim as usize {
            return Err(Error::Unsupported(format!(
                "the embeddings of `{identity}` have no measured part; an encoder made WITH (physical = 0.6) has one"
            ))
            .into());
        }
        let vector = DataType::FixedSizeList(Arc::clone(item), measured.len() as i32);
        Ok(Arc::new(Field::new(NAME, vector, true)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let embeddings = VectorColumn::new(&rows.array(0)?)?;
        let DataType::FixedSizeList(_, length) = rows.return_field().data_type() else {
            return plan_err!("internal: {NAME} returns a vector");
        };
        let parts = (0..embeddings.len()).map(|index| {
            let embedding = embeddings.get(index)?;
            Some(&embedding[embedding.len().saturating_sub(*length as usize)..])
        });
        vector_array(rows.return_field(), parts)
    }
}
