//! The patches of a result, kept with what stands beside them so that `.show` and `.save` can draw and name
//! them.

use std::fmt;

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Float32Type, Float64Type},
};
use helioql::patch::Patch;
use helioql_catalog::types::{patch_grid, unit_of};

use crate::{error::Result, render::value};

/// How many patches of a result are kept: as many as a contact sheet can show legibly.
pub(crate) const KEPT: usize = 100;

/// A patch of a result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    /// The patch.
    pub(crate) patch: Patch,
    /// The row's other values, those of a SAMPLE included.
    pub(crate) facts: Vec<Fact>,
}

/// A value that stands beside a patch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    /// The column's name.
    pub(crate) name: String,
    /// The value as a table shows it.
    pub(crate) text: String,
    /// Its unit.
    pub(crate) unit: Option<String>,
    /// The value of a number.
    pub(crate) value: Option<f64>,
}

/// `usflux 1.02e22 Mx`
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.text)?;
        self.unit.iter().try_for_each(|unit| write!(f, " {unit}"))
    }
}

/// Adds the patches of a batch's first PATCH or SAMPLE column until [`KEPT`] are kept.
///
/// # Errors
/// When a column's values are not those its field promises.
pub(crate) fn keep(kept: &mut Vec<Kept>, batch: &RecordBatch) -> Result<()> {
    let schema = batch.schema();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        if let Some(child) = patch_child(field) {
            let patches = array.as_struct().column_by_name(child.name()).unwrap_or(array);
            return add(kept, child, patches, batch);
        }
        if patch_grid(field).is_some() {
            return add(kept, field, array, batch);
        }
    }
    Ok(())
}

/// The patch of a SAMPLE.
pub(crate) fn patch_child(field: &Field) -> Option<&Field> {
    let DataType::Struct(children) = field.data_type() else {
        return None;
    };
    children
        .iter()
        .map(AsRef::as_ref)
        .find(|child| patch_grid(child).is_some())
}

fn add(kept: &mut Vec<Kept>, field: &Field, array: &dyn Array, batch: &RecordBatch) -> Result<()> {
    for row in 0..array.len() {
        if kept.len() == KEPT {
            break;
        }
        if let Some(patch) = patch_at(field, array, row)? {
            let facts = facts(batch, row)?;
            kept.push(Kept { patch, facts });
        }
    }
    Ok(())
}

/// The patch of one row of a PATCH column; `None` for another column and for NULL.
///
/// # Errors
/// When the values are not those that the field promises.
pub(crate) fn patch_at(field: &Field, array: &dyn Array, row: usize) -> Result<Option<Patch>> {
    let Some(grid) = patch_grid(field) else {
        return Ok(None);
    };
    if array.is_null(row) {
        return Ok(None);
    }
    let pixels = cast(&array.as_fixed_size_list().value(row), &DataType::Float32)?;
    let pixels = pixels.as_primitive::<Float32Type>().values().to_vec();
    Ok(Some(Patch::new(grid, pixels).map_err(helioql::Error::from)?))
}

/// What a row tells besides its patch.
fn facts(batch: &RecordBatch, row: usize) -> Result<Vec<Fact>> {
    let schema = batch.schema();
    let mut facts = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        if patch_child(field).is_some() {
            let DataType::Struct(children) = field.data_type() else {
                continue;
            };
            for (child, array) in children.iter().zip(array.as_struct().columns()) {
                facts.extend(fact(child, array, row)?);
            }
        } else {
            facts.extend(fact(field, array, row)?);
        }
    }
    // A SAMPLE beside its own columns says everything twice.
    let mut names = std::collections::BTreeSet::new();
    facts.retain(|fact| names.insert(fact.name.clone()));
    Ok(facts)
}

/// A value that has one, and one line.
fn fact(field: &Field, array: &ArrayRef, row: usize) -> Result<Option<Fact>> {
    let is_plain = !field.data_type().is_nested() && !field.data_type().is_binary();
    if !is_plain || array.is_null(row) || *field.data_type() == DataType::Null {
        return Ok(None);
    }
    let value = if field.data_type().is_numeric() {
        let number = cast(&array.slice(row, 1), &DataType::Float64)?;
        Some(number.as_primitive::<Float64Type>().value(0))
    } else {
        None
    };
    Ok(Some(Fact {
        name: field.name().clone(),
        text: value::cell(field, array, row)?
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
        unit: unit_of(field).map(str::to_owned),
        value,
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{FixedSizeListArray, Float32Array, Float64Array, Int64Array, StructArray},
        datatypes::Schema,
    };
    use helioql::patch::Grid;
    use helioql_catalog::{
        keyword,
        types::{keyword_field, patch_field},
    };

    use super::*;

    const GRID: Grid = Grid {
        height: 1,
        width: 2,
        cell_mm: 1.0,
    };

    fn patches(valid: Vec<bool>) -> (Field, ArrayRef) {
        let field = patch_field("patch", GRID);
        let DataType::FixedSizeList(item, _) = field.data_type() else {
            unreachable!("a patch is a list")
        };
        let pixels = Float32Array::from_iter_values((0..valid.len() * 2).map(|pixel| pixel as f32));
        let list = FixedSizeListArray::new(Arc::clone(item), 2, Arc::new(pixels), Some(valid.into()));
        (field, Arc::new(list))
    }

    fn kept(columns: Vec<(Field, ArrayRef)>) -> Vec<Kept> {
        let (fields, arrays): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of a length");
        let mut kept = Vec::new();
        keep(&mut kept, &batch).expect("valid patches");
        kept
    }

    fn gauss(kept: &[Kept]) -> Vec<&[f32]> {
        kept.iter().map(|kept| kept.patch.gauss()).collect()
    }

    #[test]
    fn patches_are_found_alone_and_in_samples() {
        let (field, array) = patches(vec![true, false, true]);
        let expected = [[0.0, 1.0], [4.0, 5.0]];
        assert_eq!(gauss(&kept(vec![(field.clone(), Arc::clone(&array))])), expected);
        let sample = StructArray::from(vec![(Arc::new(field), array)]);
        let field = Field::new("sample", sample.data_type().clone(), true);
        assert_eq!(gauss(&kept(vec![(field, Arc::new(sample))])), expected);
    }

    #[test]
    fn a_patch_knows_its_row() {
        let (field, array) = patches(vec![true]);
        let usflux = keyword_field(keyword::find("usflux").expect("a row of the registry"));
        let flux: ArrayRef = Arc::new(Float64Array::from(vec![1.02e22]));
        let children = vec![(Arc::new(usflux), flux), (Arc::new(field), array)];
        let sample = StructArray::from(children);
        let kept = kept(vec![
            (
                Field::new("step", DataType::Int64, true),
                Arc::new(Int64Array::from(vec![3])),
            ),
            (
                Field::new("nothing", DataType::Int64, true),
                Arc::new(Int64Array::from(vec![None])),
            ),
            (
                Field::new("sample", sample.data_type().clone(), true),
                Arc::new(sample),
            ),
        ]);
        let facts: Vec<String> = kept[0].facts.iter().map(ToString::to_string).collect();
        assert_eq!(facts, ["step 3", "usflux 1.02e22 Mx"]);
        assert_eq!(kept[0].facts[1].value, Some(1.02e22));
    }

    #[test]
    fn other_columns_and_many_rows_are_bounded() {
        let numbers = Int64Array::from(vec![1, 2]);
        assert!(kept(vec![(Field::new("n", DataType::Int64, false), Arc::new(numbers))]).is_empty());
        assert_eq!(kept(vec![patches(vec![true; KEPT + 1])]).len(), KEPT);
    }
}
