//! NEAREST by an index: what building it takes, and for filters that leave all rows or few the rows that come back, the
//! recall against the exact answer, and the times: of the statement as a whole, and of the search within it. The
//! vectors, queries and filters are those of `nearest_peers.py`, which measures other libraries on them.
//!
//! ```text
//! python tests/benches/nearest_peers.py make FOLDER
//! RAYON_NUM_THREADS=1 cargo bench -p helioql-tests --bench nearest --locked -- FOLDER
//! ```

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    datatypes::{Float32Type, Int64Type},
};
use helioql::{
    Engine, Metric, Session,
    datafusion::{
        common::{ParamValues, ScalarValue, metadata::ScalarAndMetadata},
        physical_plan::{ExecutionPlan, collect, metrics::MetricValue},
    },
};
use tempfile::TempDir;

const K: usize = 10;
const FILTERS: [(&str, &str); 5] = [
    ("all rows", ""),
    ("10 %", "WHERE u < 0.1"),
    ("1 %", "WHERE u < 0.01"),
    ("0.1 %", "WHERE u < 0.001"),
    ("1 %, of ten clusters", "WHERE c < 10"),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let Some(folder) = folder.map(PathBuf::from) else {
        println!("skipped: the folder of vectors and queries is not named (see the first lines of the file)");
        return Ok(());
    };
    let count = std::env::var("QUERIES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(200);
    let storages = std::env::var("STORAGES").unwrap_or_else(|_| "f16,f32,i8".to_owned());
    let home = TempDir::new()?;
    let session = Engine::open(home.path().join("bench.helio"))?.session().await?;
    run(&session, "SET datafusion.execution.target_partitions = 1").await?;
    let file = |name| folder.join(name).display().to_string();
    let start = Instant::now();
    run(
        &session,
        &format!("CREATE TABLE t AS SELECT * FROM '{}'", file("vectors.parquet")),
    )
    .await?;
    let written = start.elapsed();
    let queries = vectors(&run(&session, &format!("SELECT v FROM '{}'", file("queries.parquet"))).await?);
    let queries = &queries[..queries.len().min(count)];
    let rows = vectors(&run(&session, "SELECT v FROM t").await?);
    println!(
        "{} rows of {}, {} queries, k = {K}; the table was written in {:.1} s",
        rows.len(),
        rows[0].len(),
        queries.len(),
        written.as_secs_f64()
    );
    let mut truths = BTreeMap::new();
    for (name, filter) in FILTERS {
        truths.insert(name, truth(&session, &rows, queries, filter).await?);
    }
    println!(
        "{:<32} {:<22} {:>9} {:>9} {:>9} {:>8} {:>6} {:>9} {:>10} {:>11} {:>9}",
        "",
        "",
        "build (s)",
        "p50 (ms)",
        "p99 (ms)",
        "recall",
        "rows",
        "plan (ms)",
        "match (ms)",
        "search (ms)",
        "read (ms)"
    );
    for storage in storages.split(',') {
        let start = Instant::now();
        run(
            &session,
            &format!("CREATE OR REPLACE INDEX t_v ON t USING HNSW (v) WITH (storage = '{storage}')"),
        )
        .await?;
        let build = start.elapsed();
        for (name, filter) in FILTERS {
            let how = format!("NEAREST by {storage}, parameter");
            measure(&session, &how, name, filter, queries, &truths[name], Some(build)).await?;
        }
    }
    run(&session, "DROP INDEX t_v").await?;
    for (name, filter) in FILTERS {
        let queries = &queries[..queries.len().min(20)];
        measure(
            &session,
            "NEAREST without index",
            name,
            filter,
            queries,
            &truths[name],
            None,
        )
        .await?;
    }
    Ok(())
}

async fn run(session: &Session, sql: &str) -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    Ok(session.sql(sql).await?.collect().await?)
}

fn vectors(batches: &[RecordBatch]) -> Vec<Vec<f32>> {
    let mut vectors = Vec::new();
    for batch in batches {
        let column = batch.column(0).as_fixed_size_list();
        vectors.extend(
            (0..column.len()).map(|row| column.value(row).as_primitive::<Float32Type>().values().to_vec()),
        );
    }
    vectors
}

/// The nearest rows among those that a filter leaves, by comparing all.
async fn truth(
    session: &Session,
    rows: &[Vec<f32>],
    queries: &[Vec<f32>],
    filter: &str,
) -> Result<Vec<BTreeSet<i64>>, Box<dyn Error>> {
    let matching = ids(&run(session, &format!("SELECT id FROM t {filter}")).await?);
    let nearest = queries.iter().map(|query| {
        let distance = |id: &i64| Metric::L2.distance(query, &rows[*id as usize]);
        let mut found: Vec<(f64, i64)> = matching.iter().map(|id| (distance(id), *id)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.into_iter().take(K).map(|(_, id)| id).collect()
    });
    Ok(nearest.collect())
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let columns = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

/// Asks every query by one statement with a parameter, and prints what came of it.
async fn measure(
    session: &Session,
    how: &str,
    name: &str,
    filter: &str,
    queries: &[Vec<f32>],
    truth: &[BTreeSet<i64>],
    build: Option<Duration>,
) -> Result<(), Box<dyn Error>> {
    let sql = format!(
        "SELECT id FROM t {filter} ORDER BY v <-> arrow_cast($1, 'FixedSizeList({}, Float32)') LIMIT {K}",
        queries[0].len()
    );
    let (mut whole, mut planning) = (Vec::new(), Vec::new());
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    let (mut hits, mut rows) = (0, 0);
    // The first reads what stays in memory.
    for (number, query) in std::iter::once(&queries[0]).chain(queries).enumerate() {
        let item = Arc::new(arrow::datatypes::Field::new(
            "item",
            arrow::datatypes::DataType::Float32,
            true,
        ));
        let values = Arc::new(arrow::array::Float32Array::from(query.clone()));
        let list = arrow::array::FixedSizeListArray::try_new(item, query.len() as i32, values, None)?;
        let value = ScalarAndMetadata::new(ScalarValue::FixedSizeList(Arc::new(list)), None);
        let start = Instant::now();
        let frame = session
            .sql(&sql)
            .await?
            .with_param_values(ParamValues::List(vec![value]))?;
        let context = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await?;
        let planned = start.elapsed();
        let found = ids(&collect(Arc::clone(&plan), context).await?);
        if number == 0 {
            continue;
        }
        whole.push(start.elapsed());
        planning.push(planned);
        for (part, name) in parts
            .iter_mut()
            .zip(["time_opening", "time_searching", "time_reading"])
        {
            part.push(spent(&plan, name));
        }
        rows += found.len();
        hits += found.iter().filter(|id| truth[number - 1].contains(id)).count();
    }
    let asked = queries.len();
    println!(
        "{how:<32} {name:<22} {:>9} {:9.3} {:9.3} {:8.4} {:6.2} {:9.3} {:10.3} {:11.3} {:9.3}",
        build.map_or(String::new(), |build| format!("{:9.1}", build.as_secs_f64())),
        quantile(&mut whole, 0.5),
        quantile(&mut whole, 0.99),
        hits as f64 / (K * asked) as f64,
        rows as f64 / asked as f64,
        quantile(&mut planning, 0.5),
        quantile(&mut parts[0], 0.5),
        quantile(&mut parts[1], 0.5),
        quantile(&mut parts[2], 0.5),
    );
    Ok(())
}

/// What the operator says it took for a part of its work.
fn spent(plan: &Arc<dyn ExecutionPlan>, name: &str) -> Duration {
    let own = plan.metrics().and_then(|metrics| metrics.sum_by_name(name));
    let own = match own {
        Some(MetricValue::Time { time, .. }) => time.value() as u64,
        _ => 0,
    };
    let below: Duration = plan.children().into_iter().map(|child| spent(child, name)).sum();
    Duration::from_nanos(own) + below
}

fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let at = ((times.len() - 1) as f64 * share).round() as usize;
    times[at].as_secs_f64() * 1e3
}
