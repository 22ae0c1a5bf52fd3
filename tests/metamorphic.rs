//! What must hold between answers, whatever the data: thousands of random predicates over random rows, whose
//! vectors repeat, are NULL, or have NaN in them; in memory, and in a catalogue with an index that lacks the last of
//! the rows. The oracle is written out here, in plain loops.

use std::{error::Error, sync::Arc};

use arrow::{
    array::{AsArray, FixedSizeListBuilder, Float32Builder, Float64Array, Int64Array, RecordBatch},
    datatypes::{DataType, Field, Float64Type, Int64Type, Schema},
};
use helioql::{Engine, Session, datafusion::datasource::MemTable};
use helioql_catalog::Catalogue;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tempfile::TempDir;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// How many predicates each check is made with; every one makes four to eight queries.
const CASES: usize = 750;
/// Rows of the table, in batches of different lengths over three partitions.
const ROWS: usize = 120;
const LENGTH: usize = 3;

/// One row: `harpnum` is its key, `v` and `w` are values with NULLs, `e` is its vector.
#[derive(Debug, Clone)]
struct Row {
    harpnum: i64,
    v: Option<i64>,
    w: Option<i64>,
    e: Option<[f32; LENGTH]>,
}

impl Row {
    /// The distance as NEAREST computes it; none for a vector that is NULL or no place.
    fn distance(&self, to: [f32; LENGTH]) -> Option<f64> {
        let distance = helioql::Metric::L2.distance(&to, &self.e?);
        (!distance.is_nan()).then_some(distance)
    }
}

/// Few different values, so that distances tie and predicates hit.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    let value = || prop_oneof![1 => Just(None), 4 => (-3i64..4).prop_map(Some)];
    let number = prop_oneof![30 => (-2i8..3).prop_map(f32::from), 1 => Just(f32::NAN)];
    let vector = prop_oneof![1 => Just(None), 9 => prop::array::uniform3(number).prop_map(Some)];
    prop::collection::vec((value(), value(), vector), ROWS).prop_map(|rows| {
        let rows = rows.into_iter().zip(0i64..);
        rows.map(|((v, w, e), index)| Row {
            harpnum: (index * 77) % 1009,
            v,
            w,
            e,
        })
        .collect()
    })
}

/// A predicate as SQL and as three-valued logic.
#[derive(Debug, Clone)]
enum Predicate {
    Compare(&'static str, &'static str, i64),
    IsNull(&'static str),
    Between(&'static str, i64, i64),
    In(&'static str, Vec<i64>),
    Columns(&'static str),
    Not(Box<Predicate>),
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
}

fn predicates() -> impl Strategy<Value = Predicate> {
    let column = prop_oneof![Just("v"), Just("w"), Just("harpnum")];
    let operator = || {
        prop_oneof![
            Just("<"),
            Just("<="),
            Just("="),
            Just("<>"),
            Just(">"),
            Just(">=")
        ]
    };
    let leaf = prop_oneof![
        4 => (column.clone(), operator(), -4i64..5).prop_map(|(c, o, n)| Predicate::Compare(c, o, n)),
        1 => column.clone().prop_map(Predicate::IsNull),
        1 => (column.clone(), -3i64..2, 0i64..4).prop_map(|(c, low, width)| Predicate::Between(c, low, low + width)),
        1 => (column, prop::collection::vec(-3i64..4, 1..4)).prop_map(|(c, list)| Predicate::In(c, list)),
        1 => operator().prop_map(Predicate::Columns),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|p| Predicate::Not(Box::new(p))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Predicate::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Predicate::Or(Box::new(a), Box::new(b))),
        ]
    })
}

impl Predicate {
    fn sql(&self) -> String {
        match self {
            Self::Compare(column, operator, number) => format!("{column} {operator} {number}"),
            Self::IsNull(column) => format!("{column} IS NULL"),
            Self::Between(column, low, high) => format!("{column} BETWEEN {low} AND {high}"),
            Self::In(column, list) => {
                let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                format!("{column} IN ({})", list.join(", "))
            }
            Self::Columns(operator) => format!("v {operator} w"),
            Self::Not(inner) => format!("NOT ({})", inner.sql()),
            Self::And(a, b) => format!("({}) AND ({})", a.sql(), b.sql()),
            Self::Or(a, b) => format!("({}) OR ({})", a.sql(), b.sql()),
        }
    }

    /// Its value for a row; `None` is unknown.
    fn holds(&self, row: &Row) -> Option<bool> {
        let value = |column: &str| match column {
            "v" => row.v,
            "w" => row.w,
            _ => Some(row.harpnum),
        };
        let compare = |operator: &str, a: i64, b: i64| match operator {
            "<" => a < b,
            "<=" => a <= b,
            "=" => a == b,
            "<>" => a != b,
            ">" => a > b,
            _ => a >= b,
        };
        match self {
            Self::Compare(column, operator, number) => Some(compare(operator, value(column)?, *number)),
            Self::IsNull(column) => Some(value(column).is_none()),
            Self::Between(column, low, high) => Some((*low..=*high).contains(&value(column)?)),
            Self::In(column, list) => Some(list.contains(&value(column)?)),
            Self::Columns(operator) => Some(compare(operator, row.v?, row.w?)),
            Self::Not(inner) => inner.holds(row).map(|holds| !holds),
            Self::And(a, b) => match (a.holds(row), b.holds(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.holds(row), b.holds(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// By what the rows are found.
#[derive(Debug, Clone, Copy)]
enum By {
    /// A pass over a table in memory.
    Memory,
    /// The vectors of an index: so few rows are compared exactly.
    Vectors,
    /// The graph of an index, whose every row has room for all others as neighbours, so that it misses none.
    Graph,
}

/// One random table and one session that has it as `t`.
struct World {
    rows: Vec<Row>,
    session: Session,
    _directory: Option<TempDir>,
}

impl World {
    async fn new(rows: Vec<Row>, by: By) -> Outcome<Self> {
        let item = Arc::new(Field::new("item", DataType::Float32, true));
        let schema = Arc::new(Schema::new(vec![
            Field::new("harpnum", DataType::Int64, false),
            Field::new("v", DataType::Int64, true),
            Field::new("w", DataType::Int64, true),
            helioql_catalog::types::embedding_field("e", LENGTH, "any"),
        ]));
        let batch = |rows: &[Row]| -> Outcome<RecordBatch> {
            let mut vectors =
                FixedSizeListBuilder::new(Float32Builder::new(), LENGTH as i32).with_field(Arc::clone(&item));
            for row in rows {
                vectors.values().append_slice(&row.e.unwrap_or_default());
                vectors.append(row.e.is_some());
            }
            Ok(RecordBatch::try_new(
                Arc::clone(&schema),
                vec![
                    Arc::new(rows.iter().map(|row| row.harpnum).collect::<Int64Array>()),
                    Arc::new(rows.iter().map(|row| row.v).collect::<Int64Array>()),
                    Arc::new(rows.iter().map(|row| row.w).collect::<Int64Array>()),
                    Arc::new(vectors.finish()),
                ],
            )?)
        };
        let settings = match by {
            By::Memory => {
                let session = Engine::in_memory().session().await?;
                let partitions = vec![
                    vec![batch(&rows[..13])?, batch(&rows[13..50])?],
                    vec![batch(&rows[50..51])?, batch(&rows[51..90])?],
                    vec![batch(&rows[90..])?],
                ];
                let table = MemTable::try_new(Arc::clone(&schema), partitions)?;
                session.context().register_table("t", Arc::new(table))?;
                return Ok(Self {
                    rows,
                    session,
                    _directory: None,
                });
            }
            By::Vectors => "storage = 'f32'",
            By::Graph => "storage = 'f32', connectivity = 64, expansion_search = 4096",
        };
        let directory = TempDir::new()?;
        let catalogue = Catalogue::create(directory.path().join("t.helio"))?;
        let mut change = catalogue.begin()?;
        change.write_table(
            "t",
            Arc::clone(&schema),
            [batch(&rows[..50])?, batch(&rows[50..90])?],
        )?;
        change.commit()?;
        let session = Engine::open(catalogue.root())?.session().await?;
        session
            .sql(&format!("CREATE INDEX t_e ON t USING HNSW (e) WITH ({settings})"))
            .await?;
        let mut change = catalogue.begin()?;
        let mut later = change.begin_rows("t", Arc::clone(&schema))?;
        later.write(&batch(&rows[90..])?)?;
        later.finish()?;
        change.commit()?;
        if matches!(by, By::Graph) {
            session.sql("SET helioql.index_pays_from = 0").await?;
        }
        let plan = session
            .sql("EXPLAIN SELECT harpnum FROM NEAREST(arrow_cast([0, 0, 0], 'FixedSizeList(3, Float32)'), within => t)")
            .await?;
        let plan = format!("{:?}", plan.collect().await?);
        let path = match by {
            By::Graph => "path=hnsw t_e, exact for 30 later rows",
            _ => "path=exact, in memory",
        };
        assert!(plan.contains(path), "{plan}");
        Ok(Self {
            rows,
            session,
            _directory: Some(directory),
        })
    }

    /// The first column of the answer.
    async fn numbers(&self, sql: &str) -> Outcome<Vec<i64>> {
        let batches = self
            .session
            .sql(sql)
            .await
            .map_err(|error| format!("{sql}: {error}"))?
            .collect()
            .await?;
        let mut numbers = Vec::new();
        for batch in batches {
            numbers.extend(
                batch
                    .column(0)
                    .as_primitive::<Int64Type>()
                    .values()
                    .iter()
                    .copied(),
            );
        }
        Ok(numbers)
    }

    async fn distances(&self, sql: &str) -> Outcome<Vec<f64>> {
        let batches = self.session.sql(sql).await?.collect().await?;
        let columns = batches
            .iter()
            .map(|batch| batch.column(1).as_primitive::<Float64Type>().clone());
        Ok(columns
            .collect::<Vec<Float64Array>>()
            .iter()
            .flat_map(|column| column.values().to_vec())
            .collect())
    }

    /// The keys of the `k` rows nearest to `to` among those for which `allowed` says so.
    fn nearest(&self, to: [f32; LENGTH], k: usize, allowed: impl Fn(&Row) -> bool) -> Vec<i64> {
        let rows = self.rows.iter().filter(|row| allowed(row));
        let mut near: Vec<(f64, i64)> = rows
            .filter_map(|row| Some((row.distance(to)?, row.harpnum)))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.into_iter().take(k).map(|(_, harpnum)| harpnum).collect()
    }
}

fn vector(to: [f32; LENGTH]) -> String {
    format!(
        "arrow_cast([{:?}, {:?}, {:?}], 'FixedSizeList({LENGTH}, Float32)')",
        to[0], to[1], to[2]
    )
}

fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> Outcome<S::Value> {
    Ok(strategy
        .new_tree(runner)
        .map_err(|reason| reason.to_string())?
        .current())
}

/// Draws `CASES` cases over a few worlds, the same ones every time.
fn for_each_case(
    seed: u8,
    check: &impl AsyncFn(&World, Predicate, [f32; LENGTH], usize) -> Outcome,
) -> Outcome {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]),
    );
    let place = prop::array::uniform3((-2i8..3).prop_map(f32::from));
    let mut world = None;
    for case in 0..CASES {
        if case % 50 == 0 {
            let by = [By::Memory, By::Vectors, By::Graph][case / 50 % 3];
            world = Some(runtime.block_on(World::new(draw(&rows(), &mut runner)?, by))?);
        }
        let predicate = draw(&predicates(), &mut runner)?;
        let to = draw(&place, &mut runner)?;
        let k = draw(&(0..12usize), &mut runner)?;
        if let Some(world) = &world {
            runtime.block_on(check(world, predicate, to, k))?;
        }
    }
    Ok(())
}

#[test]
fn where_beside_nearest_is_a_scan_of_the_filtered_rows() -> Outcome {
    for_each_case(1, &async |world, predicate, to, k| {
        let (sql, to_sql) = (predicate.sql(), vector(to));
        let found = world
            .numbers(&format!(
                "SELECT harpnum FROM NEAREST({to_sql}, k => {k}, within => t) WHERE {sql} ORDER BY _rank"
            ))
            .await?;
        let matches = |row: &Row| predicate.holds(row) == Some(true);
        assert_eq!(found, world.nearest(to, k, matches), "k => {k}, WHERE {sql}");

        // Filtered before, in a sub-select, is the same.
        let before = world
            .numbers(&format!("SELECT harpnum FROM NEAREST({to_sql}, k => {k}, within => (SELECT * FROM t WHERE {sql})) ORDER BY _rank"))
            .await?;
        assert_eq!(before, found, "within => … WHERE {sql}");

        // One more neighbour extends the answer, and changes nothing of it.
        let more = world
            .numbers(&format!(
                "SELECT harpnum FROM NEAREST({to_sql}, k => {}, within => t) WHERE {sql} ORDER BY _rank",
                k + 1
            ))
            .await?;
        assert_eq!(more[..found.len()], found[..], "k + 1, WHERE {sql}");

        // An order with a limit is the same, as far as rows have a distance.
        let ordered = world
            .numbers(&format!(
                "SELECT harpnum FROM t WHERE {sql} ORDER BY e <-> {to_sql} LIMIT {k}"
            ))
            .await?;
        assert_eq!(ordered[..found.len()], found[..], "ORDER BY, WHERE {sql}");
        let matching = world.rows.iter().filter(|row| matches(row)).count();
        assert_eq!(
            ordered.len(),
            k.min(matching),
            "ORDER BY loses no rows, WHERE {sql}"
        );
        Ok(())
    })
}

#[test]
fn a_knn_join_is_a_search_for_each_row() -> Outcome {
    for_each_case(2, &async |world, predicate, _, k| {
        let sql = predicate.sql();
        let k = k % 4;
        // The predicate speaks of both sides: of the row that asks where it says `v`.
        let sql = sql
            .replace("harpnum", "n.harpnum")
            .replace('v', "n.v")
            .replace('w', "a.w");
        let found = world
            .numbers(&format!(
                "SELECT a.harpnum * 10000 + n.harpnum FROM t AS a, NEAREST(a.e, k => {k}, within => t) AS n \
                 WHERE ({sql}) AND a.harpnum % 5 = 0 ORDER BY a.harpnum, n._rank"
            ))
            .await?;
        let mut asking: Vec<&Row> = world.rows.iter().filter(|row| row.harpnum % 5 == 0).collect();
        asking.sort_by_key(|row| row.harpnum);
        let mut expected = Vec::new();
        for row in asking {
            let Some(to) = row.e.filter(|e| e.iter().all(|x| x.is_finite())) else {
                continue;
            };
            let near = world.nearest(to, k, |other| {
                let pair = Row {
                    harpnum: other.harpnum,
                    v: other.v,
                    w: row.w,
                    e: None,
                };
                predicate.holds(&pair) == Some(true)
            });
            expected.extend(near.into_iter().map(|other| row.harpnum * 10000 + other));
        }
        assert_eq!(found, expected, "k => {k}, WHERE {sql}");

        // In a left join each of those that found nothing is there once more.
        let left = world
            .numbers(&format!(
                "SELECT count(*) FROM (SELECT * FROM t WHERE harpnum % 5 = 0) AS a \
                 LEFT JOIN LATERAL NEAREST(a.e, k => {k}, within => t) AS n ON {sql}"
            ))
            .await?;
        let mut with_any: Vec<i64> = expected.iter().map(|pair| pair / 10000).collect();
        with_any.dedup();
        let all = world.rows.iter().filter(|row| row.harpnum % 5 == 0).count();
        assert_eq!(
            left,
            [(expected.len() + all - with_any.len()) as i64],
            "LEFT JOIN, {sql}"
        );
        Ok(())
    })
}

#[test]
fn partitions_of_a_predicate_make_up_the_table() -> Outcome {
    for_each_case(3, &async |world, predicate, to, _| {
        let (sql, to_sql) = (predicate.sql(), vector(to));
        // Ternary logic partitioning: every row is in exactly one of three.
        for source in [
            "t".to_owned(),
            format!("NEAREST({to_sql}, k => {ROWS}, within => t)"),
        ] {
            let mut parts = Vec::new();
            for part in [sql.clone(), format!("NOT ({sql})"), format!("({sql}) IS NULL")] {
                parts.extend(
                    world
                        .numbers(&format!("SELECT harpnum FROM {source} WHERE {part}"))
                        .await?,
                );
            }
            let mut all = world.numbers(&format!("SELECT harpnum FROM {source}")).await?;
            parts.sort_unstable();
            all.sort_unstable();
            assert_eq!(parts, all, "{source}: {sql}");
        }
        // A predicate that filters counts as one that is computed.
        let filtered = world
            .numbers(&format!("SELECT count(*) FROM t WHERE {sql}"))
            .await?;
        let computed = world
            .numbers(&format!(
                "SELECT coalesce(sum(CASE WHEN {sql} THEN 1 ELSE 0 END), 0) FROM t"
            ))
            .await?;
        let expected = world
            .rows
            .iter()
            .filter(|row| predicate.holds(row) == Some(true))
            .count() as i64;
        assert_eq!((filtered, computed), (vec![expected], vec![expected]), "{sql}");
        Ok(())
    })
}

#[test]
fn all_rows_come_in_the_order_of_their_distance() -> Outcome {
    for_each_case(4, &async |world, _, to, _| {
        let to_sql = vector(to);
        let sql = format!("SELECT harpnum, _distance FROM NEAREST({to_sql}, k => {ROWS}, within => t)");
        let keys = world.numbers(&sql).await?;
        assert_eq!(keys, world.nearest(to, ROWS, |_| true));
        let distances = world.distances(&sql).await?;
        assert!(distances.is_sorted(), "{distances:?}");
        Ok(())
    })
}
