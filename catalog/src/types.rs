//! The Arrow fields of `HelioQL`'s own types, and what can be read back from a field.
//!
//! A PATCH is the canonical extension `arrow.fixed_shape_tensor`; LATENT and EMBEDDING are extensions of
//! our own that name the model they belong to, so that vectors of two models are never compared.
//!
//! The extension metadata are written here by hand. Arrow 59 writes optional entries as null and then
//! cannot read them back; the specification's own form, `{"shape":[H,W]}`, is read by every version.
//!
//! Items are nullable, as Arrow's lists are by default, although a missing pixel is NaN and never null:
//! SQL's `make_array` and casts yield such lists, and types that differ in this only would not match.
//!
//! Reference: Arrow columnar format, canonical extension types.

use std::collections::HashMap;

use arrow::datatypes::{DataType, Field, TimeUnit};

use crate::keyword::{Keyword, Kind};

/// The metadata key of an extension's name.
pub const EXTENSION_NAME: &str = "ARROW:extension:name";
/// The metadata key of an extension's parameters.
pub const EXTENSION_METADATA: &str = "ARROW:extension:metadata";
/// The extension of a PATCH.
pub const PATCH: &str = "arrow.fixed_shape_tensor";
/// The extension of a LATENT.
pub const LATENT: &str = "helioql.latent";
/// The extension of an EMBEDDING.
pub const EMBEDDING: &str = "helioql.embedding";
/// The metadata key of a unit.
pub const UNIT: &str = "unit";
/// The metadata key of a keyword's FITS name.
pub const KEYWORD: &str = "keyword";
/// The metadata key of the side of a grid cell, in Mm.
pub const CELL_MM: &str = "cell_mm";

/// The grid of a PATCH: rows from north to south, columns from east to west, on square cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The side of a cell on the Sun, in Mm.
    pub cell_mm: f64,
}

impl Grid {
    /// The number of cells.
    pub fn cells(&self) -> usize {
        self.height * self.width
    }

    /// The area of a cell, in cm².
    ///
    /// ```
    /// let grid = helioql_catalog::Grid { height: 64, width: 64, cell_mm: 2.0 };
    /// assert_eq!(grid.cell_area_cm2(), 4e16); // (2e8 cm)²
    /// ```
    pub fn cell_area_cm2(&self) -> f64 {
        let side_cm = self.cell_mm * 1e8;
        side_cm * side_cm
    }
}

/// A column of patches in Gauss.
pub fn patch_field(name: &str, grid: Grid) -> Field {
    let shape = format!(r#"{{"shape":[{},{}]}}"#, grid.height, grid.width);
    vector_field(name, grid.cells(), PATCH, shape)
        .with_more([(UNIT, "G".to_owned()), (CELL_MM, grid.cell_mm.to_string())])
}

/// A column of latents, points in the latent space of a generator.
pub fn latent_field(name: &str, dim: usize, generator: &str) -> Field {
    vector_field(name, dim, LATENT, model_json("generator", generator))
}

/// A column of embeddings, made by an encoder.
pub fn embedding_field(name: &str, dim: usize, encoder: &str) -> Field {
    vector_field(name, dim, EMBEDDING, model_json("encoder", encoder))
}

/// The column of a keyword. Times are UTC without a time zone, so that they compare with plain literals.
pub fn keyword_field(keyword: &Keyword) -> Field {
    let data_type = match keyword.kind {
        Kind::Real => DataType::Float64,
        Kind::Integer => DataType::Int64,
        Kind::Text => DataType::Utf8,
        Kind::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
    };
    Field::new(keyword.name, data_type, true)
        .with_unit(keyword.unit)
        .with_more([(KEYWORD, keyword.card_name())])
}

/// The column of a keyword's formal error, where the header has one.
pub fn keyword_error_field(keyword: &Keyword) -> Option<Field> {
    let (name, card) = (keyword.error_name()?, keyword.error?);
    let field = Field::new(name, DataType::Float64, true);
    Some(
        field
            .with_unit(keyword.unit)
            .with_more([(KEYWORD, card.to_owned())]),
    )
}

/// The grid of a column of patches; nothing for any other column, and for a tensor that is no patch: of
/// another rank, of numbers other than 32-bit floats, or without a scale.
///
/// # Examples
/// ```
/// use helioql_catalog::types::{Grid, patch_field, patch_grid, unit_of};
///
/// let grid = Grid { height: 64, width: 96, cell_mm: 3.08 };
/// let field = patch_field("patch", grid);
/// assert_eq!(patch_grid(&field), Some(grid));
/// assert_eq!(unit_of(&field), Some("G"));
/// ```
pub fn patch_grid(field: &Field) -> Option<Grid> {
    let parameters = extension(field, PATCH)?;
    let [height, width] = parameters.get("shape")?.as_array()?.as_slice() else {
        return None;
    };
    let (height, width) = (height.as_u64()? as usize, width.as_u64()? as usize);
    let cell_mm = field
        .metadata()
        .get(CELL_MM)?
        .parse()
        .ok()
        .filter(|mm: &f64| mm.is_finite() && *mm > 0.0)?;
    let grid = Grid {
        height,
        width,
        cell_mm,
    };
    (vector_len(field)? == height.checked_mul(width)?).then_some(grid)
}

/// The generator that a column of latents belongs to.
pub fn latent_generator(field: &Field) -> Option<String> {
    model_of(field, LATENT, "generator")
}

/// The encoder that made a column of embeddings.
pub fn embedding_encoder(field: &Field) -> Option<String> {
    model_of(field, EMBEDDING, "encoder")
}

/// The length of the vectors in a column of fixed-size lists of 32-bit floats.
pub fn vector_len(field: &Field) -> Option<usize> {
    match field.data_type() {
        DataType::FixedSizeList(item, len) if *item.data_type() == DataType::Float32 => {
            usize::try_from(*len).ok()
        }
        _ => None,
    }
}

/// The unit of a column's values.
pub fn unit_of(field: &Field) -> Option<&str> {
    field.metadata().get(UNIT).map(String::as_str)
}

fn vector_field(name: &str, len: usize, extension: &str, parameters: String) -> Field {
    let item = Field::new_list_field(DataType::Float32, true);
    let data_type = DataType::FixedSizeList(item.into(), len as i32);
    Field::new(name, data_type, true).with_more([
        (EXTENSION_NAME, extension.to_owned()),
        (EXTENSION_METADATA, parameters),
    ])
}

fn model_json(role: &str, model: &str) -> String {
    serde_json::json!({ role: model }).to_string()
}

fn model_of(field: &Field, name: &str, role: &str) -> Option<String> {
    vector_len(field)?;
    extension(field, name)?.get(role)?.as_str().map(str::to_owned)
}

/// The parameters of a field's extension, if that is the one expected.
fn extension(field: &Field, name: &str) -> Option<serde_json::Value> {
    let metadata = field.metadata();
    if metadata.get(EXTENSION_NAME)? != name {
        return None;
    }
    serde_json::from_str(metadata.get(EXTENSION_METADATA)?).ok()
}

/// Adds metadata to a field that has some.
trait WithMore: Sized {
    fn with_more<const N: usize>(self, entries: [(&str, String); N]) -> Self;

    fn with_unit(self, unit: &str) -> Self {
        if unit.is_empty() {
            self
        } else {
            self.with_more([(UNIT, unit.to_owned())])
        }
    }
}

impl WithMore for Field {
    fn with_more<const N: usize>(self, entries: [(&str, String); N]) -> Self {
        let mut metadata: HashMap<_, _> = self.metadata().clone();
        metadata.extend(entries.map(|(key, value)| (key.to_owned(), value)));
        self.with_metadata(metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyword;

    const GRID: Grid = Grid {
        height: 2,
        width: 3,
        cell_mm: 1.54,
    };

    #[test]
    fn a_patch_is_written_in_the_specified_form() {
        let field = patch_field("patch", GRID);
        assert_eq!(field.metadata()[EXTENSION_NAME], "arrow.fixed_shape_tensor");
        assert_eq!(field.metadata()[EXTENSION_METADATA], r#"{"shape":[2,3]}"#);
        assert_eq!(vector_len(&field), Some(6));
    }

    #[test]
    fn a_tensor_without_scale_or_with_a_wrong_shape_is_no_patch() {
        let field = patch_field("patch", GRID);
        let change = |key: &str, value: &str| {
            let mut metadata = field.metadata().clone();
            metadata.insert(key.to_owned(), value.to_owned());
            field.clone().with_metadata(metadata)
        };
        for (key, value) in [
            (CELL_MM, "0"),
            (CELL_MM, "wide"),
            (EXTENSION_METADATA, r#"{"shape":[2,4]}"#),
            (EXTENSION_METADATA, r#"{"shape":[6]}"#),
            (EXTENSION_METADATA, r#"{"shape":[-2,-3]}"#),
            (
                EXTENSION_METADATA,
                r#"{"shape":[9223372036854775807,9223372036854775807]}"#,
            ),
            (EXTENSION_METADATA, "{"),
            (EXTENSION_NAME, LATENT),
        ] {
            assert_eq!(patch_grid(&change(key, value)), None, "{key} = {value}");
        }
        assert_eq!(patch_grid(&field.clone().with_data_type(DataType::Float32)), None);
    }

    #[test]
    fn vectors_name_their_model_whatever_it_is_called() {
        for model in ["look", r#"a "quoted" \ name"#] {
            let embedding = embedding_field("embedding", 128, model);
            assert_eq!(embedding_encoder(&embedding).as_deref(), Some(model));
            assert_eq!(latent_generator(&embedding), None);
            let latent = latent_field("latent", 100, model);
            assert_eq!(latent_generator(&latent).as_deref(), Some(model));
        }
    }

    #[test]
    fn a_keyword_carries_its_unit_and_its_card() {
        let flux = keyword::find("usflux").expect("a row of the registry");
        let field = keyword_field(flux);
        assert_eq!(
            (unit_of(&field), field.metadata()[KEYWORD].as_str()),
            (Some("Mx"), "USFLUX")
        );
        let error = keyword_error_field(flux).expect("USFLUX has an error");
        assert_eq!(
            (error.name().as_str(), unit_of(&error)),
            ("usflux_err", Some("Mx"))
        );
        assert_eq!(error.metadata()[KEYWORD], "ERRVF");
        assert_eq!(
            unit_of(&keyword_field(keyword::find("harpnum").expect("a row"))),
            None
        );
    }
}
