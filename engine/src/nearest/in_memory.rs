//! The answer from vectors in memory, those of an index or those of a table that is not too large: which rows match is
//! found first, then the nearest of them, and only then are the columns of the few that were found read.

use std::{collections::BTreeSet, fmt, ops::Range, sync::Arc, time::Instant};

use arrow::{
    array::{ArrayRef, FixedSizeListArray, Float32Array},
    buffer::BooleanBuffer,
    datatypes::{DataType, SchemaRef},
    record_batch::RecordBatch,
};
use datafusion::{
    catalog::Session,
    common::{
        Column, Result,
        tree_node::{Transformed, TreeNode},
    },
    datasource::source_as_provider,
    logical_expr::{
        Expr, LogicalPlan,
        physical_planning_context::PhysicalPlanningContext,
        utils::{conjunction, split_conjunction},
    },
    physical_plan::metrics::{Count, Time},
    physical_planner::PhysicalPlanner,
};
use helioql_catalog::{Catalogue, IndexEntry};
use rayon::prelude::*;

use super::{
    NearestNode,
    search::{Answer, Plan, Questions, is_finite},
    top_k::{Candidate, Keys},
};
use crate::{
    Error,
    cancel::CancelFlag,
    contains,
    index::{self, Choice, Found, IndexStore, Nearest, Rows, VectorIndex, Vectors},
    memory::Held,
    models::Handle,
    options::HelioOptions,
    tables::stored::{Commit, Predicate, StoredTable},
};

/// How many numbers are compared between two looks at whether the answer is still wanted: about 50 ms on one core.
const BLOCK: usize = 100_000_000;

/// How many rows a search of the graph compares for each of its candidates, about.
const PASSED_BY: usize = 30;
/// So many are compared in the time that a thread takes to hand them to another, some times over.
const AT_ONCE: usize = 2_000_000;

/// The indexes of a session.
#[derive(Debug, Clone)]
pub(crate) struct Indexes {
    pub(crate) store: Arc<IndexStore>,
    pub(crate) models: Handle,
    /// Where an index that had to be made anew is kept; nowhere in a session that may not write.
    pub(crate) catalogue: Option<Catalogue>,
}

impl Indexes {
    /// The same for the statement that has this flag.
    pub(crate) fn for_statement(&self, flag: &CancelFlag) -> Self {
        Self {
            models: self.models.for_statement(flag),
            ..self.clone()
        }
    }

    /// The index `entry` of `commit`; `None` where there is no memory for it.
    fn get(&self, commit: &Commit, entry: &IndexEntry) -> Result<Option<Arc<Held<VectorIndex>>>, Error> {
        self.store.get(self.models.shelf(), entry, || {
            index::store::read(commit, entry).or_else(|error| self.mended(commit, entry, &error))
        })
    }

    /// The index made anew, because its files cannot be read.
    fn mended(&self, commit: &Commit, entry: &IndexEntry, error: &Error) -> Result<VectorIndex, Error> {
        let models = &self.models;
        models.warn(&format!(
            "{error}; it is being made anew from table `{}`",
            entry.table
        ));
        let index = index::store::renewed(commit, entry, models)?;
        if let Some(catalogue) = &self.catalogue {
            let kept = index::store::keep(catalogue, commit, entry, &index);
            if let Err(error) = kept {
                models.warn(&format!("the index `{}` was not kept: {error}", entry.name));
            }
        }
        Ok(index)
    }
}

/// The vectors that a NEAREST is answered from.
#[derive(Debug)]
pub(super) struct InMemory {
    indexes: Indexes,
    commit: Arc<Commit>,
    index: Option<IndexEntry>,
    choice: Choice,
    predicate: Option<Predicate>,
    /// Where the columns of the answer lie in the table.
    shown: Vec<usize>,
    key: Vec<usize>,
    vector: usize,
}

/// What was counted on the way.
pub(super) struct Counts {
    pub(super) compared: Count,
    /// Rows that fulfilled the predicate.
    pub(super) matching: Count,
    /// Rows that asked, by what answered them.
    pub(super) by_graph: Count,
    pub(super) exactly: Count,
    /// Time to read what is not in memory, and to find which rows match.
    pub(super) opening: Time,
    /// Time to search among them.
    pub(super) searching: Time,
    /// Time to read the columns of the rows that were found.
    pub(super) reading: Time,
}

impl InMemory {
    /// What `node` can be answered from, if it chooses from the rows of one table of the catalogue, by a predicate on its
    /// columns at most, and the table has an index of the column and the metric, or few enough vectors.
    pub(super) fn find(
        node: &NearestNode,
        indexes: &Indexes,
        planner: &dyn PhysicalPlanner,
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Self>> {
        if node.filter.is_some() {
            return Ok(None);
        }
        let Some(source) = Source::of(&node.within)? else {
            return Ok(None);
        };
        let provider = source_as_provider(&source.scan.source)?;
        let Some(table) = provider.downcast_ref::<StoredTable>() else {
            return Ok(None);
        };
        let commit = table.now();
        let schema = Arc::clone(commit.rows.schema());
        let vector = source.columns[node.within.schema().index_of_column(&node.search.vector)?];
        let serves = |entry: &IndexEntry| {
            entry.table == commit.name
                && entry.files > 0
                && entry.config.column == *schema.field(vector).name()
                && index::store::settings(entry).is_ok_and(|settings| settings.metric == node.search.metric)
        };
        // The one that has the most of the table's rows.
        let entries = commit.snapshot.indexes().into_iter().filter(serves);
        let index = entries
            .filter(|_| !node.search.exact)
            .max_by_key(|entry| (entry.files, entry.generation));
        if index.is_none() && !commit.rows.may_keep_vectors(vector) {
            return Ok(None);
        }
        let predicate = match conjunction(source.predicate) {
            Some(predicate) => Some(Predicate::new(&predicate, &schema, planner, session, context)?),
            None => None,
        };
        let options = HelioOptions::of(session.config_options());
        let k = node.search.rows()?;
        let choice = match &index {
            Some(entry) => {
                let rows = commit.rows.len(0..entry.files) as u64;
                Choice::new(
                    &index::store::settings(entry)?,
                    rows,
                    predicate.is_some(),
                    k,
                    options.index_pays_from,
                )
            }
            None => Choice::exact(),
        };
        Ok(Some(Self {
            indexes: indexes.clone(),
            choice,
            predicate,
            shown: node
                .within_columns()
                .iter()
                .map(|column| source.columns[*column])
                .collect(),
            key: helioql_catalog::schema::KEY
                .iter()
                .filter_map(|name| schema.index_of(name).ok())
                .collect(),
            vector,
            commit,
            index,
        }))
    }

    /// How many rows the index has, and how many others there are.
    fn rows(&self) -> (usize, usize) {
        let (rows, first) = (&self.commit.rows, self.later().start);
        (rows.len(0..first), rows.len(self.later()))
    }

    /// The files whose rows the index has not.
    fn later(&self) -> Range<usize> {
        self.index.as_ref().map_or(0, |entry| entry.files)..self.commit.rows.files()
    }

    /// The neighbours of every row that asks; `None` where there is no memory for what the search needs, or where rows
    /// without a distance are wanted.
    pub(super) async fn search(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        questions: &Arc<Questions>,
        counts: &Counts,
    ) -> Result<Option<Answer>> {
        let (this, start) = (Arc::clone(self), Instant::now());
        let opened = if self.is_at_hand() {
            self.open()?
        } else {
            blocking(move || this.open()).await?
        };
        counts.opening.add_elapsed(start);
        let Some(opened) = opened else { return Ok(None) };
        let opened = Arc::new(opened);

        let count = questions.rows.num_rows();
        let all = opened.rows();
        let matching = opened.matching().map_or(all, BooleanBuffer::count_set_bits);
        let compared = if matching as u64 <= self.choice.exact_up_to {
            matching
        } else {
            self.choice.candidates * PASSED_BY + opened.later.len()
        };
        let numbers = compared * opened.later.dimension();
        counts.matching.add(matching);
        let at_once = (BLOCK / numbers.max(1)).max(1);
        let mut found: Vec<Vec<Found>> = Vec::with_capacity(count);
        while found.len() < count {
            let start = Instant::now();
            let asked = found.len()..count.min(found.len() + at_once);
            let answers = if numbers.saturating_mul(asked.len()) <= AT_ONCE {
                self.answers(plan, questions, &opened, asked)?
            } else {
                let (this, plan, questions, opened) = (
                    Arc::clone(self),
                    Arc::clone(plan),
                    Arc::clone(questions),
                    Arc::clone(&opened),
                );
                blocking(move || this.answers(&plan, &questions, &opened, asked)).await?
            };
            counts.searching.add_elapsed(start);
            for answer in answers {
                let Some(answer) = answer else {
                    found.push(Vec::new());
                    continue;
                };
                counts.compared.add(answer.compared);
                if answer.by_graph {
                    counts.by_graph.add(1);
                } else {
                    counts.exactly.add(1);
                }
                found.push(answer.found);
            }
        }
        // Rows without a distance fill up what is too short, where there are any.
        if plan.fills_up && found.iter().any(|found| found.len() < plan.k.min(matching)) {
            return Ok(None);
        }
        let (this, plan, questions) = (Arc::clone(self), Arc::clone(plan), questions.rows.clone());
        let start = Instant::now();
        let answer = blocking(move || this.shown(&plan, questions, &found, &opened)).await?;
        counts.reading.add_elapsed(start);
        Ok(Some(answer))
    }

    /// Whether all that a search needs is in memory.
    fn is_at_hand(&self) -> bool {
        let rows = &self.commit.rows;
        self.index
            .as_ref()
            .is_none_or(|entry| self.indexes.store.has(entry))
            && rows.has_vectors(self.vector, &self.later())
            && self
                .predicate
                .as_ref()
                .is_none_or(|predicate| rows.has_matching(predicate))
    }

    /// Reads what a search needs; `None` where there is no memory for it.
    fn open(&self) -> Result<Option<Opened>, Error> {
        let Self { indexes, commit, .. } = self;
        let (mut index, mut matching) = (None, None);
        if let Some(entry) = &self.index {
            index = indexes.get(commit, entry)?;
            if index.is_none() {
                return Ok(None);
            }
        }
        let later = commit.rows.vectors(self.vector, self.later(), &indexes.models)?;
        if let Some(predicate) = &self.predicate {
            matching = commit.rows.matching(predicate, &indexes.models)?;
            if matching.is_none() {
                return Ok(None);
            }
        }
        Ok(later.map(|later| Opened {
            index,
            later,
            matching,
        }))
    }

    /// What is near to some of the rows that ask; nothing to those whose vector is no place.
    fn answers(
        &self,
        plan: &Plan,
        questions: &Questions,
        opened: &Opened,
        asked: Range<usize>,
    ) -> Result<Vec<Option<Neighbours>>, Error> {
        let answer = |row: usize| match questions.vectors.get(row) {
            Some(query) if is_finite(query) => self.neighbours(plan, query, opened).map(Some),
            _ => Ok(None),
        };
        if asked.len() == 1 {
            asked.map(answer).collect()
        } else {
            asked.into_par_iter().map(answer).collect()
        }
    }

    fn neighbours(&self, plan: &Plan, query: &[f32], opened: &Opened) -> Result<Neighbours, Error> {
        let Opened { index, later, .. } = opened;
        let matching = opened.matching();
        let rows = matching.map_or(Rows::All, Rows::Matching);
        let has = opened.rows() - later.len();
        let mut nearest = Nearest::new(plan.k);
        let all = (0, later.len());
        let mut compared = later.search(plan.metric, query, all, rows, has, &mut nearest);
        let mut by_graph = false;
        if let Some(index) = index {
            let vectors = &index.vectors;
            let candidates = matching.map_or(has, |bits| bits.slice(0, has).count_set_bits());
            if candidates as u64 > self.choice.exact_up_to {
                let wanted = self.choice.candidates.min(candidates);
                let found = index.graph.search(query, wanted, matching)?;
                // With fewer, where there are as many, the answer might have fewer than k.
                if found.len() >= plan.k.min(wanted) {
                    compared += found.len();
                    by_graph = true;
                    vectors.offer(plan.metric, query, &found, &mut nearest);
                }
            }
            if !by_graph {
                compared += vectors.search(plan.metric, query, (0, has), rows, 0, &mut nearest);
            }
        }
        Ok(Neighbours {
            found: nearest.finish(),
            compared,
            by_graph,
        })
    }

    /// The answer: of every row that was found the columns that are shown; among rows as far as each other the key
    /// decides.
    fn shown(
        &self,
        plan: &Plan,
        questions: RecordBatch,
        found: &[Vec<Found>],
        opened: &Opened,
    ) -> Result<Answer, Error> {
        let rows: BTreeSet<usize> = found.iter().flatten().map(|found| found.row).collect();
        let rows: Vec<usize> = rows.into_iter().collect();
        let stored = &self.commit.rows;
        let batch = self.columns(&rows, &self.shown, opened)?;
        let has_ties = found.iter().any(|found| {
            found
                .windows(2)
                .any(|pair| pair[0].distance.total_cmp(&pair[1].distance).is_eq())
        });
        let keys = if has_ties {
            let key = stored.take(&rows, &self.key)?;
            Keys::of(&key, &(0..self.key.len()).collect::<Vec<_>>())?
        } else {
            Keys::none()
        };
        let mut pairs = Vec::new();
        for (question, found) in found.iter().enumerate() {
            let mut nearest: Vec<Candidate> = found
                .iter()
                .filter_map(|found| {
                    let place = rows.binary_search(&found.row).ok()?;
                    Some(Candidate::new(found.distance, keys.get(place), 0, place))
                })
                .collect();
            nearest.sort_unstable();
            nearest.truncate(plan.k);
            pairs.extend(nearest.into_iter().map(|candidate| (question, Some(candidate))));
        }
        Ok(Answer::new(questions, batch, pairs))
    }

    /// Some columns of some rows; vectors that are in memory are not read again.
    fn columns(&self, rows: &[usize], columns: &[usize], opened: &Opened) -> Result<RecordBatch, Error> {
        let stored = &self.commit.rows;
        let schema: SchemaRef = Arc::new(stored.schema().project(columns)?);
        let read: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| *column != self.vector)
            .collect();
        let batch = stored.take_again(rows, &read)?;
        let mut arrays = batch.columns().iter().map(Arc::clone);
        let arrays: Vec<ArrayRef> = columns
            .iter()
            .map(|column| {
                if *column == self.vector {
                    opened.array(
                        rows,
                        schema
                            .field_with_name(stored.schema().field(*column).name())?
                            .data_type(),
                    )
                } else {
                    arrays
                        .next()
                        .ok_or_else(|| Error::Unsupported("internal: a column was not read".to_owned()))
                }
            })
            .collect::<Result<_, _>>()?;
        let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }
}

impl fmt::Display for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let over = if self.predicate.is_some() {
            " over filter"
        } else {
            ""
        };
        let (has, later) = self.rows();
        let most = self.choice.exact_up_to;
        match &self.index {
            Some(entry) if has as u64 > most => {
                write!(f, "hnsw {}{over}", entry.name)?;
                if self.predicate.is_some() {
                    write!(f, ", exact up to {most} matching rows")?;
                }
                if later > 0 {
                    write!(f, ", exact for {later} later rows")?;
                }
                Ok(())
            }
            _ => write!(f, "exact{over}, in memory"),
        }
    }
}

/// What a search needs, in memory.
struct Opened {
    index: Option<Arc<Held<VectorIndex>>>,
    /// The vectors of the rows that no index has.
    later: Arc<Held<Vectors>>,
    /// The rows that may be found, by number.
    matching: Option<Arc<Held<BooleanBuffer>>>,
}

impl Opened {
    fn matching(&self) -> Option<&BooleanBuffer> {
        self.matching.as_ref().map(|matching| &***matching)
    }

    /// How many rows there are.
    fn rows(&self) -> usize {
        self.index.as_ref().map_or(0, |index| index.vectors.len()) + self.later.len()
    }

    /// The vectors of some rows, as the table has them.
    fn array(&self, rows: &[usize], data_type: &DataType) -> Result<ArrayRef, Error> {
        let DataType::FixedSizeList(item, dimension) = data_type else {
            return Err(Error::Unsupported(
                "internal: an index over what is no vector".to_owned(),
            ));
        };
        let has = self.rows() - self.later.len();
        let mut numbers = Vec::with_capacity(rows.len() * *dimension as usize);
        for &row in rows {
            match (&self.index, row.checked_sub(has)) {
                (Some(index), None) => numbers.extend_from_slice(index.vectors.get(row)),
                (_, later) => numbers.extend_from_slice(self.later.get(later.unwrap_or(row))),
            }
        }
        let numbers = Arc::new(Float32Array::from(numbers));
        Ok(Arc::new(FixedSizeListArray::try_new(
            Arc::clone(item),
            *dimension,
            numbers,
            None,
        )?))
    }
}

/// What is near to one row that asks.
struct Neighbours {
    found: Vec<Found>,
    compared: usize,
    by_graph: bool,
}

/// What a plan of rows to choose from is, where it is one scan of a table with a predicate at most.
struct Source<'p> {
    scan: &'p datafusion::logical_expr::TableScan,
    /// Where each column of the plan lies in the table.
    columns: Vec<usize>,
    /// What rows must fulfil, by the names of the table's columns.
    predicate: Vec<Expr>,
}

impl<'p> Source<'p> {
    fn of(plan: &'p LogicalPlan) -> Result<Option<Self>> {
        match plan {
            LogicalPlan::SubqueryAlias(alias) => Self::of(&alias.input),
            LogicalPlan::Projection(projection) => {
                let Some(mut source) = Self::of(&projection.input)? else {
                    return Ok(None);
                };
                let mut columns = Vec::with_capacity(projection.expr.len());
                for expr in &projection.expr {
                    let Expr::Column(column) = expr.clone().unalias_nested().data else {
                        return Ok(None);
                    };
                    columns.push(source.columns[projection.input.schema().index_of_column(&column)?]);
                }
                source.columns = columns;
                Ok(Some(source))
            }
            LogicalPlan::Filter(filter) => {
                let Some(mut source) = Self::of(&filter.input)? else {
                    return Ok(None);
                };
                let table = source.scan.source.schema();
                for conjunct in split_conjunction(&filter.predicate) {
                    let own = conjunct.clone().transform(|expr| {
                        Ok(match expr {
                            Expr::Column(column) => {
                                let place = filter.input.schema().index_of_column(&column)?;
                                let name = table.field(source.columns[place]).name();
                                Transformed::yes(Expr::Column(Column::from_name(name)))
                            }
                            other => Transformed::no(other),
                        })
                    })?;
                    source.require(own.data);
                }
                Ok(source.predicate.iter().all(is_plain).then_some(source))
            }
            LogicalPlan::TableScan(scan) if scan.fetch.is_none() => {
                let columns = match &scan.projection {
                    Some(projection) => projection.clone(),
                    None => (0..scan.source.schema().fields().len()).collect(),
                };
                let mut source = Self {
                    scan,
                    columns,
                    predicate: Vec::new(),
                };
                for filter in &scan.filters {
                    let own = filter.clone().transform(|expr| {
                        Ok(match expr {
                            Expr::Column(column) => {
                                Transformed::yes(Expr::Column(Column::from_name(column.name)))
                            }
                            other => Transformed::no(other),
                        })
                    })?;
                    source.require(own.data);
                }
                Ok(source.predicate.iter().all(is_plain).then_some(source))
            }
            _ => Ok(None),
        }
    }

    /// Adds a predicate, which a scan may have heard of as well.
    fn require(&mut self, predicate: Expr) {
        if !self.predicate.contains(&predicate) {
            self.predicate.push(predicate);
        }
    }
}

/// Whether a predicate is one that can be asked of each row by itself.
fn is_plain(predicate: &Expr) -> bool {
    let is_parameter = |part: &Expr| matches!(part, Expr::Placeholder(_));
    !predicate.is_volatile()
        && !contains::asks_elsewhere(predicate)
        && !contains::part(predicate, is_parameter)
}

/// Runs `work` where it does not keep DataFusion's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done =
        done.map_err(|join| datafusion::common::exec_datafusion_err!("internal: {join}; please report it"))?;
    Ok(done?)
}
