//! What `FROM INVERT(…)` is planned as: a list of one row, the sample and how near it came.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Float64Array, ListArray, StructArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::types::UNIT;
use helioql_grammar::bind::CallSignature;

use super::{
    Kernel, Rows,
    invert::{inverted, parameters, return_fields, sample},
};
use crate::{invert::Inverted, models::Handle, types::sample_array};

/// A column that says how near the sample came: its name, its unit and its value.
type Miss = (&'static str, &'static str, fn(&Inverted) -> f64);

/// Those columns.
pub(crate) const MISSES: [Miss; 3] = [
    ("pixel_error", "G", |found| found.pixel_error_gauss),
    ("explained", "", |found| found.explained),
    ("embedding_distance", "", |found| found.embedding_distance),
];

#[derive(Debug)]
pub(super) struct InvertRows {
    models: Handle,
}

impl InvertRows {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for InvertRows {
    fn call(&self) -> CallSignature {
        CallSignature {
            name: "invert_rows",
            parameters: parameters(),
            positional: 1,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let sample = DataType::Struct(return_fields(&self.models, args)?);
        let mut fields = vec![Field::new("sample", sample, true)];
        fields.extend(MISSES.map(|(name, unit, _)| {
            let units = (!unit.is_empty()).then(|| (UNIT.to_owned(), unit.to_owned()));
            Field::new(name, DataType::Float64, true).with_metadata(units.into_iter().collect())
        }));
        let row = Field::new("item", DataType::Struct(fields.into()), true);
        Ok(Arc::new(Field::new("rows", DataType::List(Arc::new(row)), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let (generator, found) = inverted(&rows.models(&self.models), rows)?;
        let DataType::List(item) = rows.return_field().data_type() else {
            return exec_err!("internal: INVERT returns a list");
        };
        let DataType::Struct(fields) = item.data_type() else {
            return exec_err!("internal: INVERT returns a list of structs");
        };
        let DataType::Struct(sample_fields) = fields[0].data_type() else {
            return exec_err!("internal: a row of INVERT begins with its sample");
        };
        // No patch, no row.
        let lengths: Vec<usize> = found.iter().map(|found| usize::from(found.is_some())).collect();
        let found: Vec<Inverted> = found.into_iter().flatten().collect();
        let samples: Vec<_> = found
            .iter()
            .map(|found| Some(sample(generator.config(), found)))
            .collect();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(sample_array(sample_fields, &samples)?)];
        for (_, _, value) in MISSES {
            let values = found
                .iter()
                .map(|found| Some(value(found)).filter(|v| v.is_finite()));
            arrays.push(Arc::new(values.collect::<Float64Array>()));
        }
        let structs = StructArray::try_new(fields.clone(), arrays, None)?;
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(item),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(structs),
            None,
        )?))
    }
}
