//! The table `sharps` of this engine: its grid, its encoder, and so its schema.

use arrow::datatypes::SchemaRef;
use helioql_catalog::schema::sharps_schema;

use crate::{DEFAULT_ENCODER, DEFAULT_GENERATOR, Result, models::Handle, patch::Grid};

/// The table of SHARP records.
pub(crate) const SHARPS: &str = "sharps";

/// The grid of the patches: that of the shipped generator, so that both are measured at one scale.
pub(crate) fn grid(models: &Handle) -> Result<Grid> {
    Ok(models.generator(DEFAULT_GENERATOR)?.grid())
}

/// The columns of `sharps` with the shipped encoder's embeddings.
pub(crate) fn schema(models: &Handle) -> Result<SchemaRef> {
    let encoder = models.encoder(DEFAULT_ENCODER)?;
    Ok(sharps_schema(grid(models)?, encoder.dim(), &encoder.identity))
}
