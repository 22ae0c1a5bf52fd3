//! `RENDER(patch, format => 'png', range => 250G)`: a picture of a patch, positive field white.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, BinaryBuilder},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_datafusion_err, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::{bind::CallSignature, unit::Dimension};

use super::{Kernel, Rows, constant_text, in_dimension, number, patch, text};
use crate::{
    documentation::Documentation,
    picture,
    types::{PatchColumn, check_patch},
};

/// The field that is white, in Gauss: where the shipped generator's training images were clipped.
const DEFAULT_RANGE_GAUSS: f64 = 250.0;

#[derive(Debug)]
pub(super) struct Render;

impl Kernel for Render {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "render",
            parameters: vec![
                patch("the patch to draw"),
                text("format", "png").about("the form of the picture; 'png' is the only one"),
                in_dimension(number("range", DEFAULT_RANGE_GAUSS), Dimension::Field)
                    .about("the field that is drawn white, and with a minus black"),
            ],
            positional: 2,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "A picture of a patch or sample as the bytes of a PNG file",
            details: "North is up and west is right. Grey is no field, white is positive and black negative field of range and more; a \
                      pixel that was not observed is grey too. In the shell .save writes pictures of a column, .show draws \
                      them in the terminal."
                .into(),
            returns: "A BINARY, the bytes of a PNG file; NULL where the patch is.".into(),
            examples: vec![
                "SELECT substr(encode(RENDER(patch, range => 500G), 'hex'), 1, 16) AS png_signature FROM sharps LIMIT 1".into(),
            ],
            errors: &["SELECT RENDER(patch, format => 'jpeg') FROM sharps", "SELECT RENDER(patch, range => 5Mm) FROM sharps"],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        check_patch("RENDER", &args.arg_fields[0])?;
        match constant_text(args, 1, "RENDER")?.as_deref() {
            None | Some("png") => Ok(Arc::new(Field::new("render", DataType::Binary, true))),
            Some(other) => plan_err!("RENDER: format is 'png', found '{other}'"),
        }
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new("RENDER", &rows.array(0)?, rows.field(0))?;
        let ranges = rows.f64(2)?;
        let mut pictures = BinaryBuilder::new();
        for row in rows.indices() {
            let row = row?;
            let range = ranges.value(row);
            if !(range > 0.0 && range.is_finite()) {
                return Err(exec_datafusion_err!(
                    "RENDER: range is the field shown as white and must be positive, found {range} G"
                ));
            }
            match patches.get(row) {
                Some(patch) => {
                    let png = picture::png(&patch, range as f32)
                        .map_err(|error| exec_datafusion_err!("RENDER: {error}"))?;
                    pictures.append_value(png);
                }
                None => pictures.append_null(),
            }
        }
        Ok(Arc::new(pictures.finish()))
    }
}
