//! `TO_PATCH(list, height =>, width =>, cell_mm =>, scale =>, zero =>)`: a PATCH of a list of numbers in
//! rows from north to south and east to west, `B = scale · (number − zero)` in Gauss.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float32Array},
    compute::{CastOptions, cast_with_options},
    datatypes::{DataType, FieldRef, Float32Type},
};
use datafusion::{
    common::{Result, ScalarValue, exec_err, plan_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::{Grid, types::patch_field};
use helioql_grammar::{bind::CallSignature, unit::Dimension};

use super::{Kernel, Rows, in_dimension, number, required};
use crate::{documentation::Documentation, types::vector_array};

/// No model and no picture needs more; a typing error in `height` should not ask for terabytes.
const MAX_SIDE: f64 = 8192.0;

#[derive(Debug)]
pub(super) struct ToPatch;

impl Kernel for ToPatch {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "to_patch",
            parameters: vec![
                required("list")
                    .taking("list of numbers, or BINARY")
                    .about("the pixels, height × width of them"),
                required("height")
                    .taking("whole number")
                    .about("rows, up to 8192"),
                required("width")
                    .taking("whole number")
                    .about("columns, up to 8192"),
                in_dimension(required("cell_mm"), Dimension::Length).about("the side of a pixel on the Sun"),
                number("scale", 1.0).about("Gauss of one step of the numbers"),
                number("zero", 0.0).about("the number that stands for no field"),
            ],
            positional: 4,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "A patch of a list of numbers, row by row from the north-east corner, in Gauss",
            details: "B = scale · (number − zero). Rows run from north to south and, within a row, from east to west. A missing number is \
                      a pixel that was not observed. The shape is part of a PATCH's type, so that height, width and cell_mm are constants; a \
                      list of another length is an error that names its row."
                .into(),
            returns: "A PATCH in G; NULL where the list, scale or zero is.".into(),
            // By hand: (100 + 100) G × (1e8 cm)² = 2e18 Mx; 2 (200 − 127.5) G × 1e16 cm² = 1.45e18 Mx.
            examples: vec![
                "SELECT USFLUX(TO_PATCH([100.0, -100.0], height => 1, width => 2, cell_mm => 1Mm)) AS usflux".into(),
                "SELECT USFLUX(TO_PATCH([200], height => 1, width => 1, cell_mm => 1Mm, scale => 2, zero => 127.5)) AS usflux"
                    .into(),
            ],
            errors: &[
                "SELECT TO_PATCH([1.0, 2.0, 3.0], height => 2, width => 2, cell_mm => 1Mm)",
                "SELECT TO_PATCH([1.0], height => 1, width => 1, cell_mm => 1G)",
            ],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields[0].data_type() {
            DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(..)
            | DataType::Binary
            | DataType::BinaryView
            | DataType::LargeBinary => {}
            other => return plan_err!("TO_PATCH takes a list of numbers or bytes, found {other}"),
        }
        let height = side(args, 1, "height")?;
        let width = side(args, 2, "width")?;
        let cell_mm = constant(args, 3, "cell_mm")?;
        if !(cell_mm > 0.0 && cell_mm.is_finite()) {
            return plan_err!(
                "TO_PATCH: cell_mm is the side of a pixel in Mm and must be positive, found {cell_mm}"
            );
        }
        Ok(Arc::new(patch_field(
            "patch",
            Grid {
                height,
                width,
                cell_mm,
            },
        )))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let array = rows.array(0)?;
        let (scales, zeros) = (rows.f64(4)?, rows.f64(5)?);
        let DataType::FixedSizeList(_, length) = rows.return_field().data_type() else {
            return exec_err!("internal: TO_PATCH returns a patch");
        };
        let mut patches: Vec<Option<Vec<f32>>> = Vec::with_capacity(rows.len());
        for row in rows.indices() {
            let row = row?;
            if array.is_null(row) || scales.is_null(row) || zeros.is_null(row) {
                patches.push(None);
                continue;
            }
            let numbers = numbers(&array, row)?;
            if numbers.len() != *length as usize {
                return exec_err!(
                    "TO_PATCH: height × width is {length} pixels, the list of row {} has {}",
                    row + 1,
                    numbers.len()
                );
            }
            let (scale, zero) = (scales.value(row), zeros.value(row));
            let gauss = (0..numbers.len()).map(|index| {
                // A missing pixel is NaN in a patch.
                if numbers.is_null(index) {
                    f32::NAN
                } else {
                    (scale * (f64::from(numbers.value(index)) - zero)) as f32
                }
            });
            patches.push(Some(gauss.collect()));
        }
        vector_array(rows.return_field(), patches.iter().map(Option::as_deref))
    }
}

/// The numbers of one row: the elements of a list, or the bytes of a binary value.
fn numbers(array: &ArrayRef, row: usize) -> Result<Float32Array> {
    let bytes = |bytes: &[u8]| Float32Array::from_iter_values(bytes.iter().map(|&byte| f32::from(byte)));
    let list = match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value(row),
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        DataType::Binary => return Ok(bytes(array.as_binary::<i32>().value(row))),
        DataType::LargeBinary => return Ok(bytes(array.as_binary::<i64>().value(row))),
        DataType::BinaryView => return Ok(bytes(array.as_binary_view().value(row))),
        _ => array.as_fixed_size_list().value(row),
    };
    // What is no number must not become a missing pixel.
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let numbers = cast_with_options(&list, &DataType::Float32, &strict)?;
    Ok(numbers.as_primitive::<Float32Type>().clone())
}

fn side(args: &ReturnFieldArgs<'_>, index: usize, name: &str) -> Result<usize> {
    let side = constant(args, index, name)?;
    if !(1.0..=MAX_SIDE).contains(&side) || side.fract() != 0.0 {
        return plan_err!("TO_PATCH: {name} is a number of pixels from 1 to {MAX_SIDE}, found {side}");
    }
    Ok(side as usize)
}

/// The shape is part of the type, so it must be known when the query is planned.
fn constant(args: &ReturnFieldArgs<'_>, index: usize, name: &str) -> Result<f64> {
    let Some(value) = args.scalar_arguments[index] else {
        return plan_err!("TO_PATCH: {name} must be a constant");
    };
    match value.cast_to(&DataType::Float64) {
        Ok(ScalarValue::Float64(Some(value))) => Ok(value),
        _ => plan_err!("TO_PATCH: {name} must be a number, found {value}"),
    }
}
