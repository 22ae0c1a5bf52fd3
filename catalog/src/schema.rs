//! The columns of the table `sharps`, one row for each record.
//!
//! | columns | from |
//! |---|---|
//! | `harpnum`, `t_rec` | the key; `t_rec` is UTC, without a time zone |
//! | `t_rec_tai` | the same time in TAI, spelt as headers do |
//! | one for each keyword of a record, `…_err` beside it where there is an error | the segments where they suffice, else the header; NULL where neither has it |
//! | `patch_component` | `los` or `br`: which component of the field the patch holds |
//! | `patch`, `embedding` | the field in Gauss on a true-scale grid; the encoder's vector of it |
//! | `source` | `jsoc`, `simulated`, or `keywords` for a row without pixels from a table of keywords |
//! | `path` | the file that the header was read from, or the record set that JSOC was asked for |

mod row;

pub use self::row::{SharpRow, sharps_batch};

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::keyword;
use crate::types::{Grid, embedding_field, keyword_error_field, keyword_field, patch_field};

/// The schema of `sharps` for patches on this grid and embeddings of this encoder.
///
/// # Examples
/// ```
/// use helioql_catalog::{Grid, schema::sharps_schema, types::unit_of};
///
/// let grid = Grid { height: 128, width: 128, cell_mm: 1.54 };
/// let schema = sharps_schema(grid, 64, "look");
/// let flux = schema.field_with_name("usflux").expect("every keyword has a column");
/// assert_eq!(unit_of(flux), Some("Mx"));
/// assert_eq!(schema.field(0).name(), "harpnum");
/// ```
pub fn sharps_schema(grid: Grid, embedding_dim: usize, encoder: &str) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields = Vec::new();
    for key in KEY {
        fields.extend(keyword::find(key).map(|keyword| keyword_field(keyword).with_nullable(false)));
    }
    fields.push(text("t_rec_tai"));
    let others = keyword::of_record().filter(|keyword| !KEY.contains(&keyword.name));
    for keyword in others {
        fields.push(keyword_field(keyword));
        fields.extend(keyword_error_field(keyword));
    }
    fields.push(text("patch_component"));
    fields.push(patch_field("patch", grid));
    fields.push(embedding_field("embedding", embedding_dim, encoder));
    fields.push(text("source"));
    fields.push(text("path"));
    Arc::new(Schema::new(fields))
}

/// The columns that tell one record from another.
pub const KEY: [&str; 2] = ["harpnum", "t_rec"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_column_has_its_own_name() {
        let schema = sharps_schema(
            Grid {
                height: 8,
                width: 8,
                cell_mm: 1.0,
            },
            4,
            "look",
        );
        let names: BTreeSet<_> = schema.fields().iter().map(|field| field.name()).collect();
        assert_eq!(names.len(), schema.fields().len());
        for promised in [
            "t_rec_tai",
            "noaa_ar",
            "noaa_ars",
            "cmask",
            "meangam",
            "meangam_err",
            "lat_fwt",
            "quality",
            "path",
        ] {
            assert!(schema.field_with_name(promised).is_ok(), "{promised}");
        }
    }

    #[test]
    fn only_the_key_is_never_null() {
        let schema = sharps_schema(
            Grid {
                height: 8,
                width: 8,
                cell_mm: 1.0,
            },
            4,
            "look",
        );
        let certain: Vec<_> = schema
            .fields()
            .iter()
            .filter(|f| !f.is_nullable())
            .map(|f| f.name())
            .collect();
        assert_eq!(certain, KEY);
    }
}
