//! What a model is trained on: the patches of a query, with the region and time of each where the query
//! gives them, and a part set aside for validation by the statement's own predicate.

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Int64Type, TimeUnit},
};
use datafusion::dataframe::DataFrame;
use futures::StreamExt;
use helioql_grammar::TokenWithSpan;

use crate::{
    Error, Result,
    functions::generate::FLUX,
    memory::Memory,
    patch::Patch,
    session::Session,
    types::{PatchColumn, grid_of},
};

/// The columns that may say which active region a patch shows, the first of them that is there.
const REGION: [&str; 3] = ["region", "noaa_ar", "harpnum"];
/// The columns that may say when.
const TIME: [&str; 3] = ["t_rec", "t_obs", "time"];

/// The patches of one part of a training set.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) patches: Vec<Patch>,
    /// (region, seconds since 1970) of each patch; empty when the query has no such columns.
    pub(super) groups: Vec<(i64, i64)>,
    /// The catalogue's USFLUX of each patch in Mx, NaN where it is unknown; empty when the query has no such column.
    pub(super) usflux: Vec<f64>,
}

/// Patches to train on, and patches to choose by.
#[derive(Debug)]
pub(super) struct TrainingSet {
    pub(super) train: Part,
    pub(super) validation: Part,
    /// What they and all that is made of them may take.
    memory: Memory,
}

/// How often a patch is held: as it was read, and as a network sees it.
const HELD: usize = 2;

/// Runs the query of a CREATE statement. Rows for which `validation` is true are set aside. `work` is what will be needed
/// beside the patches, in bytes.
///
/// # Errors
/// When the query fails, has no patches, or has more than there is memory for.
pub(super) async fn read(
    session: &Session,
    query: &[TokenWithSpan],
    validation: Option<&str>,
    work: usize,
) -> Result<TrainingSet> {
    const SET_ASIDE: &str = "__validation";
    let memory = Memory::of(
        session,
        "patches and networks",
        "`--memory-limit` says how much; fewer patches or a smaller batch need less",
    );
    memory.grow(work, "the networks with a batch of images")?;
    let mut frame = session.query(query).await?;
    check_columns(&frame)?;
    if let Some(predicate) = validation {
        let predicate = frame.parse_sql_expr(predicate)?;
        frame = frame.with_column(SET_ASIDE, predicate)?;
    }
    let mut set = TrainingSet {
        train: Part::default(),
        validation: Part::default(),
        memory,
    };
    let mut rows = frame.execute_stream().await?;
    while let Some(batch) = rows.next().await.transpose()? {
        session.models().check_cancelled()?;
        let aside = batch
            .column_by_name(SET_ASIDE)
            .map(|column| cast(column, &DataType::Boolean))
            .transpose()?;
        append(&mut set, &batch, |row| {
            aside.as_ref().is_some_and(|aside| aside.as_boolean().value(row))
        })?;
    }
    Ok(set)
}

fn check_columns(frame: &DataFrame) -> Result<()> {
    let schema = frame.schema();
    if schema.fields().iter().any(|field| grid_of(field).is_some()) {
        return Ok(());
    }
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    Err(Error::Unsupported(format!(
        "the query of a model needs a column of type PATCH, found {}; TO_PATCH(list, height => …, width => …, cell_mm \
         => …) makes one",
        names.join(", ")
    )))
}

fn append(set: &mut TrainingSet, batch: &RecordBatch, aside: impl Fn(usize) -> bool) -> Result<()> {
    let schema = batch.schema();
    let Some(index) = schema.fields().iter().position(|field| grid_of(field).is_some()) else {
        return Ok(());
    };
    let patches = PatchColumn::new("a training set", batch.column(index), schema.field(index))?;
    let regions = REGION.iter().find_map(|name| batch.column_by_name(name));
    let regions = regions.map(|column| cast(column, &DataType::Int64)).transpose()?;
    let times = TIME
        .iter()
        .find_map(|name| batch.column_by_name(name))
        .map(seconds)
        .transpose()?
        .flatten();
    let usflux = batch
        .column_by_name(FLUX)
        .map(|column| cast(column, &DataType::Float64))
        .transpose()?;
    for row in 0..batch.num_rows() {
        let Some(patch) = patches.get(row) else { continue };
        let known = set.train.patches.len() + set.validation.patches.len();
        set.memory.grow(
            HELD * size_of_val(patch.gauss()),
            format_args!("the networks and the first {} patches", known + 1),
        )?;
        let part = if aside(row) {
            &mut set.validation
        } else {
            &mut set.train
        };
        part.patches.push(patch);
        if let Some(usflux) = &usflux {
            let usflux = usflux.as_primitive::<Float64Type>();
            let known = usflux.is_valid(row).then(|| usflux.value(row));
            part.usflux.push(known.unwrap_or(f64::NAN));
        }
        if let Some(regions) = &regions {
            let regions = regions.as_primitive::<Int64Type>();
            // A patch of no region is a region of its own.
            let own = -(part.patches.len() as i64);
            let region = if regions.is_valid(row) {
                regions.value(row)
            } else {
                own
            };
            let time = times
                .as_ref()
                .filter(|times| times.is_valid(row))
                .map_or(0.0, |times| times.value(row));
            part.groups.push((region, time as i64));
        }
    }
    Ok(())
}

/// A time column as seconds, or `None` when it is not one.
fn seconds(column: &arrow::array::ArrayRef) -> Result<Option<arrow::array::Float64Array>> {
    if !column.data_type().is_temporal() && *column.data_type() != DataType::Utf8 {
        return Ok(None);
    }
    let micros = cast(column, &DataType::Timestamp(TimeUnit::Second, None))?;
    let micros = cast(&cast(&micros, &DataType::Int64)?, &DataType::Float64)?;
    Ok(Some(micros.as_primitive::<Float64Type>().clone()))
}
