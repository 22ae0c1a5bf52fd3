//! What `FROM STEER(…, steps => 9)` is planned as: the whole path as one list of rows, unnested. Each row
//! says how far the held quantities have drifted from the start.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StructArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::CallSignature;

use super::{
    Kernel, Rows, number,
    steer::{Columns, parameters, return_fields, sample},
};
use crate::{models::Handle, steer::Step, types::sample_array};

/// More steps than any picture of a path needs.
const MAX_STEPS: i64 = 1_000;

#[derive(Debug)]
pub(super) struct SteerRows {
    models: Handle,
}

impl SteerRows {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for SteerRows {
    fn call(&self) -> CallSignature {
        let mut parameters = parameters();
        parameters.push(number("steps", 9.0));
        CallSignature {
            name: "steer_rows",
            parameters,
            positional: 1,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let sample = DataType::Struct(return_fields(&self.models, &args.arg_fields[0])?);
        let fields = vec![
            Field::new("step", DataType::Int64, false),
            Field::new("position", DataType::Float64, false),
            Field::new("held", DataType::Boolean, false),
            Field::new("sample", sample, true),
        ];
        let row = Field::new("item", DataType::Struct(fields.into()), true);
        Ok(Arc::new(Field::new("rows", DataType::List(Arc::new(row)), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let columns = Columns::read(rows)?;
        let counts = rows.i64(self.call().parameters.len() - 1)?;
        let mut path: Vec<(i64, Step)> = Vec::new();
        let models = rows.models(&self.models);
        let mut lengths = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let steps = if counts.is_valid(row) {
                counts.value(row)
            } else {
                9
            };
            if !(1..=MAX_STEPS).contains(&steps) {
                return exec_err!("STEER: steps is a number of rows from 1 to {MAX_STEPS}, found {steps}");
            }
            let steps = columns.path(&models, row, steps as usize)?.unwrap_or_default();
            lengths.push(steps.len());
            path.extend((0i64..).zip(steps));
        }
        let DataType::List(item) = rows.return_field().data_type() else {
            return exec_err!("internal: STEER returns a list");
        };
        let DataType::Struct(fields) = item.data_type() else {
            return exec_err!("internal: STEER returns a list of structs");
        };
        let DataType::Struct(sample_fields) = fields[3].data_type() else {
            return exec_err!("internal: a row of STEER ends with its sample");
        };
        let numbers: Int64Array = path.iter().map(|(step, _)| Some(*step)).collect();
        let positions: Float64Array = path.iter().map(|(_, step)| Some(step.position)).collect();
        let held: BooleanArray = path.iter().map(|(_, step)| Some(step.held)).collect();
        let generator = self.models.generator(&columns.generator)?;
        let samples: Vec<_> = path
            .into_iter()
            .map(|(_, step)| Some(sample(generator.config(), step)))
            .collect();
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(numbers),
            Arc::new(positions),
            Arc::new(held),
            Arc::new(sample_array(sample_fields, &samples)?),
        ];
        let structs = StructArray::try_new(fields.clone(), arrays, None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(item),
            offsets,
            Arc::new(structs),
            None,
        )?))
    }
}
