//! The scalar functions of the language, one file each. [`functions`] is their list: a new function is a
//! new file and a line here, and its binding, `SHOW FUNCTIONS`, completion and help follow from it.
//!
//! A function is a [`Kernel`]: what it is called with, what it returns, and rows in, an array out. The
//! adaptor [`Adapted`] makes a DataFusion function of it.

mod distance;
mod embed;
pub(crate) mod generate;
pub(crate) mod generate_requests;
pub(crate) mod generate_rows;
pub(crate) mod invert;
pub(crate) mod invert_rows;
mod keyword;
mod measure;
pub(crate) mod measured_part;
mod quantity;
mod render;
pub(crate) mod steer;
mod steer_rows;
mod to_patch;
pub(crate) mod typed;

use std::{
    fmt::Debug,
    hash::{Hash, Hasher},
    sync::Arc,
    time::Instant,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, StringArray},
    datatypes::{DataType, FieldRef, Float64Type, Int64Type},
};
use datafusion::{
    common::{Result, ScalarValue, exec_datafusion_err, plan_err},
    logical_expr::{
        ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
    },
};
use helioql_grammar::{
    bind::{CallSignature, Default, Kind, Parameter},
    unit::Dimension,
};

pub(crate) use self::quantity::QUANTITY;
use crate::{cancel::CancelFlag, documentation::Documentation, meter, models::Handle};

/// Every scalar function, in the order in which `SHOW FUNCTIONS` lists them.
pub(crate) fn functions(models: &Handle) -> Vec<Function> {
    let mut all = vec![
        Function::new(generate::Generate::new(models)),
        Function::new(steer::Steer::new(models)),
        Function::new(invert::Invert::new(models)),
        Function::new(embed::Embed::new(models)),
        Function::new(measured_part::MeasuredPart::new(models)),
        Function::new(measure::Measure),
        Function::new(to_patch::ToPatch),
        Function::new(render::Render),
        Function::new(distance::Distance::l2()),
        Function::new(distance::Distance::cosine()),
        Function::new(quantity::QuantityCall),
        Function::new(typed::Typed),
        Function::new(generate_requests::GenerateRequests::new(models)),
        Function::new(generate_rows::GenerateRows::new(models)),
        Function::new(steer_rows::SteerRows::new(models)),
        Function::new(invert_rows::InvertRows::new(models)),
    ];
    all.extend(keyword::all().map(Function::new));
    all
}

/// A function as the rest of the engine sees it.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) call: CallSignature,
    pub(crate) documentation: Documentation,
    /// Whether planning must not evaluate it.
    pub(crate) runs_a_model: bool,
    pub(crate) udf: Arc<ScalarUDF>,
}

impl Function {
    fn new<K: Kernel>(kernel: K) -> Self {
        let call = kernel.call();
        let documentation = kernel.documentation();
        let runs_a_model = kernel.runs_a_model();
        let volatility = if runs_a_model || kernel.draws_seeds() {
            Volatility::Volatile
        } else {
            Volatility::Immutable
        };
        let signature = Signature::any(call.parameters.len(), volatility);
        let udf = Adapted {
            name: call.name,
            kernel: Arc::new(kernel),
            signature,
        };
        Self {
            call,
            documentation,
            runs_a_model,
            udf: Arc::new(ScalarUDF::new_from_impl(udf)),
        }
    }
}

/// What makes one function differ from another.
pub(crate) trait Kernel: Debug + Send + Sync + 'static {
    /// Its name and arguments.
    fn call(&self) -> CallSignature;
    /// Its documentation; none where only the planner calls it.
    fn documentation(&self) -> Documentation {
        Documentation::default()
    }
    /// The type of the result, checked against the types of the arguments.
    fn return_field(&self, args: &ReturnFieldArgs<'_>) -> Result<FieldRef>;
    /// The result for `rows.len()` rows.
    fn invoke(&self, rows: &Rows<'_>) -> Result<ArrayRef>;
    /// Whether planning must not evaluate it: `EXPLAIN` never runs a model, and DataFusion folds every
    /// call on literals that is not volatile.
    fn runs_a_model(&self) -> bool {
        false
    }
    /// Whether a call without a seed draws one, which planning must not do once for all.
    fn draws_seeds(&self) -> bool {
        false
    }
    /// Whether equal arguments give equal results, so that one row answers for all.
    fn is_repeatable(&self, _rows: &Rows<'_>) -> bool {
        true
    }
}

/// A [`Kernel`] as a DataFusion function. Two are equal when they are the same kernel.
#[derive(Debug)]
struct Adapted<K> {
    /// That of its call, which planning asks for too often to make the call anew.
    name: &'static str,
    kernel: Arc<K>,
    signature: Signature,
}

impl<K: Kernel> ScalarUDFImpl for Adapted<K> {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        plan_err!("internal: {} is typed by its fields", self.name())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.kernel.return_field(&args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let mut rows = Rows {
            args: &args,
            len: if constant { 1 } else { args.number_rows },
            flag: CancelFlag::of(&args.config_options),
        };
        let repeatable = self.kernel.is_repeatable(&rows);
        if constant && !repeatable {
            rows.len = args.number_rows;
        }
        rows.check_cancelled()?;
        let start = Instant::now();
        let array = self.kernel.invoke(&rows)?;
        if self.kernel.runs_a_model() {
            meter::called(self.name(), rows.len, start.elapsed());
        }
        if constant && repeatable {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}

impl<K> PartialEq for Adapted<K> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.kernel, &other.kernel)
    }
}

impl<K> Eq for Adapted<K> {}

impl<K> Hash for Adapted<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.kernel).cast::<()>().hash(state);
    }
}

/// The arguments of one call, as typed columns.
pub(crate) struct Rows<'a> {
    args: &'a ScalarFunctionArgs,
    len: usize,
    flag: CancelFlag,
}

impl Rows<'_> {
    /// How many rows the call is about.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Ends the call when its statement is cancelled.
    pub(crate) fn check_cancelled(&self) -> Result<()> {
        Ok(self.flag.check()?)
    }

    /// Its rows one after the other, with a look at the cancel flag before each: for kernels whose rows take long.
    pub(crate) fn indices(&self) -> impl Iterator<Item = Result<usize>> {
        (0..self.len).map(|index| {
            self.check_cancelled()?;
            Ok(index)
        })
    }

    /// `models` for the statement of the call, so that they stop when it does.
    pub(crate) fn models(&self, models: &Handle) -> Handle {
        models.for_statement(&self.flag)
    }

    /// The field of argument `index`.
    pub(crate) fn field(&self, index: usize) -> &FieldRef {
        &self.args.arg_fields[index]
    }

    /// The field that planning promised for the result.
    pub(crate) fn return_field(&self) -> &FieldRef {
        &self.args.return_field
    }

    /// Argument `index` as an array of [`Rows::len`] rows.
    pub(crate) fn array(&self, index: usize) -> Result<ArrayRef> {
        self.args.args[index].to_array(self.len)
    }

    /// Argument `index` as numbers.
    pub(crate) fn f64(&self, index: usize) -> Result<Float64Array> {
        Ok(self
            .cast(index, &DataType::Float64)?
            .as_primitive::<Float64Type>()
            .clone())
    }

    /// Argument `index` as whole numbers.
    ///
    /// # Errors
    /// When one has a fraction: half a seed is a mistake, and rounding it would hide that.
    pub(crate) fn i64(&self, index: usize) -> Result<Int64Array> {
        if self.field(index).data_type().is_floating()
            && let Some(odd) = self
                .f64(index)?
                .iter()
                .flatten()
                .find(|number| number.fract() != 0.0)
        {
            return Err(exec_datafusion_err!("a whole number is expected, found {odd}"));
        }
        Ok(self
            .cast(index, &DataType::Int64)?
            .as_primitive::<Int64Type>()
            .clone())
    }

    /// Argument `index` as text.
    pub(crate) fn text(&self, index: usize) -> Result<StringArray> {
        Ok(self.cast(index, &DataType::Utf8)?.as_string::<i32>().clone())
    }

    /// Argument `index` as a list of names, the same for all rows.
    pub(crate) fn names(&self, index: usize) -> Result<Vec<String>> {
        let ColumnarValue::Scalar(value) = &self.args.args[index] else {
            return Err(exec_datafusion_err!("a list of names must be a constant"));
        };
        if value.is_null() {
            return Ok(Vec::new());
        }
        let list = value.to_array()?;
        let Some(list) = list.as_list_opt::<i32>() else {
            return Err(exec_datafusion_err!(
                "a list of names is expected, as in ['psep', 'r_value']"
            ));
        };
        let names = arrow::compute::cast(&list.value(0), &DataType::Utf8)?;
        Ok(names
            .as_string::<i32>()
            .iter()
            .flatten()
            .map(str::to_lowercase)
            .collect())
    }

    fn cast(&self, index: usize, to: &DataType) -> Result<ArrayRef> {
        let array = self.array(index)?;
        if array.data_type() == to {
            return Ok(array);
        }
        Ok(arrow::compute::cast(&array, to)?)
    }
}

/// What takes a patch.
pub(crate) const A_PATCH: &str = "PATCH or SAMPLE";

/// The patch that most functions are of.
pub(crate) fn patch(summary: &'static str) -> Parameter {
    required("patch").taking(A_PATCH).about(summary)
}

/// A parameter that must be given.
pub(crate) fn required(name: &'static str) -> Parameter {
    Parameter::required(name, Kind::Any)
}

/// A number that is NULL when it is not given.
pub(crate) fn optional(name: &'static str) -> Parameter {
    Parameter::optional(name, Kind::Number, Default::Null)
}

/// A number with a default.
pub(crate) fn number(name: &'static str, default: f64) -> Parameter {
    Parameter::optional(name, Kind::Number, Default::Number(default))
}

/// A text with a default.
pub(crate) fn text(name: &'static str, default: &'static str) -> Parameter {
    Parameter::optional(name, Kind::Text, Default::Text(default))
}

/// A number that measures `dimension` where units are written.
pub(crate) fn in_dimension(parameter: Parameter, dimension: Dimension) -> Parameter {
    parameter.measuring(dimension)
}

/// A literal text argument, or its absence, at planning time.
pub(crate) fn constant_text(
    args: &ReturnFieldArgs<'_>,
    index: usize,
    function: &str,
) -> Result<Option<String>> {
    match args.scalar_arguments.get(index).copied().flatten() {
        Some(value) if value.is_null() => Ok(None),
        Some(value) => match value.try_as_str().flatten() {
            Some(text) => Ok(Some(text.to_owned())),
            None => plan_err!("{function}: a text is expected, found {}", value.data_type()),
        },
        None => plan_err!("{function}: the name of a model must be a constant"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let models = Handle::shipped();
        let mut names: Vec<_> = functions(&models)
            .iter()
            .map(|function| function.call.name)
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "a name stands twice in {names:?}");
    }
}
