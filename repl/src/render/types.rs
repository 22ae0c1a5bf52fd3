//! Types by the names that the language gives them.

use arrow::datatypes::{DataType, Field};
use helioql_catalog::types::{embedding_encoder, latent_generator, patch_grid, vector_len};

use crate::patches::patch_child;

/// The type of a column.
pub(crate) fn type_name(field: &Field) -> String {
    if let Some(grid) = patch_grid(field) {
        return format!("PATCH({}×{}, {} Mm cells)", grid.height, grid.width, grid.cell_mm);
    }
    let length = vector_len(field).unwrap_or_default();
    if let Some(generator) = latent_generator(field) {
        return format!("LATENT({length}, {generator})");
    }
    if let Some(encoder) = embedding_encoder(field) {
        return format!("EMBEDDING({length}, {encoder})");
    }
    match field.data_type() {
        DataType::Struct(_) if patch_child(field).is_some() => "SAMPLE".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Float32 => "REAL".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use helioql::patch::Grid;
    use helioql_catalog::{
        keyword,
        types::{embedding_field, keyword_field, latent_field, patch_field},
    };

    use super::*;

    #[test]
    fn types_have_the_names_of_the_language() {
        let grid = Grid {
            height: 64,
            width: 96,
            cell_mm: 3.08,
        };
        let usflux = keyword::find("usflux").expect("a row of the registry");
        for (field, expected) in [
            (patch_field("p", grid), "PATCH(64×96, 3.08 Mm cells)"),
            (latent_field("z", 100, "sun"), "LATENT(100, sun)"),
            (embedding_field("e", 128, "look"), "EMBEDDING(128, look)"),
            (keyword_field(usflux), "DOUBLE"),
            (
                Field::new("s", DataType::Struct(vec![patch_field("p", grid)].into()), true),
                "SAMPLE",
            ),
            (Field::new("d", DataType::Date32, true), "Date32"),
        ] {
            assert_eq!(type_name(&field), expected);
        }
    }
}
