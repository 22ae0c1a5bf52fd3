//! A value as a reader wants it: six significant digits, times without a `T`, and for what is too large
//! for a cell, what it is. Machine formats do not come here.

use arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, Field, Float32Type, Float64Type},
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};
use helioql_catalog::types::{embedding_encoder, latent_generator, patch_grid, unit_of, vector_len};

use crate::patches::patch_child;

/// Significant digits of a number. Measured quantities are no better than this, and a reader who wants
/// all digits asks for csv or json.
const DIGITS: i32 = 6;
/// Elements of a list that are shown.
const ELEMENTS: usize = 4;
/// Quantities of a SAMPLE that are shown.
const QUANTITIES: usize = 3;

/// The value of one row as text; a text of several lines keeps them.
///
/// # Errors
/// For a type that Arrow cannot display.
pub(crate) fn cell(field: &Field, array: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    // A column of nothing but NULL has no bits to say so.
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Ok("NULL".to_owned());
    }
    if let Some(grid) = patch_grid(field) {
        let strongest = strongest(&array.as_fixed_size_list().value(row));
        let field = strongest.map_or_else(
            || "no field".to_owned(),
            |gauss| format!("±{} G", real(gauss.round())),
        );
        return Ok(format!("{}×{} {field}", grid.height, grid.width));
    }
    let vector = [
        ("latent", latent_generator(field)),
        ("embedding", embedding_encoder(field)),
    ];
    if let Some((name, _)) = vector.into_iter().find(|(_, model)| model.is_some()) {
        let shape = sparkline(&array.as_fixed_size_list().value(row));
        return Ok(format!(
            "{name}[{}] {shape}",
            vector_len(field).unwrap_or_default()
        ));
    }
    match array.data_type() {
        DataType::Float64 => Ok(real(array.as_primitive::<Float64Type>().value(row))),
        DataType::Float32 => Ok(real(array.as_primitive::<Float32Type>().value(row).into())),
        DataType::List(item) => list(item, &array.as_list::<i32>().value(row)),
        DataType::LargeList(item) => list(item, &array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(item, _) => list(item, &array.as_fixed_size_list().value(row)),
        DataType::Struct(_) if patch_child(field).is_some() => sample(field, array, row),
        DataType::Struct(fields) => {
            let pairs = fields.iter().zip(array.as_struct().columns());
            let pairs =
                pairs.map(|(field, child)| Ok(format!("{}: {}", field.name(), cell(field, child, row)?)));
            Ok(format!(
                "{{{}}}",
                pairs.collect::<Result<Vec<_>, ArrowError>>()?.join(", ")
            ))
        }
        DataType::Binary => Ok(bytes(array.as_binary::<i32>().value(row))),
        DataType::LargeBinary => Ok(bytes(array.as_binary::<i64>().value(row))),
        DataType::BinaryView => Ok(bytes(array.as_binary_view().value(row))),
        _ => {
            let options = FormatOptions::new()
                .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
                .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:z"));
            ArrayFormatter::try_new(array, &options)?
                .value(row)
                .try_to_string()
        }
    }
}

/// Whether values of this type stand flush right in a column.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}

/// A number with six significant digits: plainly from 10⁻⁴ to 10⁹, where all digits before the point are
/// kept, else with an exponent.
fn real(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".to_owned()
        } else {
            value.to_string()
        };
    }
    // Rounding may carry into the next power of ten, so the exponent is taken after it.
    let scientific = format!("{value:.*e}", DIGITS as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if exponent >= -4 && value.abs() < 1e9 => {
            shortest(&format!("{value:.*}", (DIGITS - 1 - exponent).max(0) as usize)).to_owned()
        }
        _ => format!("{}e{exponent}", shortest(mantissa)),
    }
}

/// A decimal number without the zeros at its end.
fn shortest(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// The largest absolute value of a patch; `None` where no pixel was observed.
fn strongest(pixels: &ArrayRef) -> Option<f64> {
    let pixels = pixels.as_primitive_opt::<Float32Type>()?;
    pixels
        .iter()
        .flatten()
        .filter(|gauss| gauss.is_finite())
        .map(|gauss| f64::from(gauss.abs()))
        .reduce(f64::max)
}

/// The first components of a vector as bars, by which two vectors can be told apart at a glance.
fn sparkline(values: &ArrayRef) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    const SHOWN: usize = 12;
    let values = values.as_primitive_opt::<Float32Type>();
    let shown: Vec<f32> = values
        .iter()
        .flat_map(|values| values.iter().take(SHOWN).flatten())
        .collect();
    let largest = shown
        .iter()
        .fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
    let bar = |value: &f32| {
        let part = (value / largest).midpoint(1.0) * (BARS.len() - 1) as f32;
        BARS[(part.round() as usize).min(BARS.len() - 1)]
    };
    shown.iter().map(bar).collect()
}

/// `[1, 2, 3, 4, … 4096 in all]`
fn list(item: &Field, values: &ArrayRef) -> Result<String, ArrowError> {
    let shown = (0..values.len().min(ELEMENTS)).map(|row| cell(item, values, row));
    let mut shown = shown.collect::<Result<Vec<_>, _>>()?;
    if values.len() > ELEMENTS {
        shown.push(format!("… {} in all", values.len()));
    }
    Ok(format!("[{}]", shown.join(", ")))
}

/// `sample(usflux 1.0003e22 Mx, psep 41.2 Mm, …)`: the first quantities that have a unit and a value.
fn sample(field: &Field, array: &ArrayRef, row: usize) -> Result<String, ArrowError> {
    let DataType::Struct(fields) = field.data_type() else {
        return Ok("sample".to_owned());
    };
    let mut shown = Vec::new();
    for (field, child) in fields.iter().zip(array.as_struct().columns()) {
        if let Some(unit) = unit_of(field)
            && is_number(field.data_type())
            && child.is_valid(row)
        {
            shown.push(format!("{} {} {unit}", field.name(), cell(field, child, row)?));
        }
    }
    let more = if shown.len() > QUANTITIES { ", …" } else { "" };
    shown.truncate(QUANTITIES);
    Ok(format!("sample({}{more})", shown.join(", ")))
}

fn bytes(bytes: &[u8]) -> String {
    let kind = if bytes.starts_with(b"\x89PNG") {
        "PNG, "
    } else {
        ""
    };
    format!("<{kind}{} bytes>", bytes.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        BinaryArray, BooleanArray, FixedSizeListArray, Float32Array, Float64Array, Int64Array, NullArray,
        StringArray, StructArray, TimestampMicrosecondArray,
    };
    use helioql_catalog::{
        keyword,
        types::{Grid, embedding_field, keyword_field, latent_field, patch_field},
    };

    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.5, "-0.5"),
            (1.0, "1"),
            (0.1 + 0.2, "0.3"),
            (41.234_567, "41.2346"),
            (123_456.7, "123457"),
            (12_345_678.9, "12345679"),
            (999_999_999.0, "999999999"),
            (1.000_300_4e22, "1.0003e22"),
            (1e22, "1e22"),
            (-2.5e-7, "-2.5e-7"),
            (0.0001, "0.0001"),
            (0.000_099_999_99, "0.0001"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(real(value), expected, "{value:?}");
        }
    }

    fn first(field: &Field, array: impl Array + 'static) -> String {
        cell(field, &(Arc::new(array) as ArrayRef), 0).expect("a value that can be shown")
    }

    fn vector(field: &Field, values: Vec<f32>) -> FixedSizeListArray {
        let DataType::FixedSizeList(item, length) = field.data_type() else {
            unreachable!("a vector is a list")
        };
        FixedSizeListArray::new(
            Arc::clone(item),
            *length,
            Arc::new(Float32Array::from(values)),
            None,
        )
    }

    #[test]
    fn what_is_too_large_for_a_cell_says_what_it_is() {
        let grid = Grid {
            height: 1,
            width: 3,
            cell_mm: 1.54,
        };
        let patch = patch_field("patch", grid);
        assert_eq!(
            first(&patch, vector(&patch, vec![-1432.25, 3.0, f32::NAN])),
            "1×3 ±1432 G"
        );
        assert_eq!(first(&patch, vector(&patch, vec![f32::NAN; 3])), "1×3 no field");
        let latent = latent_field("latent", 2, "sun");
        assert_eq!(first(&latent, vector(&latent, vec![-1.0, 2.0])), "latent[2] ▃█");
        let embedding = embedding_field("embedding", 2, "look");
        assert_eq!(
            first(&embedding, vector(&embedding, vec![0.0; 2])),
            "embedding[2] ▅▅"
        );
        let plain = Field::new(
            "v",
            DataType::new_fixed_size_list(DataType::Float32, 6, true),
            true,
        );
        assert_eq!(
            first(&plain, vector(&plain, vec![1.0, 2.5, 3.0, 4.0, 5.0, 6.0])),
            "[1, 2.5, 3, 4, … 6 in all]"
        );
        let binary = Field::new("png", DataType::Binary, true);
        assert_eq!(
            first(&binary, BinaryArray::from(vec![&b"\x89PNG1234"[..]])),
            "<PNG, 8 bytes>"
        );
    }

    #[test]
    fn a_sample_names_its_quantities() {
        let patch = patch_field(
            "patch",
            Grid {
                height: 1,
                width: 1,
                cell_mm: 1.0,
            },
        );
        let usflux = keyword_field(keyword::find("usflux").expect("a row of the registry"));
        let (pixels, flux) = (vector(&patch, vec![1.0]), Float64Array::from(vec![1.25e22]));
        let array = StructArray::from(vec![
            (Arc::new(patch), Arc::new(pixels) as ArrayRef),
            (Arc::new(usflux), Arc::new(flux) as ArrayRef),
        ]);
        let field = Field::new("sample", array.data_type().clone(), true);
        assert_eq!(first(&field, array), "sample(usflux 1.25e22 Mx)");
    }

    #[test]
    fn other_values_read_naturally() {
        let field = |array: &dyn Array| Field::new("x", array.data_type().clone(), true);
        let time = TimestampMicrosecondArray::from(vec![1_297_735_166_000_000]);
        assert_eq!(first(&field(&time), time.clone()), "2011-02-15 01:59:26");
        let fraction = TimestampMicrosecondArray::from(vec![1_297_735_166_500_000]);
        assert_eq!(
            first(&field(&fraction), fraction.clone()),
            "2011-02-15 01:59:26.500"
        );
        assert_eq!(
            first(
                &Field::new("x", DataType::Int64, true),
                Int64Array::from(vec![377])
            ),
            "377"
        );
        assert_eq!(
            first(
                &Field::new("x", DataType::Boolean, true),
                BooleanArray::from(vec![true])
            ),
            "true"
        );
        assert_eq!(
            first(
                &Field::new("x", DataType::Utf8, true),
                StringArray::from(vec!["a\nb"])
            ),
            "a\nb"
        );
        let inner = Arc::new(Field::new("a", DataType::Float64, true));
        let array = StructArray::from(vec![(
            inner,
            Arc::new(Float64Array::from(vec![1e22])) as ArrayRef,
        )]);
        assert_eq!(first(&field(&array), array.clone()), "{a: 1e22}");
        assert_eq!(
            first(&Field::new("x", DataType::Null, true), NullArray::new(1)),
            "NULL"
        );
    }
}
