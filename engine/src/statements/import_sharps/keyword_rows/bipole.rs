//! What of a record follows from its keywords: the separation and the tilt of its polarities, which come with
//! the centres that a table brings.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array},
    datatypes::{Float64Type, SchemaRef},
};
use helioql_catalog::bipole::Bipole;

use super::column::over;
use crate::Result;

/// The columns of the centres: latitude and longitude of the positive and of the negative polarity.
const CENTRES: [&str; 4] = ["latfwtpo", "lonfwtpo", "latfwtne", "lonfwtne"];

/// Computes the separation and the tilt of those rows that `updated` marks and whose centres are known.
pub(super) fn derive(schema: &SchemaRef, columns: &mut [ArrayRef], updated: &[Option<usize>]) -> Result<()> {
    let centres = CENTRES.map(|name| {
        let column = columns.get(schema.index_of(name).ok()?)?;
        column.as_primitive_opt::<Float64Type>().cloned()
    });
    let [Some(lat_p), Some(lon_p), Some(lat_n), Some(lon_n)] = centres else {
        return Ok(());
    };
    let bipoles: Vec<Option<Bipole>> = updated
        .iter()
        .enumerate()
        .map(|(row, updated)| {
            let degrees = |centre: &Float64Array| centre.is_valid(row).then(|| centre.value(row));
            updated.as_ref()?;
            Some(Bipole::between(
                (degrees(&lat_p)?, degrees(&lon_p)?),
                (degrees(&lat_n)?, degrees(&lon_n)?),
            ))
        })
        .collect();
    let separations = bipoles
        .iter()
        .map(|bipole| bipole.map(|bipole| bipole.separation_deg));
    let tilts = bipoles
        .iter()
        .map(|bipole| bipole.and_then(|bipole| bipole.tilt_deg));
    let derived: [(&str, Float64Array); 2] = [
        ("psep_harp", separations.collect()),
        ("tilt_harp", tilts.collect()),
    ];
    for (name, values) in derived {
        if let Some(column) = schema
            .index_of(name)
            .ok()
            .and_then(|index| columns.get_mut(index))
        {
            let values: ArrayRef = Arc::new(values);
            *column = over(&values, column)?;
        }
    }
    Ok(())
}
