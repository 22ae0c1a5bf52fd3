//! `IMPORT [OR REPLACE] GENERATOR name FROM 'file' [WITH (…)]`: takes a generator from a safetensors file or a
//! `PyTorch` checkpoint.
//!
//! Options: `arch` (`dcgan` or `generative_interrogator`; without it, the one whose tensors are there), `cell_mm`
//! (side of a pixel on the Sun), `clip` (field at the image values ±1).

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{Dimension, ast::ImportModel};

use super::{check_new, import_model};
use crate::{
    Result,
    generator::{Generator, ImportOptions},
    session::Session,
};

/// The architectures that can be imported.
const ARCHITECTURES: [&str; 2] = ["dcgan", "generative_interrogator"];

pub(super) async fn execute(session: &Session, import: &ImportModel, text: &str) -> Result<DataFrame> {
    check_new(
        session,
        "IMPORT",
        ModelKind::Generator,
        &import.name,
        import.or_replace,
    )?;
    let mut given = import.options.clone();
    let options = ImportOptions {
        arch: import_model::arch(&mut given, &ARCHITECTURES)?,
        cell_mm: given.take_quantity("cell_mm", Dimension::Length)?,
        clip_gauss: given
            .take_quantity("clip", Dimension::Field)?
            .map(|clip| clip as f32),
    };
    given.finish(&["arch", "cell_mm", "clip"])?;
    import_model::execute(session, import, ModelKind::Generator, text, move |file| {
        let imported = Generator::import(file, &options)?;
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
