//! A session to try statements on: an engine in memory whose table `sharps` holds a few simulated records.
//!
//! Nothing is read from or written to the disk, so tests can run side by side in any order.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use helioql::{
    Engine, Error, Result, Session,
    datafusion::datasource::MemTable,
    simulator::{self, SimulatedSharp},
};
use helioql_catalog::{
    Header, SharpId,
    fits::Value,
    schema::{SharpRow, sharps_batch},
    types::patch_grid,
};
use helioql_grammar::TRec;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::rows;

/// How many records `sharps` holds: forty regions, each seen five times.
pub const RECORDS: u64 = 200;
/// The seed of the simulated records.
const SEED: u64 = 1;

/// A session and what drives it.
#[derive(Debug)]
pub struct Bench {
    runtime: Runtime,
    session: Session,
    /// What the catalogue lies in, where it is one on disk.
    _directory: Option<TempDir>,
}

impl Bench {
    /// A session over an engine in memory with [`RECORDS`] simulated records in `sharps`.
    ///
    /// # Errors
    /// When the records cannot be simulated or embedded.
    pub fn simulated() -> Result<Self> {
        let bench = Self::empty()?;
        let (schema, batches) = sharps()?.clone();
        bench.put("sharps", schema, batches)?;
        Ok(bench)
    }

    /// A session over a catalogue in a directory of its own with the same records.
    ///
    /// # Errors
    /// When the records cannot be simulated or embedded, or the directory cannot be written.
    pub fn stored() -> Result<Self> {
        let directory = tempfile::tempdir().map_err(|source| Error::Io {
            path: std::env::temp_dir(),
            source,
        })?;
        let engine = Engine::open(directory.path().join("sun.helio"))?;
        let (schema, batches) = sharps()?.clone();
        if let Some(catalogue) = engine.catalogue() {
            let mut change = catalogue.begin()?;
            change.write_table("sharps", schema, batches)?;
            change.commit()?;
        }
        Ok(Self {
            _directory: Some(directory),
            ..Self::over(&engine)?
        })
    }

    /// A session over an engine in memory, `sharps` being empty.
    ///
    /// # Errors
    /// When the session cannot be made.
    pub fn empty() -> Result<Self> {
        Self::over(&Engine::in_memory())
    }

    /// A session over `engine`.
    ///
    /// # Errors
    /// When the session cannot be made.
    pub fn over(engine: &Engine) -> Result<Self> {
        let runtime = Runtime::new().map_err(|source| Error::Io {
            path: "the runtime".into(),
            source,
        })?;
        let session = runtime.block_on(engine.session())?;
        Ok(Self {
            runtime,
            session,
            _directory: None,
        })
    }

    /// The session itself.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Runs one statement to its end.
    ///
    /// # Errors
    /// As the statement.
    pub fn batches(&self, sql: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        self.runtime.block_on(async {
            let frame = self.session.sql(sql).await?;
            let schema = Arc::clone(frame.schema().inner());
            match frame.collect().await {
                Ok(batches) => Ok((schema, batches)),
                Err(error) => Err(self.located(error.into(), sql).await),
            }
        })
    }

    /// An error that came while rows were read, with its place.
    async fn located(&self, error: Error, sql: &str) -> Error {
        match helioql_grammar::parse(sql).as_deref() {
            Ok([statement]) => self.session.located(error, statement).await,
            _ => error,
        }
    }

    /// The rows of one statement as text.
    ///
    /// # Errors
    /// As the statement.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        Ok(rows::texts(&self.batches(sql)?.1)?)
    }

    /// The only value of the only row.
    ///
    /// # Errors
    /// As the statement, and when it gives more or less than one value.
    pub fn value(&self, sql: &str) -> Result<String> {
        match self.rows(sql)?.as_mut_slice() {
            [row] if row.len() == 1 => Ok(row.swap_remove(0)),
            rows => Err(Error::Unsupported(format!(
                "one value was expected of `{sql}`, found {rows:?}"
            ))),
        }
    }

    /// Runs one statement and stops it after `time`; returns how it ended.
    ///
    /// # Errors
    /// As the statement, and [`Error::Cancelled`] when it was stopped.
    pub fn cancelled_after(&self, time: Duration, sql: &str) -> Result<()> {
        let handle = self.session.cancel_handle();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(time);
                handle.cancel();
            });
            self.batches(sql).map(|_| ())
        })
    }

    fn put(&self, name: &str, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let context = self.session.context();
        context.deregister_table(name)?;
        context.register_table(name, Arc::new(MemTable::try_new(schema, vec![batches])?))?;
        Ok(())
    }
}

/// A table's schema and rows.
type Table = (SchemaRef, Vec<RecordBatch>);

/// The records, made once for all tests of a process.
fn sharps() -> Result<&'static Table> {
    static MADE: OnceLock<std::result::Result<Table, String>> = OnceLock::new();
    MADE.get_or_init(|| make().map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|error| Error::Unsupported(format!("the simulated records: {error}")))
}

fn make() -> Result<Table> {
    let bench = Bench::empty()?;
    let (schema, _) = bench.batches("SELECT * FROM sharps")?;
    let grid = schema.field_with_name("patch").ok().and_then(patch_grid);
    let grid = grid.ok_or_else(|| Error::Unsupported("`sharps` has no patches".to_owned()))?;
    let records = simulator::catalogue(SEED, RECORDS, grid)?;
    let rows: Vec<SharpRow> = records.into_iter().map(row).collect();
    bench.put(
        "simulated",
        Arc::clone(&schema),
        vec![sharps_batch(&schema, &rows)?],
    )?;
    // The engine itself embeds them, by its shipped encoder.
    let (_, embedded) = bench.batches("SELECT * REPLACE (EMBED(patch) AS embedding) FROM simulated")?;
    let embedded = embedded
        .iter()
        .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()));
    let embedded = embedded.collect::<std::result::Result<_, _>>()?;
    Ok((schema, embedded))
}

fn row(record: SimulatedSharp) -> SharpRow {
    let header = Header::from_cards([
        ("NOAA_AR", Value::Integer(record.noaa_ar)),
        ("USFLUX", Value::Real(record.usflux_mx)),
        ("LAT_FWT", Value::Real(record.lat_deg)),
        ("LON_FWT", Value::Real(record.lon_deg)),
    ]);
    SharpRow {
        id: SharpId {
            harpnum: record.harpnum,
            t_rec: TRec::from_unix_micros(record.t_rec * 1_000_000),
        },
        header,
        patch_component: Some("los"),
        patch: Some(record.patch.into_gauss()),
        embedding: None,
        source: "simulated".to_owned(),
        path: None,
    }
}
