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

use super::{About, Kernel, Rows, required};
use crate::{
    physics,
    types::{PatchColumn, grid_of, measured_keywords, not_a_patch, quantity_arrays},
};

#[derive(Debug)]
pub(super) struct Measure;

impl Kernel for Measure {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "measure",
            parameters: vec![required("patch")],
            positional: 1,
        }
    }

    fn about(&self) -> About {
        About {
            summary: "Every keyword that can be measured on a patch or sample, as a struct",
            example: "SELECT MEASURE(patch) FROM sharps LIMIT 1",
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if grid_of(&args.arg_fields[0]).is_none() {
            return Err(not_a_patch("MEASURE", &args.arg_fields[0]));
        }
        let fields: Fields = measured_keywords().map(keyword_field).collect();
        Ok(Arc::new(Field::new("measure", DataType::Struct(fields), true)))
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let patches = PatchColumn::new(&rows.array(0)?, rows.field(0))?;
        let measured: Vec<_> = (0..rows.len())
            .map(|index| patches.get(index).map(|patch| physics::measure(&patch)))
            .collect();
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
