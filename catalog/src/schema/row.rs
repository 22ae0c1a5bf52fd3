//! Rows of `sharps`: a record's header, its patch and its embedding, laid out as columns.
//!
//! Which card feeds which column is told by the schema's own field metadata, so that a keyword added to
//! the registry needs no line here.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use arrow::error::ArrowError;

use crate::bipole::Bipole;
use crate::fits::Header;
use crate::record::{SharpId, noaa_ar};
use crate::types::KEYWORD;

/// One row of `sharps`.
#[derive(Clone, Debug, PartialEq)]
pub struct SharpRow {
    /// The key.
    pub id: SharpId,
    /// The cards that the keyword columns are filled from, those of computed keywords among them
    /// ([`Keyword::card_name`](crate::keyword::Keyword::card_name)); NULL where there is none.
    pub header: Header,
    /// The component that the patch holds: `los` or `br`.
    pub patch_component: Option<&'static str>,
    /// The field in Gauss on the schema's grid, row by row from north to south.
    pub patch: Option<Vec<f32>>,
    /// The encoder's vector of the patch.
    pub embedding: Option<Vec<f32>>,
    /// Where the record is from: `jsoc`, `simulated`, ….
    pub source: String,
    /// The file it was read from.
    pub path: Option<String>,
}

/// Rows as a batch of the table's schema.
///
/// # Errors
/// When a patch or an embedding has not the length that the schema gives it.
///
/// # Examples
/// ```
/// use helioql_catalog::schema::{SharpRow, sharps_batch, sharps_schema};
/// use helioql_catalog::{Grid, Header, SharpId};
///
/// let schema = sharps_schema(Grid { height: 2, width: 2, cell_mm: 1.0 }, 3, "look");
/// let row = SharpRow {
///     id: SharpId { harpnum: 377, t_rec: "2011.02.15_02:00:00_TAI".parse()? },
///     header: Header::from_lines("USFLUX  = 2.7e22\nR_VALUE = nan"),
///     patch_component: Some("br"),
///     patch: Some(vec![1.0, -1.0, 0.0, 2.0]),
///     embedding: None,
///     source: "jsoc".to_owned(),
///     path: None,
/// };
/// let batch = sharps_batch(&schema, &[row])?;
/// let column = |name| batch.column_by_name(name).expect("a column of the schema");
/// assert_eq!((column("usflux").null_count(), column("r_value").null_count()), (0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sharps_batch(schema: &SchemaRef, rows: &[SharpRow]) -> Result<RecordBatch, ArrowError> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| column(field, rows))
        .collect::<Result<_, _>>()?;
    RecordBatch::try_new(schema.clone(), columns)
}

fn column(field: &Field, rows: &[SharpRow]) -> Result<ArrayRef, ArrowError> {
    let card = field.metadata().get(KEYWORD).map(String::as_str);
    Ok(match (field.name().as_str(), card, field.data_type()) {
        ("harpnum", ..) => Arc::new(Int64Array::from_iter_values(
            rows.iter().map(|row| row.id.harpnum),
        )),
        ("t_rec", ..) => {
            let times = rows.iter().map(|row| row.id.t_rec.to_unix_micros());
            Arc::new(TimestampMicrosecondArray::from_iter_values(times))
        }
        ("t_rec_tai", ..) => texts(rows, |row| Some(row.id.t_rec.to_string())),
        ("patch_component", ..) => texts(rows, |row| row.patch_component),
        ("source", ..) => texts(rows, |row| Some(row.source.as_str())),
        ("path", ..) => texts(rows, |row| row.path.as_deref()),
        ("patch", _, DataType::FixedSizeList(item, len)) => {
            vectors(field, item, *len, rows, |row| row.patch.as_deref())?
        }
        ("embedding", _, DataType::FixedSizeList(item, len)) => {
            vectors(field, item, *len, rows, |row| row.embedding.as_deref())?
        }
        ("noaa_ar", ..) => Arc::new(
            rows.iter()
                .map(|row| noaa_ar(&row.header))
                .collect::<Int64Array>(),
        ),
        ("psep_harp", ..) => reals(rows, |row| Some(Bipole::from_header(&row.header)?.separation_deg)),
        ("tilt_harp", ..) => reals(rows, |row| Bipole::from_header(&row.header)?.tilt_deg),
        (_, Some(card), DataType::Float64) => reals(rows, |row| row.header.real(card)),
        (_, Some(card), DataType::Int64) => Arc::new(
            rows.iter()
                .map(|row| row.header.integer(card))
                .collect::<Int64Array>(),
        ),
        (_, Some(card), DataType::Utf8) => texts(rows, |row| row.header.text(card)),
        (name, _, data_type) => {
            let message = format!("column `{name}` of type {data_type} is none of the table `sharps`");
            return Err(ArrowError::SchemaError(message));
        }
    })
}

fn reals(rows: &[SharpRow], real: impl Fn(&SharpRow) -> Option<f64>) -> ArrayRef {
    Arc::new(rows.iter().map(real).collect::<Float64Array>())
}

fn texts<'a, T: AsRef<str>>(rows: &'a [SharpRow], text: impl Fn(&'a SharpRow) -> Option<T>) -> ArrayRef {
    Arc::new(rows.iter().map(text).collect::<StringArray>())
}

fn vectors<'a>(
    field: &Field,
    item: &FieldRef,
    len: i32,
    rows: &'a [SharpRow],
    vector: impl Fn(&'a SharpRow) -> Option<&'a [f32]>,
) -> Result<ArrayRef, ArrowError> {
    let mut values = Vec::with_capacity(rows.len() * len as usize);
    for row in rows {
        match vector(row) {
            Some(vector) if vector.len() == len as usize => values.extend_from_slice(vector),
            // What stands under a NULL is never read.
            None => values.resize(values.len() + len as usize, f32::NAN),
            Some(vector) => {
                let (name, found) = (field.name(), vector.len());
                let message = format!(
                    "`{name}` of record {} must have {len} values, found {found}",
                    row.id
                );
                return Err(ArrowError::InvalidArgumentError(message));
            }
        }
    }
    let present: NullBuffer = rows
        .iter()
        .map(|row| vector(row).is_some())
        .collect::<Vec<_>>()
        .into();
    let values = Arc::new(Float32Array::from(values));
    Ok(Arc::new(FixedSizeListArray::try_new(
        item.clone(),
        len,
        values,
        Some(present),
    )?))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Float32Type, Float64Type, Int64Type, TimestampMicrosecondType};

    use super::*;
    use crate::schema::sharps_schema;
    use crate::types::Grid;

    fn schema() -> SchemaRef {
        sharps_schema(
            Grid {
                height: 2,
                width: 3,
                cell_mm: 1.0,
            },
            4,
            "look",
        )
    }

    fn row() -> SharpRow {
        SharpRow {
            id: SharpId {
                harpnum: 377,
                t_rec: "2011.02.15_02:00:00_TAI".parse().expect("a time"),
            },
            header: Header::from_lines(
                "USFLUX  = 2.7e22\nERRVF   = 6.9e18\nCMASK   = 45703.0\nQUALITY = 0\nNOAA_AR = 0\nNOAA_ARS= '11158'",
            ),
            patch_component: Some("los"),
            patch: Some((0_u8..6).map(f32::from).collect()),
            embedding: None,
            source: "jsoc".to_owned(),
            path: Some("a.fits".to_owned()),
        }
    }

    #[test]
    fn cards_land_in_their_columns() -> Result<(), ArrowError> {
        let bare = SharpRow {
            header: Header::default(),
            patch: None,
            embedding: Some(vec![1.0; 4]),
            ..row()
        };
        let batch = sharps_batch(&schema(), &[row(), bare])?;
        let column = |name: &str| batch.column_by_name(name).expect("a column of the schema");
        assert_eq!(
            column("harpnum").as_primitive::<Int64Type>().values(),
            &[377, 377]
        );
        let unix = column("t_rec")
            .as_primitive::<TimestampMicrosecondType>()
            .value(0);
        assert_eq!(unix, 1_297_735_166_000_000); // 2011-02-15T01:59:26Z, TAI being 34 s ahead
        assert_eq!(
            column("t_rec_tai").as_string::<i32>().value(0),
            "2011.02.15_02:00:00_TAI"
        );
        assert_eq!(column("noaa_ars").as_string::<i32>().value(0), "11158");
        for (name, value) in [("usflux", 2.7e22), ("usflux_err", 6.9e18), ("cmask", 45703.0)] {
            let column = column(name).as_primitive::<Float64Type>();
            assert_eq!(
                (column.value(0).to_bits(), column.is_null(1)),
                (f64::to_bits(value), true),
                "{name}"
            );
        }
        assert_eq!(
            (column("noaa_ar").null_count(), column("quality").null_count()),
            (2, 1)
        );
        let patches = column("patch").as_fixed_size_list();
        assert_eq!((patches.is_valid(0), patches.is_null(1)), (true, true));
        assert_eq!(
            patches.value(0).as_primitive::<Float32Type>().values(),
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        );
        assert_eq!(column("embedding").null_count(), 1);
        Ok(())
    }

    #[test]
    fn a_patch_of_another_size_is_refused() {
        let wrong = SharpRow {
            patch: Some(vec![0.0; 5]),
            ..row()
        };
        let message = sharps_batch(&schema(), &[wrong])
            .expect_err("five of six values")
            .to_string();
        assert!(
            message.ends_with("`patch` of record [377][2011.02.15_02:00:00_TAI] must have 6 values, found 5"),
            "{message}"
        );
    }

    #[test]
    fn no_rows_are_a_batch_too() -> Result<(), ArrowError> {
        assert_eq!(sharps_batch(&schema(), &[])?.num_rows(), 0);
        Ok(())
    }
}
