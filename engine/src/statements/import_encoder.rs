//! `IMPORT [OR REPLACE] ENCODER name FROM 'file' [WITH (…)]`: takes an encoder from a safetensors file or a `PyTorch`
//! checkpoint.
//!
//! Options: `arch` (`resnet` or `simsiam`; without it, the one whose tensors are there), `size` (side of the images
//! in pixels), `cell_mm` (side of a pixel on the Sun), `clip` (the field beyond which images are clipped).

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{Dimension, ast::ImportModel};

use super::{check_new, import_model};
use crate::{
    Result,
    encoder::{Encoder, ImportOptions},
    session::Session,
};

/// The architectures that can be imported.
const ARCHITECTURES: [&str; 2] = ["resnet", "simsiam"];

pub(super) async fn execute(session: &Session, import: &ImportModel, text: &str) -> Result<DataFrame> {
    check_new(
        session,
        "IMPORT",
        ModelKind::Encoder,
        &import.name,
        import.or_replace,
    )?;
    let mut given = import.options.clone();
    let options = ImportOptions {
        arch: import_model::arch(&mut given, &ARCHITECTURES)?,
        size: given.take_usize("size")?,
        cell_mm: given.take_quantity("cell_mm", Dimension::Length)?,
        clip_gauss: given
            .take_quantity("clip", Dimension::Field)?
            .map(|clip| clip as f32),
    };
    given.finish(&["arch", "size", "cell_mm", "clip"])?;
    import_model::execute(session, import, ModelKind::Encoder, text, move |file| {
        let imported = Encoder::import(file, &options)?;
        Ok(import_model::Read {
            config: serde_json::to_value(imported.model.config())?,
            weights: imported.model.save()?,
            tensors: imported.tensors,
            numbers: imported.numbers,
            ignored: imported.ignored,
        })
    })
    .await
}
