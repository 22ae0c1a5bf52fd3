//! A table of the catalogue: the Parquet files of one commit, which stay where they are as long as a plan may read them.

mod copy;
mod matching;
mod rows;

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use arrow::datatypes::{Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::Session as PlanSession,
    common::{Result as PlanResult, Statistics, not_impl_err},
    datasource::{
        TableProvider, TableType,
        listing::{ListingTable, ListingTableConfig, ListingTableUrl, PartitionedFile},
        physical_plan::{FileScanConfigBuilder, ParquetFileReaderFactory, ParquetSource},
        source::DataSourceExec,
    },
    execution::{
        context::SessionContext,
        options::{ParquetReadOptions, ReadOptions},
    },
    logical_expr::{Expr, TableProviderFilterPushDown, dml::InsertOp},
    parquet::arrow::async_reader::AsyncFileReader,
    physical_plan::{ExecutionPlan, metrics::ExecutionPlanMetricsSet},
};
use helioql_catalog::{Snapshot, TableEntry};

pub(crate) use self::{copy::Copier, matching::Predicate, rows::StoredRows};
use crate::{Error, Result, cancel::CancelFlag, memory::Shelf, statements::blocking};

/// A table as of the commit that its session follows. It stays the same object from commit to commit, because views and
/// prepared statements hold it.
#[derive(Debug)]
pub(crate) struct StoredTable {
    schema: SchemaRef,
    now: RwLock<Arc<Commit>>,
}

/// The table as of one commit. Its columns are what its first file says; that the files are what was written is seen when
/// something is first asked of them, so that a session begins at once however large its catalogue is.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) name: String,
    /// The commit that changed the table last.
    pub(crate) generation: u64,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Its rows by their number.
    pub(crate) rows: Arc<StoredRows>,
    scanned: Arc<ListingTable>,
}

impl StoredTable {
    /// The table `entry` of `snapshot`.
    pub(crate) fn open(
        context: &SessionContext,
        shelf: &Arc<Shelf>,
        snapshot: &Arc<Snapshot>,
        entry: &TableEntry,
    ) -> Result<Self> {
        let (schema, now) = Commit::open(context, shelf, snapshot, entry)?;
        Ok(Self {
            schema,
            now: RwLock::new(Arc::new(now)),
        })
    }

    /// Goes on to a later commit. Returns whether it could: a table with other columns is another one.
    pub(crate) fn follow(
        &self,
        context: &SessionContext,
        shelf: &Arc<Shelf>,
        snapshot: &Arc<Snapshot>,
        entry: &TableEntry,
    ) -> Result<bool> {
        let before = self.now();
        let next = if before.generation == entry.generation {
            Commit {
                name: before.name.clone(),
                generation: before.generation,
                snapshot: Arc::clone(snapshot),
                rows: Arc::clone(&before.rows),
                scanned: Arc::clone(&before.scanned),
            }
        } else {
            let (schema, next) = Commit::open(context, shelf, snapshot, entry)?;
            if schema != self.schema {
                return Ok(false);
            }
            next
        };
        // The lock guards one assignment, which cannot be left half done.
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(true)
    }

    /// The table as of the commit that the session follows now.
    pub(crate) fn now(&self) -> Arc<Commit> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Commit {
    fn open(
        context: &SessionContext,
        shelf: &Arc<Shelf>,
        snapshot: &Arc<Snapshot>,
        entry: &TableEntry,
    ) -> Result<(SchemaRef, Self)> {
        let files = snapshot.files(&entry.name)?;
        let schema = match entry.schema() {
            Ok(schema) => schema,
            // One that is not what was written is refused by its name as soon as the table is asked for anything.
            Err(_) if (0..files.len()).any(|file| files.compare(file, || false).is_err()) => {
                Arc::new(Schema::empty())
            }
            Err(error) => return Err(error.into()),
        };
        let urls = entry.paths.iter().map(|path| url(path));
        let urls = urls.collect::<Result<Vec<_>>>()?;
        let options = ParquetReadOptions::default()
            .to_listing_options(&context.copied_config(), context.copied_table_options());
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(Arc::clone(&schema));
        let commit = Self {
            name: entry.name.clone(),
            generation: entry.generation,
            snapshot: Arc::clone(snapshot),
            rows: Arc::new(StoredRows::new(files, Arc::clone(&schema), Arc::clone(shelf))),
            scanned: Arc::new(ListingTable::try_new(config)?),
        };
        Ok((schema, commit))
    }

    /// Compares the files with what was written, as far as that was not done before.
    pub(crate) async fn compare(&self, flag: CancelFlag) -> Result<()> {
        if self.rows.are_compared() {
            return Ok(());
        }
        let rows = Arc::clone(&self.rows);
        blocking(move || rows.compare(0..rows.files(), || flag.is_raised())).await
    }
}

fn url(path: &Path) -> Result<ListingTableUrl> {
    let text = path.to_str().ok_or_else(|| {
        Error::Unsupported(format!(
            "{}: the path of a catalogue must be valid UTF-8",
            path.display()
        ))
    })?;
    Ok(ListingTableUrl::parse(text)?)
}

#[async_trait]
impl TableProvider for StoredTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn PlanSession,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let now = self.now();
        now.compare(CancelFlag::of(state.config_options())).await?;
        let plan = now.scanned.scan(state, projection, filters, limit).await?;
        Ok(held(plan, &now.snapshot))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        self.now().scanned.supports_filters_pushdown(filters)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.now().scanned.statistics()
    }

    async fn insert_into(
        &self,
        _: &dyn PlanSession,
        _: Arc<dyn ExecutionPlan>,
        _: InsertOp,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        not_impl_err!(
            "INSERT into a table of the catalogue is a statement of its own: PREPARE and EXPLAIN take queries"
        )
    }
}

/// The plan of a scan, which holds the files that it has yet to open.
fn held(plan: Arc<dyn ExecutionPlan>, snapshot: &Arc<Snapshot>) -> Arc<dyn ExecutionPlan> {
    let scan = plan
        .downcast_ref::<DataSourceExec>()
        .and_then(DataSourceExec::downcast_to_file_source::<ParquetSource>);
    let Some((config, source)) = scan else {
        return plan;
    };
    let Some(files) = source.parquet_file_reader_factory() else {
        return plan;
    };
    let files = HeldFiles {
        files: Arc::clone(files),
        _snapshot: Arc::clone(snapshot),
    };
    let source = source.clone().with_parquet_file_reader_factory(Arc::new(files));
    let config = FileScanConfigBuilder::from(config.clone()).with_source(Arc::new(source));
    DataSourceExec::from_data_source(config.build())
}

#[derive(Debug)]
struct HeldFiles {
    files: Arc<dyn ParquetFileReaderFactory>,
    _snapshot: Arc<Snapshot>,
}

impl ParquetFileReaderFactory for HeldFiles {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> PlanResult<Box<dyn AsyncFileReader + Send>> {
        self.files
            .create_reader(partition_index, file, metadata_size_hint, metrics)
    }
}
