//! The patches of a result, kept so that `.show` and `.save` can draw them.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Float32Type},
};
use helioql::patch::Patch;
use helioql_catalog::types::patch_grid;

use crate::error::Result;

/// How many patches of a result are kept: as many as a contact sheet can show legibly.
pub(crate) const KEPT: usize = 100;

/// Adds the patches of a batch's first PATCH or SAMPLE column until [`KEPT`] are kept.
///
/// # Errors
/// When a column's values are not those its field promises.
pub(crate) fn keep(kept: &mut Vec<Patch>, batch: &RecordBatch) -> Result<()> {
    let schema = batch.schema();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        if let Some(child) = patch_child(field) {
            return add(
                kept,
                child,
                array.as_struct().column_by_name(child.name()).unwrap_or(array),
            );
        }
        if patch_grid(field).is_some() {
            return add(kept, field, array);
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

fn add(kept: &mut Vec<Patch>, field: &Field, array: &dyn Array) -> Result<()> {
    let Some(grid) = patch_grid(field) else {
        return Ok(());
    };
    let list = array.as_fixed_size_list();
    for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
        if kept.len() == KEPT {
            break;
        }
        let pixels = cast(&list.value(row), &DataType::Float32)?;
        let pixels = pixels.as_primitive::<Float32Type>().values().to_vec();
        kept.push(Patch::new(grid, pixels).map_err(helioql::Error::from)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{ArrayRef, FixedSizeListArray, Float32Array, Int64Array, StructArray},
        datatypes::Schema,
    };
    use helioql::patch::Grid;
    use helioql_catalog::types::patch_field;

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

    fn kept(field: Field, array: ArrayRef) -> Vec<Vec<f32>> {
        let batch =
            RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).expect("one column");
        let mut kept = Vec::new();
        keep(&mut kept, &batch).expect("valid patches");
        kept.into_iter().map(Patch::into_gauss).collect()
    }

    #[test]
    fn patches_are_found_alone_and_in_samples() {
        let (field, array) = patches(vec![true, false, true]);
        let expected = [[0.0, 1.0], [4.0, 5.0]];
        assert_eq!(kept(field.clone(), Arc::clone(&array)), expected);
        let sample = StructArray::from(vec![(Arc::new(field), array)]);
        let field = Field::new("sample", sample.data_type().clone(), true);
        assert_eq!(kept(field, Arc::new(sample)), expected);
    }

    #[test]
    fn other_columns_and_many_rows_are_bounded() {
        let numbers = Int64Array::from(vec![1, 2]);
        assert!(kept(Field::new("n", DataType::Int64, false), Arc::new(numbers)).is_empty());
        let (field, array) = patches(vec![true; KEPT + 1]);
        assert_eq!(kept(field, array).len(), KEPT);
    }
}
