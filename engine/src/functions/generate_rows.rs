//! The answers to the requests of `FROM GENERATE(…)`: for each the sample, and how often the solver turned.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array, StructArray},
    datatypes::{DataType, Field, FieldRef},
};
use datafusion::{
    common::{Result, exec_err},
    logical_expr::ReturnFieldArgs,
};
use helioql_grammar::bind::CallSignature;

use super::{Kernel, Rows, constant_text, generate_requests, required};
use crate::{
    draw,
    models::{DEFAULT_GENERATOR, Handle},
    types::{sample_array, sample_fields},
};

/// What it is called.
pub(crate) const NAME: &str = "generate_rows";

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
        CallSignature {
            name: NAME,
            parameters: vec![required("request"), required("generator")],
            positional: 2,
        }
    }

    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let name = constant_text(args, 1, "GENERATE")?.unwrap_or_else(|| DEFAULT_GENERATOR.to_owned());
        let generator = self.models.generator(&name)?;
        let sample = sample_fields(&name, generator.config().grid(), generator.config().w_dim);
        let fields = vec![
            Field::new("sample", DataType::Struct(sample), true),
            Field::new("iterations", DataType::Int64, true),
        ];
        Ok(Arc::new(Field::new("row", DataType::Struct(fields.into()), true)))
    }

    fn runs_a_model(&self) -> bool {
        true
    }

    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef> {
        let DataType::Struct(fields) = rows.return_field().data_type() else {
            return exec_err!("internal: a row of GENERATE is a struct");
        };
        let DataType::Struct(sample) = fields[0].data_type() else {
            return exec_err!("internal: a row of GENERATE starts with its sample");
        };
        let generators = rows.text(1)?;
        let generator = generators.iter().flatten().next().unwrap_or(DEFAULT_GENERATOR);
        let requests = rows.array(0)?;
        let requests = generate_requests::read(requests.as_struct())?;
        let asked: Vec<_> = requests.iter().flatten().cloned().collect();
        let mut drawn = draw::draw(&rows.models(&self.models), generator, &asked)?.into_iter();
        let samples: Vec<_> = requests
            .iter()
            .map(|request| request.as_ref().and_then(|_| drawn.next()))
            .collect();
        let iterations = samples
            .iter()
            .map(|sample| sample.as_ref()?.iterations.map(|count| count as i64));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(sample_array(sample, &samples)?),
            Arc::new(iterations.collect::<Int64Array>()),
        ];
        Ok(Arc::new(StructArray::try_new(fields.clone(), arrays, None)?))
    }
}
