//! The demo catalogue: 2,000 simulated SHARPs, made once under the user's cache directory and plainly marked
//! as simulated, so that everything works on a machine with no data and no network.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use arrow::record_batch::RecordBatch;
use helioql_catalog::{
    Catalogue, Header, IndexConfig, ModelKind, SharpId,
    fits::Value,
    schema::{SharpRow, sharps_batch},
};
use helioql_grammar::TRec;
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
/// Raised when the simulator or the columns change, so that an old demo is made anew.
const VERSION: u32 = 4;
/// The index of the records, and the column that it is of.
const INDEX: &str = "sharps_hnsw";
const EMBEDDING: &str = "embedding";
/// Resolution of the patches.
const STEPS_PER_GAUSS: f32 = 16.0;
/// How many records are made between two looks at the cancel flag.
const CHUNK: u64 = 100;

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
    (0..RECORDS.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            if observer.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let range = chunk * CHUNK..RECORDS.min((chunk + 1) * CHUNK);
            let rows = range
                .map(|index| row(models, index))
                .collect::<Result<Vec<_>>>()?;
            let step = made.fetch_add(rows.len() as u64, Ordering::Relaxed) + rows.len() as u64;
            observer.report(&Progress {
                task: "simulating the demo catalogue".to_owned(),
                step,
                steps: RECORDS,
                metrics: Vec::new(),
            });
            Ok(sharps_batch(&schema, &rows)?)
        })
        .collect()
}

fn row(models: &Handle, index: u64) -> Result<SharpRow> {
    let simulated = simulator::simulate(SEED, index, sharps::grid(models)?)?;
    // HMI's files have steps of 0.1 G. These are finer, and of few binary digits, which a file packs well.
    let stepped = |b: f32| (b * STEPS_PER_GAUSS).round() / STEPS_PER_GAUSS;
    let gauss = simulated.patch.gauss().iter().copied().map(stepped).collect();
    let patch = Patch::new(simulated.patch.grid(), gauss)?;
    let header = Header::from_cards([
        ("NOAA_AR", Value::Integer(simulated.noaa_ar)),
        ("NOAA_ARS", Value::Text(simulated.noaa_ar.to_string())),
        ("NOAA_NUM", Value::Integer(1)),
        ("USFLUX", Value::Real(simulated.usflux_mx)),
        ("LAT_FWT", Value::Real(simulated.lat_deg)),
        ("LON_FWT", Value::Real(simulated.lon_deg)),
    ]);
    let embedding = models.encoder(DEFAULT_ENCODER)?.embed(&[&patch])?.pop();
    Ok(SharpRow {
        id: SharpId {
            harpnum: simulated.harpnum,
            t_rec: TRec::from_unix_micros(simulated.t_rec * 1_000_000),
        },
        header,
        patch_component: Some("los"),
        patch: Some(patch.into_gauss()),
        embedding,
        source: simulated::SOURCE.to_owned(),
        path: None,
    })
}
