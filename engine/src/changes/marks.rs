//! What the vectors of a column are of: the encoder of embeddings, the generator of latents, the grid of patches. A column
//! has those of one, because its field says so for all of its rows.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use helioql_catalog::types::{embedding_encoder, latent_generator, patch_grid};
use helioql_grammar::Diagnostic;

use crate::Result;

/// Refuses rows whose vectors are of something else than those of the table that they join.
pub(super) fn check(table: &Schema, rows: &DFSchema) -> Result<()> {
    for (there, incoming) in table.fields().iter().zip(rows.fields()) {
        let (Some(has), Some(comes)) = (mark(there), mark(incoming)) else {
            continue;
        };
        if has != comes {
            let name = there.name();
            return Err(Diagnostic::error(format!("`{name}` holds {has}, found {comes}"))
                .with_hint(format!(
                    "the two cannot be compared: UPDATE … SET {name} = … without WHERE changes all rows of a table of the catalogue"
                ))
                .into());
        }
    }
    Ok(())
}

/// The columns of a table once `rows` are all that it has.
pub(super) fn taken_over(table: &SchemaRef, rows: &DFSchema) -> SchemaRef {
    let fields = table.fields().iter().zip(rows.fields()).map(|(there, incoming)| {
        if mark(there).is_some() && mark(incoming).is_some() {
            let metadata = incoming.metadata().clone();
            Arc::new(there.as_ref().clone().with_metadata(metadata))
        } else {
            Arc::clone(there)
        }
    });
    Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        table.metadata().clone(),
    ))
}

/// What the vectors of a column are of, in words.
fn mark(field: &Field) -> Option<String> {
    if let Some(encoder) = embedding_encoder(field) {
        return Some(format!("embeddings of the encoder {encoder}"));
    }
    if let Some(generator) = latent_generator(field) {
        return Some(format!("latents of the generator {generator}"));
    }
    let grid = patch_grid(field)?;
    Some(format!(
        "patches of {} × {} cells of {} Mm",
        grid.height, grid.width, grid.cell_mm
    ))
}
