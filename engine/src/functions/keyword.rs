//! `USFLUX(patch)`, `PSEP(patch)`, …, `PAPER_TUF(patch)`, …: one function for every keyword of the registry that can
//! be measured on a patch, and one for each of its aliases.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array},
    datatypes::FieldRef,
};
use datafusion::{common::Result, logical_expr::ReturnFieldArgs};
use helioql_catalog::{keyword::Keyword, types::keyword_field};
use helioql_grammar::bind::CallSignature;

use super::{About, Kernel, Rows, required};
use crate::{
    patch::Patch,
    physics,
    types::{PatchColumn, grid_of, measured_keywords, not_a_patch, paper_keywords},
};

/// The functions of all measured keywords.
pub(super) fn all() -> impl Iterator<Item = KeywordOf> {
    let true_scale = measured_keywords().flat_map(|keyword| {
        std::iter::once(keyword.name)
            .chain(keyword.aliases.iter().copied())
            .map(move |name| KeywordOf {
                name,
                keyword,
                measure: |patch, keyword| physics::measure(patch).get(keyword),
            })
    });
    let of_the_paper = paper_keywords().map(|keyword| KeywordOf {
        name: keyword.name,
        keyword,
        measure: |patch, keyword| physics::paper::measure(patch).get(keyword),
    });
    true_scale.chain(of_the_paper)
}

#[derive(Debug)]
pub(super) struct KeywordOf {
    name: &'static str,
    keyword: &'static Keyword,
    /// The keyword of that name, measured.
    measure: fn(&Patch, &str) -> Option<f64>,
}

impl Kernel for KeywordOf {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name,
            parameters: vec![required("patch")],
            positional: 1,
        }
    }

    fn about(&self) -> About {
        About {
            summary: self.keyword.summary,
            example: "SELECT USFLUX(patch), PSEP(patch) FROM sharps LIMIT 3",
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if grid_of(&args.arg_fields[0]).is_none() {
            return Err(not_a_patch(&self.name.to_uppercase(), &args.arg_fields[0]));
        }
        Ok(Arc::new(keyword_field(self.keyword)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new(&rows.array(0)?, rows.field(0))?;
        let values: Float64Array = (0..rows.len())
            .map(|index| {
                (self.measure)(&patches.get(index)?, self.keyword.name).filter(|value| value.is_finite())
            })
            .collect();
        Ok(Arc::new(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{PatchQuantities, paper::PaperQuantities};

    #[test]
    fn every_quantity_is_a_row_of_the_registry_and_a_function() {
        let functions: Vec<_> = all().map(|function| function.name).collect();
        for name in PatchQuantities::NAMES.iter().chain(&PaperQuantities::NAMES) {
            assert!(functions.contains(name), "{name}");
        }
    }
}
