//! What `FROM GENERATE(…, n => 5)` is planned as: one list of rows, unnested. Row `i` of a call with a
//! seed is the sample of `seed + i`, so that each of them can be had again alone.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, Float64Array, Int64Array, ListArray, StructArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef, Fields},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::types::keyword_field;
use helioql_grammar::bind::CallSignature;

use super::{
    Kernel, Rows, constant_text,
    generate::{Asked, seed_place, tail, target_parameters, targets},
    number,
};
use crate::{
    draw::{self, Request},
    models::{DEFAULT_GENERATOR, Handle},
    types::{renamed, sample_array, sample_fields},
};

/// A patch of 128 × 128 pixels takes 66 kB: this many are 7 GB.
const MAX_ROWS: i64 = 100_000;

#[derive(Debug)]
pub(super) struct GenerateRows {
    models: Handle,
}

impl GenerateRows {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for GenerateRows {
    fn call(&self) -> CallSignature {
        let mut parameters = target_parameters();
        parameters.extend(tail());
        parameters.push(number("n", 1.0));
        CallSignature {
            name: "generate_rows",
            parameters,
            positional: 0,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let name = constant_text(args, seed_place() + 2, "GENERATE")?
            .unwrap_or_else(|| DEFAULT_GENERATOR.to_owned());
        let generator = self.models.generator(&name)?;
        let sample = sample_fields(&name, generator.config().grid(), generator.config().w_dim);
        let mut fields = vec![
            Arc::new(Field::new("sample", DataType::Struct(sample), true)),
            Arc::new(Field::new("iterations", DataType::Int64, true)),
        ];
        for (index, (argument, keyword)) in targets().into_iter().enumerate() {
            let absent = args.scalar_arguments[index].is_some_and(datafusion::common::ScalarValue::is_null);
            if !absent {
                fields.push(renamed(&keyword_field(keyword), &format!("requested_{argument}")));
            }
        }
        let row = Field::new("item", DataType::Struct(fields.into()), true);
        Ok(Arc::new(Field::new("rows", DataType::List(Arc::new(row)), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let asked = Asked::read(rows)?;
        let counts = rows.i64(seed_place() + 3)?;
        let DataType::List(item) = rows.return_field().data_type() else {
            return exec_err!("internal: GENERATE returns a list");
        };
        let DataType::Struct(fields) = item.data_type() else {
            return exec_err!("internal: GENERATE returns a list of structs");
        };
        let mut requests = Vec::new();
        let mut lengths = Vec::with_capacity(rows.len());
        for row in 0..rows.len() {
            let n = if counts.is_valid(row) {
                counts.value(row)
            } else {
                1
            };
            if !(0..=MAX_ROWS).contains(&n) {
                return exec_err!("n is a number of samples from 0 to {MAX_ROWS}, found {n}");
            }
            let request = asked.request(&self.models, row)?;
            lengths.push(n as usize);
            requests.extend((0..n).map(|i| Request {
                seed: request.seed.saturating_add(i),
                ..request.clone()
            }));
        }
        let samples: Vec<_> = draw::draw(&self.models, &asked.generator, &requests)?
            .into_iter()
            .map(Some)
            .collect();
        let structs = rows_of(fields, &samples, &requests)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(item),
            offsets,
            Arc::new(structs),
            None,
        )?))
    }
}

/// The sample and the requested values of every row, as `fields` name them.
fn rows_of(
    fields: &Fields,
    samples: &[Option<Arc<crate::types::Sample>>],
    requests: &[Request],
) -> Result<StructArray> {
    let DataType::Struct(sample) = fields[0].data_type() else {
        return exec_err!("internal: a row of GENERATE starts with its sample");
    };
    let iterations = samples
        .iter()
        .map(|sample| sample.as_ref()?.iterations.map(|count| count as i64));
    let mut arrays: Vec<ArrayRef> = vec![
        Arc::new(sample_array(sample, samples)?),
        Arc::new(iterations.collect::<Int64Array>()),
    ];
    for field in &fields[2..] {
        let argument = field.name().trim_start_matches("requested_");
        let keyword = targets()
            .into_iter()
            .find(|(name, _)| *name == argument)
            .map(|(_, keyword)| keyword.name);
        let values: Float64Array = requests
            .iter()
            .map(|request| {
                request
                    .targets
                    .iter()
                    .find(|(name, _)| Some(*name) == keyword)
                    .map(|(_, value)| *value)
            })
            .collect();
        arrays.push(Arc::new(values));
    }
    Ok(StructArray::try_new(fields.clone(), arrays, None)?)
}
