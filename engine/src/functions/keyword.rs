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

use super::{Kernel, Rows, patch};
use crate::{
    documentation::Documentation,
    patch::Patch,
    physics,
    types::{PatchColumn, check_patch, measured_keywords, paper_keywords},
};

/// The functions of all measured keywords.
pub(super) fn all() -> impl Iterator<Item = KeywordOf> {
    let true_scale = measured_keywords().flat_map(|keyword| {
        keyword.names().map(move |name| KeywordOf {
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
            parameters: vec![patch("the patch to measure")],
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        let Keyword {
            summary,
            formula,
            reference,
            unit,
            ..
        } = self.keyword;
        let unit = if unit.is_empty() {
            String::new()
        } else {
            format!(" in {unit}")
        };
        let name = self.name;
        Documentation {
            summary,
            details: format!("{formula}\n\nAfter {reference}.").into(),
            returns: format!("A DOUBLE{unit}; NULL where the patch is, or where it has no such quantity.").into(),
            // 5e20 Mx of negative field lie 30 Mm east of 1e21 Mx of positive field.
            examples: vec![
                format!(
                    "SELECT {}(TO_PATCH([-500.0, 0.0, 0.0, 1000.0], height => 1, width => 4, cell_mm => 10Mm)) AS {name}",
                    name.to_uppercase()
                )
                .into(),
            ],
            errors: &[],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        check_patch(&self.name.to_uppercase(), &args.arg_fields[0])?;
        Ok(Arc::new(keyword_field(self.keyword)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new(&self.name.to_uppercase(), &rows.array(0)?, rows.field(0))?;
        let measured = rows.indices().map(|index| {
            let patch = patches.get(index?);
            let value = patch.and_then(|patch| (self.measure)(&patch, self.keyword.name));
            Ok(value.filter(|value| value.is_finite()))
        });
        let values: Float64Array = measured.collect::<Result<_>>()?;
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
