//! What `FROM GENERATE(…, n => 5)` asks for: one list of requests, unnested, each of which
//! [`generate_rows`](super::generate_rows) answers. Request `i` of a call with a seed is of `seed + i`, so that
//! each of them can be had again alone.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, ListArray, StructArray},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef, Fields, Float64Type, Int64Type},
};
use datafusion::{
    common::{Result, exec_err, internal_datafusion_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_catalog::types::keyword_field;
use helioql_grammar::bind::CallSignature;

use super::{
    Kernel, Rows,
    generate::{Asked, seed_place, tail, target_parameters, targets},
    number,
};
use crate::{draw::Request, models::Handle, types::renamed};

/// Drawing so many takes some ten minutes.
const MAX_ROWS: i64 = 100_000;

/// What it is called.
pub(crate) const NAME: &str = "generate_requests";
/// The fields of a request before its targets, which are named as their keywords and NULL where nothing is asked for.
const SEED: &str = "seed";
const TOLERANCE: &str = "tolerance";

#[derive(Debug)]
pub(super) struct GenerateRequests {
    models: Handle,
}

impl GenerateRequests {
    pub(super) fn new(models: &Handle) -> Self {
        Self {
            models: models.clone(),
        }
    }
}

impl Kernel for GenerateRequests {
    fn call(&self) -> CallSignature {
        let mut parameters = target_parameters();
        parameters.extend(tail());
        parameters.push(number("n", 1.0));
        CallSignature {
            name: NAME,
            parameters,
            positional: 0,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let number = |name: &str| Arc::new(Field::new(name, DataType::Float64, true));
        let mut fields = vec![
            Arc::new(Field::new(SEED, DataType::Int64, true)),
            number(TOLERANCE),
        ];
        for (index, (argument, keyword)) in targets().into_iter().enumerate() {
            if argument == keyword.name {
                fields.push(number(keyword.name));
            }
            let absent = args.scalar_arguments[index].is_some_and(datafusion::common::ScalarValue::is_null);
            if !absent {
                fields.push(renamed(&keyword_field(keyword), &format!("requested_{argument}")));
            }
        }
        let row = Field::new("item", DataType::Struct(fields.into()), true);
        Ok(Arc::new(Field::new("rows", DataType::List(Arc::new(row)), true)))
    }

    fn draws_seeds(&self) -> bool {
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
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(item),
            OffsetBuffer::from_lengths(lengths),
            Arc::new(written(fields, &requests)?),
            None,
        )?))
    }
}

/// The requests as rows of `fields`.
fn written(fields: &Fields, requests: &[Request]) -> Result<StructArray> {
    let arrays = fields.iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            SEED => Arc::new(
                requests
                    .iter()
                    .map(|request| Some(request.seed))
                    .collect::<Int64Array>(),
            ),
            TOLERANCE => Arc::new(
                requests
                    .iter()
                    .map(|request| Some(request.tolerance))
                    .collect::<Float64Array>(),
            ),
            name => {
                let argument = name.trim_start_matches("requested_");
                let known = targets().into_iter().find(|(name, _)| *name == argument);
                let keyword = known.map(|(_, keyword)| keyword.name);
                let value = |request: &Request| {
                    let mut targets = request.targets.iter();
                    targets
                        .find(|(name, _)| Some(*name) == keyword)
                        .map(|(_, value)| *value)
                };
                Arc::new(requests.iter().map(value).collect::<Float64Array>())
            }
        }
    });
    Ok(StructArray::try_new(fields.clone(), arrays.collect(), None)?)
}

/// The requests of rows that were written so; nothing where a row is NULL.
pub(super) fn read(rows: &StructArray) -> Result<Vec<Option<Request>>> {
    let column = |name: &str| {
        let column = rows.column_by_name(name);
        column.ok_or_else(|| internal_datafusion_err!("a request of GENERATE has no `{name}`"))
    };
    let seeds = column(SEED)?.as_primitive::<Int64Type>();
    let tolerances = column(TOLERANCE)?.as_primitive::<Float64Type>();
    let mut asked = Vec::new();
    for (argument, keyword) in targets() {
        if argument == keyword.name {
            asked.push((keyword.name, column(argument)?.as_primitive::<Float64Type>()));
        }
    }
    let request = |row: usize| {
        rows.is_valid(row).then(|| Request {
            targets: asked
                .iter()
                .filter(|(_, values)| values.is_valid(row))
                .map(|(name, values)| (*name, values.value(row)))
                .collect(),
            seed: seeds.value(row),
            tolerance: tolerances.value(row),
        })
    };
    Ok((0..rows.len()).map(request).collect())
}
