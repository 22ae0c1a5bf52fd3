//! The demo catalogue: 2,000 simulated SHARPs, made once under the user's cache directory and plainly marked
//! as simulated, so that everything works on a machine with no data and no network.
//!
//! Its keywords are those of `SIMULATE(n => 2000, seed => 2010)`, computed from segments at HMI's resolution. That takes
//! minutes, so they were computed once and lie in `engine/demo/`; the patches are painted when the demo is made, of
//! the same regions at the same times, on the grid of a patch.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use bytes::Bytes;
use datafusion::error::DataFusionError;
use helioql_catalog::{
    Catalogue, Header, IndexConfig, ModelKind, SharpId,
    schema::{SharpRow, sharps_batch},
};
use helioql_grammar::TRec;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rayon::prelude::*;

use crate::{
    DEFAULT_ENCODER, Error, Result, cache,
    index::{self, Vectors},
    models::{Handle, ModelStore},
    patch::Patch,
    progress::{Observer, Progress},
    simulated, simulator,
    tables::sharps,
    types::VectorColumn,
};

/// How many records the demo has.
const RECORDS: u64 = 2_000;
/// The seed of the simulated catalogue.
const SEED: u64 = 2010;
/// `sharps` without patches and embeddings, in the order of the records' numbers: what
/// `COPY (SELECT * EXCEPT (patch, embedding) FROM SIMULATE(n => 2000, seed => 2010)) TO 'engine/demo/sharps.parquet'`
/// writes.
const KEYWORDS: &[u8] = include_bytes!("../demo/sharps.parquet");
/// Raised when the simulator or the columns change, so that an old demo is made anew.
const VERSION: u32 = 8;
/// The index of the records, and the column that it is of.
const INDEX: &str = "sharps_hnsw";
const EMBEDDING: &str = "embedding";
/// Resolution of the patches.
const STEPS_PER_GAUSS: f32 = 16.0;
/// How many records are made between two looks at the cancel flag.
const CHUNK: usize = 100;

/// Opens the demo, making it when it is not there yet.
pub(crate) fn open(store: &Arc<ModelStore>, observer: &dyn Observer) -> Result<Catalogue> {
    let models = Handle::new(Arc::clone(store));
    let encoder = store.identity(ModelKind::Encoder, DEFAULT_ENCODER)?;
    let path = cache::needed("the demo catalogue")?
        .join(format!("demo-v{VERSION}-{}.helio", encoder.replace('#', "-")));
    let catalogue = cache::patiently(observer, || Catalogue::open_or_create(&path))?;
    let is_whole = || {
        catalogue
            .table(sharps::SHARPS)
            .is_some_and(|table| table.rows == RECORDS)
            && !catalogue.indexes().is_empty()
    };
    if is_whole() {
        return Ok(catalogue);
    }
    let mut transaction = cache::patiently(observer, || catalogue.begin())?;
    // Another process may have made it while this one waited for the lock.
    if is_whole() {
        return Ok(catalogue);
    }
    let batches = make(&models, observer)?;
    let index = index::build(index::Settings::default(), vectors(&batches)?, observer)?;
    transaction.write_table(sharps::SHARPS, sharps::schema(&models)?, batches)?;
    let files = transaction.table_files(sharps::SHARPS)?;
    let config = IndexConfig {
        column: EMBEDDING.to_owned(),
        encoder: Some(encoder),
        statement: format!(
            "CREATE INDEX {INDEX} ON {} USING HNSW ({EMBEDDING})",
            sharps::SHARPS
        ),
        ..IndexConfig::default()
    };
    index::store::put(&mut transaction, INDEX, sharps::SHARPS, files, config, &index)?;
    transaction.commit()?;
    Ok(catalogue)
}

/// The embeddings of the records.
fn vectors(batches: &[RecordBatch]) -> Result<Vectors> {
    let mut vectors = Vectors::new(0);
    for batch in batches {
        let column = batch.schema().index_of(EMBEDDING)?;
        let column = VectorColumn::new(batch.column(column))?;
        for vector in (0..column.len()).map(|row| column.get(row)) {
            if vectors.len() == 0 {
                vectors = Vectors::new(vector.map_or(0, <[f32]>::len));
            }
            vectors.push(vector);
        }
    }
    Ok(vectors)
}

fn make(models: &Handle, observer: &dyn Observer) -> Result<Vec<RecordBatch>> {
    let schema = sharps::schema(models)?;
    let made = AtomicU64::new(0);
    keywords()?
        .into_par_iter()
        .enumerate()
        .map(|(chunk, keywords)| {
            if observer.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let first = (chunk * CHUNK) as u64;
            let rows = (first..first + keywords.num_rows() as u64)
                .map(|index| row(models, index))
                .collect::<Result<Vec<_>>>()?;
            let step = made.fetch_add(rows.len() as u64, Ordering::Relaxed) + rows.len() as u64;
            observer.report(&Progress {
                task: "simulating the demo catalogue".to_owned(),
                step,
                steps: RECORDS,
                metrics: Vec::new(),
            });
            complete(&schema, &keywords, &rows)
        })
        .collect()
}

/// The keywords of the records, so many to a batch.
fn keywords() -> Result<Vec<RecordBatch>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from_static(KEYWORDS))
        .and_then(|reader| reader.with_batch_size(CHUNK).build())
        .map_err(DataFusionError::from)?;
    Ok(reader.collect::<Result<_, _>>()?)
}

/// Rows of `sharps`, of which everything but the patch and its embedding is kept.
fn complete(schema: &SchemaRef, keywords: &RecordBatch, painted: &[SharpRow]) -> Result<RecordBatch> {
    let painted = sharps_batch(schema, painted)?;
    let columns = schema.fields().iter().zip(painted.columns());
    let columns =
        columns.map(|(field, painted)| keywords.column_by_name(field.name()).unwrap_or(painted).clone());
    Ok(RecordBatch::try_new(schema.clone(), columns.collect())?)
}

/// A record's key, its patch and its embedding.
fn row(models: &Handle, index: u64) -> Result<SharpRow> {
    let simulated = simulator::simulate(SEED, index, sharps::grid(models)?)?;
    // HMI's files have steps of 0.1 G. These are finer, and of few binary digits, which a file packs well.
    let stepped = |b: f32| (b * STEPS_PER_GAUSS).round() / STEPS_PER_GAUSS;
    let gauss = simulated.patch.gauss().iter().copied().map(stepped).collect();
    let patch = Patch::new(simulated.patch.grid(), gauss)?;
    let embedding = models.encoder(DEFAULT_ENCODER)?.embed(&[&patch])?.pop();
    Ok(SharpRow {
        id: SharpId {
            harpnum: simulated.harpnum,
            t_rec: TRec::from_unix_micros(simulated.t_rec * 1_000_000),
        },
        header: Header::default(),
        patch_component: None,
        patch: Some(patch.into_gauss()),
        embedding,
        source: simulated::SOURCE.to_owned(),
        path: None,
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{DataType, Float64Type};

    use super::*;
    use crate::simulated::Origin;

    /// What differs between machines is the last bits of sines and exponentials, and by them now and then a pixel at the
    /// edge of a mask. One of some ten thousand moves a mean that nearly cancels by less than a hundredth.
    const TOLERANCE: f64 = 1e-2;

    #[test]
    fn the_keywords_are_those_of_simulate() -> Result<()> {
        let models = Handle::new(Arc::new(ModelStore::new(None)));
        let schema = sharps::schema(&models)?;
        let kept = keywords()?;
        assert_eq!(
            kept.iter().map(RecordBatch::num_rows).sum::<usize>() as u64,
            RECORDS
        );
        for index in [0, 1234, 1999] {
            let origin = Origin { seed: SEED, index };
            let made = sharps_batch(&schema, &[simulated::row(&models, origin)?])?;
            let at = index as usize;
            let row = complete(
                &schema,
                &kept[at / CHUNK].slice(at % CHUNK, 1),
                &[row(&models, index)?],
            )?;
            for (field, (made, row)) in schema
                .fields()
                .iter()
                .zip(made.columns().iter().zip(row.columns()))
            {
                let name = field.name();
                match field.data_type() {
                    _ if name == "patch" || name == "embedding" => assert!(row.is_valid(0), "{name}"),
                    DataType::Float64 if made.is_valid(0) => {
                        let value = |column: &dyn Array| column.as_primitive::<Float64Type>().value(0);
                        let (made, row) = (value(made), value(row));
                        assert!(
                            (made - row).abs() <= TOLERANCE * made.abs(),
                            "{name}: {made} and {row}"
                        );
                    }
                    _ => assert_eq!(made, row, "{name}"),
                }
            }
        }
        Ok(())
    }
}
