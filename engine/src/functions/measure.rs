//! `MEASURE(patch)`: a struct of every keyword that can be measured on a patch.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, StructArray},
    datatypes::{DataType, Field, FieldRef, Fields},
};
use datafusion::{
    common::{Result, exec_datafusion_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::types::keyword_field;
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, patch};
use crate::{
    documentation::Documentation,
    physics,
    types::{PatchColumn, check_patch, measured_keywords, quantity_arrays},
};

#[derive(Debug)]
pub(super) struct Measure;

impl Kernel for Measure {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "measure",
            parameters: vec![patch("the patch to measure")],
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "Every keyword that can be measured on a patch or sample, as a struct",
            details: "At true scale and over the whole patch, where JSOC's keywords run over its masks: a measured usflux and the column \
                      of that name may differ. A quantity that a patch lacks, as the separation of one polarity, is NULL. Each has a \
                      function of its own too."
                .into(),
            returns: "A struct of DOUBLEs, each in the unit that SHOW KEYWORDS tells; NULL where the patch is.".into(),
            examples: vec![
                "SELECT m.usflux, m.netflux, m.psep, m.polarity FROM (SELECT\n  \
                 MEASURE(TO_PATCH([-500.0, 0.0, 0.0, 1000.0], height => 1, width => 4, cell_mm => 10Mm)) AS m)"
                    .into(),
            ],
            errors: &["SELECT MEASURE('patch')"],
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        check_patch("MEASURE", &args.arg_fields[0])?;
        let fields: Fields = measured_keywords().map(keyword_field).collect();
        Ok(Arc::new(Field::new("measure", DataType::Struct(fields), true)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new("MEASURE", &rows.array(0)?, rows.field(0))?;
        let measured = rows
            .indices()
            .map(|index| Ok(patches.get(index?).map(|patch| physics::measure(&patch))))
            .collect::<Result<Vec<_>>>()?;
        let DataType::Struct(fields) = rows.return_field().data_type() else {
            return Err(exec_datafusion_err!("internal: MEASURE returns a struct"));
        };
        let nulls = measured.iter().map(Option::is_some).collect::<Vec<_>>();
        let columns = quantity_arrays(measured.iter().map(Option::as_ref)).collect();
        Ok(Arc::new(StructArray::try_new(
            fields.clone(),
            columns,
            Some(nulls.into()),
        )?))
    }
}
