//! PATCH, LATENT, EMBEDDING and SAMPLE between Arrow and the engine: the catalogue crate says how their
//! fields are marked, this file reads and builds the arrays.
//!
//! A function that takes a PATCH takes a SAMPLE too and reads its `patch`; the same for a LATENT.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, FixedSizeListArray, FixedSizeListBuilder, Float32Array, Float32Builder,
        Float64Array, Float64Builder, Int64Builder, StructArray,
    },
    datatypes::{DataType, Field, FieldRef, Fields, Float32Type},
};
use datafusion::common::{Result, exec_datafusion_err, plan_datafusion_err};
use helioql_catalog::{
    Grid,
    keyword::{self, Keyword},
    types::{
        UNIT, embedding_encoder, keyword_field, latent_field, latent_generator, patch_field, patch_grid,
    },
};

use crate::{
    directions::View,
    generator::GeneratorConfig,
    patch::Patch,
    physics::{PatchQuantities, paper::PaperQuantities},
};

/// What GENERATE, STEER and INVERT return.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The magnetic field.
    pub patch: Patch,
    /// The point of the generator's mapped latent space that makes it.
    pub latent: Vec<f32>,
    /// The seed it started from, where it started from one.
    pub seed: Option<i64>,
    /// What was measured on the patch.
    pub quantities: PatchQuantities,
    /// The USFLUX of the catalogue that belongs to the measured flux, in Mx, where the generator has a calibration.
    pub catalogue_usflux: Option<f64>,
    /// Newton steps that led to it, where a target was asked for.
    pub iterations: Option<usize>,
}

impl Sample {
    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.patch.gauss()) + size_of_val(self.latent.as_slice())
    }

    /// A sample of the generator of this description.
    pub(crate) fn new(config: &GeneratorConfig, view: View) -> Self {
        let View { w, patch, quantities } = view;
        let line = config.calibration;
        Self {
            catalogue_usflux: line.map(|line| line.catalogue_mx(quantities.usflux)),
            patch,
            latent: w,
            seed: None,
            quantities,
            iterations: None,
        }
    }
}

/// The calibrated flux, beside the measured keywords of a SAMPLE.
pub(crate) const CATALOGUE_USFLUX: &str = "catalogue_usflux";

/// The keywords that are measured on a patch, in the order of their columns.
pub(crate) fn measured_keywords() -> impl Iterator<Item = &'static Keyword> {
    PatchQuantities::NAMES.iter().map(|name| {
        keyword::find(name)
            .expect("every measured quantity is a row of the keyword registry, as a test asserts")
    })
}

/// The keywords of the paper's own quantities, which are measured when they are asked for.
pub(crate) fn paper_keywords() -> impl Iterator<Item = &'static Keyword> {
    PaperQuantities::NAMES.iter().map(|name| {
        keyword::find(name)
            .expect("every quantity of the paper is a row of the keyword registry, as a test asserts")
    })
}

/// The columns of a SAMPLE. Planning asks for them again and again, so that those of some generators are kept.
pub(crate) fn sample_fields(generator: &str, grid: Grid, latent_dim: usize) -> Fields {
    static KNOWN: Mutex<VecDeque<(String, Grid, usize, Fields)>> = Mutex::new(VecDeque::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known
        .iter()
        .find(|(name, of, length, _)| name == generator && *of == grid && *length == latent_dim);
    if let Some((.., fields)) = found {
        return fields.clone();
    }
    let fields = new_sample_fields(generator, grid, latent_dim);
    known.push_front((generator.to_owned(), grid, latent_dim, fields.clone()));
    known.truncate(KNOWN_GENERATORS);
    fields
}

/// Of how many generators the columns are kept.
const KNOWN_GENERATORS: usize = 8;

fn new_sample_fields(generator: &str, grid: Grid, latent_dim: usize) -> Fields {
    let mut fields = vec![
        patch_field("patch", grid),
        latent_field("latent", latent_dim, generator),
        Field::new("seed", DataType::Int64, true),
    ];
    fields.extend(measured_keywords().map(keyword_field));
    let unit = [(UNIT.to_owned(), "Mx".to_owned())];
    fields.push(Field::new(CATALOGUE_USFLUX, DataType::Float64, true).with_metadata(unit.into()));
    fields.into()
}

/// The names of the columns of a SAMPLE.
pub(crate) fn sample_names() -> impl Iterator<Item = &'static str> {
    let measured = measured_keywords().map(|keyword| keyword.name);
    ["patch", "latent", "seed"]
        .into_iter()
        .chain(measured)
        .chain([CATALOGUE_USFLUX])
}

/// Samples as a struct array with [`sample_fields`].
pub(crate) fn sample_array(fields: &Fields, samples: &[Option<Arc<Sample>>]) -> Result<StructArray> {
    let patches = patch_array(
        &fields[0],
        samples
            .iter()
            .map(|sample| sample.as_ref().map(|sample| &sample.patch)),
    )?;
    let latents = vector_array(
        &fields[1],
        samples
            .iter()
            .map(|sample| sample.as_ref().map(|sample| sample.latent.as_slice())),
    )?;
    let mut seeds = Int64Builder::new();
    for sample in samples {
        seeds.append_option(sample.as_ref().and_then(|sample| sample.seed));
    }
    let mut columns: Vec<ArrayRef> = vec![patches, latents, Arc::new(seeds.finish())];
    columns.extend(quantity_arrays(
        samples
            .iter()
            .map(|sample| sample.as_ref().map(|sample| &sample.quantities)),
    ));
    let calibrated = samples.iter().map(|sample| {
        let flux = sample.as_ref()?.catalogue_usflux?;
        flux.is_finite().then_some(flux)
    });
    columns.push(Arc::new(calibrated.collect::<Float64Array>()));
    let nulls = samples.iter().map(Option::is_some).collect::<Vec<_>>();
    Ok(StructArray::try_new(fields.clone(), columns, Some(nulls.into()))?)
}

/// One array per measured keyword; what is undefined on a patch is NULL.
pub(crate) fn quantity_arrays<'a>(
    rows: impl Iterator<Item = Option<&'a PatchQuantities>>,
) -> impl Iterator<Item = ArrayRef> {
    let mut builders: Vec<Float64Builder> = PatchQuantities::NAMES
        .iter()
        .map(|_| Float64Builder::new())
        .collect();
    for row in rows {
        for (builder, name) in builders.iter_mut().zip(PatchQuantities::NAMES) {
            builder.append_option(
                row.and_then(|row| row.get(name))
                    .filter(|value| value.is_finite()),
            );
        }
    }
    builders
        .into_iter()
        .map(|mut builder| Arc::new(builder.finish()) as ArrayRef)
}

/// Patches as the array of `field`.
pub(crate) fn patch_array<'a>(
    field: &Field,
    patches: impl Iterator<Item = Option<&'a Patch>>,
) -> Result<ArrayRef> {
    vector_array(field, patches.map(|patch| patch.map(Patch::gauss)))
}

/// Vectors of one length as the fixed-size list of `field`.
pub(crate) fn vector_array<'a>(
    field: &Field,
    vectors: impl Iterator<Item = Option<&'a [f32]>>,
) -> Result<ArrayRef> {
    let DataType::FixedSizeList(item, length) = field.data_type() else {
        return Err(exec_datafusion_err!(
            "internal: `{}` is not a vector but {}",
            field.name(),
            field.data_type()
        ));
    };
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), *length).with_field(Arc::clone(item));
    for vector in vectors {
        match vector {
            Some(vector) if vector.len() == *length as usize => {
                builder.values().append_slice(vector);
                builder.append(true);
            }
            Some(vector) => {
                return Err(exec_datafusion_err!(
                    "`{}` holds vectors of {length} numbers, one of {} was found",
                    field.name(),
                    vector.len()
                ));
            }
            None => {
                builder.values().append_nulls(*length as usize);
                builder.append(false);
            }
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// A column of fixed-size vectors, read without copying.
pub(crate) struct VectorColumn {
    list: FixedSizeListArray,
    values: Float32Array,
}

impl VectorColumn {
    /// The column of `array`, which must be a fixed-size list of float32.
    pub(crate) fn new(array: &ArrayRef) -> Result<Self> {
        let list = array
            .as_fixed_size_list_opt()
            .ok_or_else(|| exec_datafusion_err!("a vector is expected, found {}", array.data_type()))?
            .clone();
        let values = arrow::compute::cast(list.values(), &DataType::Float32)?
            .as_primitive::<Float32Type>()
            .clone();
        Ok(Self { list, values })
    }

    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The vector of row `index`, or `None` where it is NULL.
    pub(crate) fn get(&self, index: usize) -> Option<&[f32]> {
        if self.list.is_null(index) {
            return None;
        }
        let length = self.list.value_length() as usize;
        let start = self.list.value_offset(index) as usize;
        Some(&self.values.values()[start..start + length])
    }
}

/// A column of patches: a PATCH, or the `patch` of a SAMPLE.
pub(crate) struct PatchColumn {
    grid: Grid,
    vectors: VectorColumn,
}

impl PatchColumn {
    /// The patches of `array`, whose field is `field`, for `function`.
    pub(crate) fn new(function: &str, array: &ArrayRef, field: &Field) -> Result<Self> {
        let (child, grid) = part(field, patch_grid).ok_or_else(|| not_a_patch(function, field))?;
        Ok(Self {
            grid,
            vectors: VectorColumn::new(&select(array, child)?)?,
        })
    }

    /// The patch of row `index`; a NULL pixel is a missing one, NaN.
    pub(crate) fn get(&self, index: usize) -> Option<Patch> {
        let gauss = self.vectors.get(index)?.to_vec();
        Patch::new(self.grid, gauss).ok()
    }
}

/// A column of latents: a LATENT, or the `latent` of a SAMPLE.
pub(crate) fn latent_column(array: &ArrayRef, field: &Field) -> Result<VectorColumn> {
    let (child, _) = part(field, latent_generator).ok_or_else(|| not_a_latent("this function", field))?;
    VectorColumn::new(&select(array, child)?)
}

/// The grid of a PATCH or SAMPLE field.
pub(crate) fn grid_of(field: &Field) -> Option<Grid> {
    part(field, patch_grid).map(|(_, grid)| grid)
}

/// The generator of a LATENT or SAMPLE field.
pub(crate) fn generator_of(field: &Field) -> Option<String> {
    part(field, latent_generator).map(|(_, generator)| generator)
}

/// The encoder of an EMBEDDING field.
pub(crate) fn encoder_of(field: &Field) -> Option<String> {
    embedding_encoder(field)
}

/// Refuses an argument that cannot be a patch. While a statement is planned nothing is known of a vector that CASE or
/// coalesce gives out; [`PatchColumn::new`] knows what its rows are.
pub(crate) fn check_patch(function: &str, field: &Field) -> Result<()> {
    let is_vector = matches!(field.data_type(), DataType::FixedSizeList(item, _) if *item.data_type() == DataType::Float32);
    let is_other = latent_generator(field).is_some() || embedding_encoder(field).is_some();
    if grid_of(field).is_some() || (is_vector && !is_other) {
        return Ok(());
    }
    Err(not_a_patch(function, field))
}

/// The message for an argument that is not a patch.
fn not_a_patch(function: &str, field: &Field) -> datafusion::common::DataFusionError {
    plan_datafusion_err!(
        "{function} takes a PATCH or a SAMPLE, found `{}` of type {}; TO_PATCH(list, height => …, width => …, \
         cell_mm => …) makes a PATCH of a list of numbers",
        field.name(),
        describe(field)
    )
}

/// The message for an argument that is not a latent.
pub(crate) fn not_a_latent(function: &str, field: &Field) -> datafusion::common::DataFusionError {
    plan_datafusion_err!(
        "{function} takes a SAMPLE or a LATENT, found `{}` of type {}; GENERATE(…) makes a SAMPLE",
        field.name(),
        describe(field)
    )
}

/// Our own types by their names. Arrow's name of a struct type lists all of its fields with their metadata; a message
/// needs less.
fn describe(field: &Field) -> String {
    if patch_grid(field).is_some() {
        return "PATCH".to_owned();
    }
    if latent_generator(field).is_some() {
        return "LATENT".to_owned();
    }
    if embedding_encoder(field).is_some() {
        return "EMBEDDING".to_owned();
    }
    match field.data_type() {
        DataType::Struct(fields) => {
            format!(
                "STRUCT({})",
                fields
                    .iter()
                    .map(|field| field.name().as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
        DataType::FixedSizeList(item, length) => format!("FixedSizeList({length} × {})", item.data_type()),
        other => other.to_string(),
    }
}

/// The value itself, or the first child of a struct, that `read` recognises.
fn part<T>(field: &Field, read: impl Fn(&Field) -> Option<T>) -> Option<(Option<usize>, T)> {
    if let Some(found) = read(field) {
        return Some((None, found));
    }
    let DataType::Struct(children) = field.data_type() else {
        return None;
    };
    children
        .iter()
        .enumerate()
        .find_map(|(index, child)| Some((Some(index), read(child)?)))
}

/// The child of a struct array with the struct's own NULLs, or the array itself.
fn select(array: &ArrayRef, child: Option<usize>) -> Result<ArrayRef> {
    let Some(child) = child else {
        return Ok(Arc::clone(array));
    };
    let parent = array
        .as_struct_opt()
        .ok_or_else(|| exec_datafusion_err!("a SAMPLE is expected, found {}", array.data_type()))?;
    let column = parent.column(child);
    match parent.nulls() {
        None => Ok(Arc::clone(column)),
        Some(nulls) => {
            let list = column
                .as_fixed_size_list_opt()
                .ok_or_else(|| exec_datafusion_err!("a SAMPLE is expected, found {}", array.data_type()))?;
            let nulls = arrow::buffer::NullBuffer::union(Some(nulls), list.nulls());
            let DataType::FixedSizeList(item, length) = list.data_type() else {
                return Err(exec_datafusion_err!("internal: a list that is not one"));
            };
            let list =
                FixedSizeListArray::try_new(Arc::clone(item), *length, Arc::clone(list.values()), nulls)?;
            Ok(Arc::new(list))
        }
    }
}

/// A field under another name.
pub(crate) fn renamed(field: &Field, name: &str) -> FieldRef {
    Arc::new(field.clone().with_name(name))
}
