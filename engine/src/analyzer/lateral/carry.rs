//! The rows on the left, carried through the operators of a sub-select.

use std::sync::Arc;

use datafusion::{
    common::{
        Column, Result, not_impl_err,
        tree_node::{Transformed, TreeNode},
    },
    functions_aggregate::expr_fn::first_value,
    functions_window::expr_fn::row_number,
    logical_expr::{
        Aggregate, Distinct, Expr, ExprFunctionExt, Extension, Filter, JoinType, LogicalPlan,
        LogicalPlanBuilder, Projection, Subquery, Window,
        expr::Sort,
        ident, lit,
        utils::{conjunction, split_conjunction},
        when,
    },
};

use super::{comes_after, query_of, within};
use crate::draw::DrawNode;
use crate::nearest::{Asking, NearestNode, QUERY, node::speaks_of};

/// The rows on the left, under names that nothing inside the sub-select has.
pub(super) struct Outer {
    /// The rows; nothing once they have been put in the place of the leaf.
    rows: Option<LogicalPlan>,
    /// Their columns as the statement knows them, and inside.
    names: Vec<(Column, Column)>,
    /// The number of a row.
    row: Option<Column>,
    /// Whether the row is not padding.
    found: Option<Column>,
    /// What sets this relation's columns apart from others'.
    number: usize,
    /// Whether a row without a counterpart must not be lost.
    pads: bool,
}

/// A plan with the columns of the left row.
pub(super) struct Carried {
    pub(super) plan: LogicalPlan,
    /// Whether it has rows that are only padding.
    pub(super) padded: bool,
}

/// The error for a form that cannot be carried.
pub(super) fn unsupported<T>(what: &str, hint: &str) -> Result<T> {
    not_impl_err!("{what} beside the columns of an outer row is not supported: {hint}")
}

impl Outer {
    /// The rows under their own names.
    pub(super) fn plain(left: &LogicalPlan) -> Self {
        let names = left.schema().columns().into_iter();
        Self {
            rows: None,
            names: names.map(|column| (column.clone(), column)).collect(),
            row: None,
            found: None,
            number: 0,
            pads: false,
        }
    }

    /// The rows under names of their own, numbered.
    pub(super) fn renamed(left: LogicalPlan, number: usize, pads: bool) -> Result<Self> {
        let names: Vec<(Column, Column)> = left
            .schema()
            .columns()
            .into_iter()
            .enumerate()
            .map(|(index, column)| (column, Column::from_name(format!("__outer_{number}_{index}"))))
            .collect();
        let row = format!("__row_{number}");
        let mut columns: Vec<Expr> = names
            .iter()
            .map(|(column, inside)| Expr::Column(column.clone()).alias(&inside.name))
            .collect();
        let numbered = row_number().alias(&row);
        columns.push(ident(&row));
        let rows = LogicalPlanBuilder::from(left)
            .window(vec![numbered])?
            .project(columns)?
            .build()?;
        Ok(Self {
            rows: Some(rows),
            names,
            row: Some(Column::from_name(row)),
            found: None,
            number,
            pads,
        })
    }

    /// The columns of the left row as they are called inside.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.names.iter().map(|(_, inside)| inside.clone())
    }

    /// `expr` with the columns of the left row in the place of references to it.
    pub(super) fn inward(&self, expr: Expr) -> Result<Expr> {
        let inward = expr.transform(|expr| {
            let Expr::OuterReferenceColumn(_, column) = &expr else {
                return Ok(Transformed::no(expr));
            };
            let inside = self.names.iter().find(|(known, _)| known == column);
            Ok(match inside {
                Some((_, inside)) => Transformed::yes(Expr::Column(inside.clone())),
                None => Transformed::no(expr),
            })
        })?;
        Ok(inward.data)
    }

    /// `value` where the row is not padding, and NULL where it is.
    pub(super) fn padded(&self, value: Expr) -> Result<Expr> {
        match &self.found {
            Some(found) => when(Expr::Column(found.clone()), value).end(),
            None => Ok(value),
        }
    }

    /// All columns that are carried.
    fn all(&self) -> Vec<Expr> {
        let more = self.row.iter().chain(&self.found).cloned();
        self.columns().chain(more).map(Expr::Column).collect()
    }

    fn row(&self) -> Result<Expr> {
        match &self.row {
            Some(row) => Ok(Expr::Column(row.clone())),
            None => unsupported("a group", "the rows have no number"),
        }
    }

    /// `plan` with the columns of the left row beside its own; what stands above finds columns by name.
    ///
    /// # Errors
    /// Where an operator has no meaning for many left rows at once.
    pub(super) fn carry(&mut self, plan: &LogicalPlan) -> Result<Carried> {
        if let Some(node) = NearestNode::of(plan) {
            return self.nearest(node.clone());
        }
        if let Some(node) = draw(plan) {
            let Carried { plan, padded } = self.carry(node.input())?;
            let calls = node.calls().iter().map(|call| self.inward(call.clone()));
            let node = DrawNode::try_new(plan, calls.collect::<Result<_>>()?)?;
            let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
            return Ok(Carried { plan, padded });
        }
        match plan {
            LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => match self.rows.take() {
                Some(rows) => Ok(Carried {
                    plan: rows,
                    padded: false,
                }),
                None => unsupported("a second relation", "each needs a LATERAL of its own"),
            },
            LogicalPlan::SubqueryAlias(alias) if NearestNode::of(&alias.input).is_some() => {
                match NearestNode::of(&alias.input) {
                    Some(node) => self.nearest(node.clone().named(&alias.alias)?),
                    None => unsupported("this relation", "it has no rows"),
                }
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let Carried { plan, padded } = self.carry(&alias.input)?;
                let mut columns = self.all();
                for (inner, outer) in alias
                    .input
                    .schema()
                    .columns()
                    .into_iter()
                    .zip(alias.schema.columns())
                {
                    columns.push(Expr::Column(inner).alias_qualified(outer.relation, outer.name));
                }
                let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
                Ok(Carried { plan, padded })
            }
            LogicalPlan::Projection(projection) => self.projection(projection),
            LogicalPlan::Filter(filter) => self.filter(filter),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let groups = input.schema().columns().into_iter().map(Expr::Column).collect();
                self.grouped(input, groups, Vec::new(), false)
            }
            LogicalPlan::Window(window) => self.window(window),
            // Only a LIMIT sees an order; it is met there.
            LogicalPlan::Sort(sort) => match sort.fetch {
                None => self.carry(&sort.input),
                Some(_) => unsupported("this LIMIT", "it belongs behind ORDER BY"),
            },
            LogicalPlan::Limit(limit) => self.limit(limit),
            LogicalPlan::Unnest(unnest) => {
                let Carried { plan, padded } = self.carry(&unnest.input)?;
                let plan = LogicalPlanBuilder::from(plan)
                    .unnest_columns_with_options(unnest.exec_columns.clone(), unnest.options.clone())?
                    .build()?;
                Ok(Carried { plan, padded })
            }
            LogicalPlan::Join(join) if matches!(join.join_type, JoinType::Inner | JoinType::Left) => {
                self.join(join)
            }
            LogicalPlan::Subquery(Subquery { subquery, .. }) => self.carry(subquery),
            other => unsupported(
                &format!(
                    "`{}`",
                    other.display().to_string().split(':').next().unwrap_or("this")
                ),
                "a sub-select of NEAREST, GENERATE or STEER has WHERE, GROUP BY, window functions, ORDER BY, LIMIT and \
                 joins with other tables",
            ),
        }
    }

    fn nearest(&mut self, node: NearestNode) -> Result<Carried> {
        let Some(rows) = self.rows.take() else {
            return unsupported("a second relation", "each needs a LATERAL of its own");
        };
        let name = format!("{QUERY}_{}", self.number);
        let query = self.inward(query_of(&node.asking)?)?;
        let mut columns = self.all();
        columns.push(query.alias(&name));
        let asking = LogicalPlanBuilder::from(rows).project(columns)?.build()?;
        let shown = if self.pads { Asking::Padded } else { Asking::Joined };
        let (node, hoisted) = within::hoist(node, self)?;
        let mut node = node.asked_by(asking, Column::from_name(name), shown)?;
        for predicate in hoisted {
            node = node.with_filter(predicate)?;
        }
        let rank = Expr::Column(node.rank());
        let own = inside_columns(&node);
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        if !self.pads {
            return Ok(Carried { plan, padded: false });
        }
        let mut columns = self.all();
        let found = format!("__found_{}", self.number);
        columns.push(rank.is_not_null().alias(&found));
        columns.extend(own.into_iter().map(Expr::Column));
        self.found = Some(Column::from_name(found));
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok(Carried { plan, padded: true })
    }

    fn projection(&mut self, projection: &Projection) -> Result<Carried> {
        let Carried { plan, padded } = self.carry(&projection.input)?;
        let mut columns = self.all();
        for (expr, name) in projection.expr.iter().zip(projection.schema.columns()) {
            let expr = self.inward(expr.clone())?;
            // A name that came from what an expression was is kept when the expression changes.
            columns.push(match expr {
                Expr::Column(column) if column == name => Expr::Column(column),
                other => other.unalias().alias_qualified(name.relation, name.name),
            });
        }
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok(Carried { plan, padded })
    }

    fn filter(&mut self, filter: &Filter) -> Result<Carried> {
        let Carried { mut plan, padded } = self.carry(&filter.input)?;
        let block = same_block(&filter.input);
        let mut above = Vec::new();
        for predicate in split_conjunction(&filter.predicate) {
            let predicate = self.inward(predicate.clone())?;
            let (folded, placed) = fold(plan, &predicate, block, padded)?;
            plan = folded;
            if !placed {
                above.push(predicate);
            }
        }
        let Some(predicate) = conjunction(above) else {
            return Ok(Carried { plan, padded });
        };
        if padded {
            return unsupported(
                "this WHERE of a sub-select in a LEFT JOIN or a scalar subquery",
                "a sub-select around it, or an inner join, does the same",
            );
        }
        let plan = LogicalPlanBuilder::from(plan).filter(predicate)?.build()?;
        Ok(Carried { plan, padded })
    }

    fn aggregate(&mut self, aggregate: &Aggregate) -> Result<Carried> {
        let groups = aggregate.group_expr.clone();
        if matches!(groups.as_slice(), [Expr::GroupingSet(_)]) {
            return unsupported("GROUPING SETS", "GROUP BY takes columns here");
        }
        // Without GROUP BY there is a row even where there is nothing to aggregate.
        let whole = groups.is_empty();
        let pads = self.pads;
        self.pads |= whole;
        let carried = self.grouped(&aggregate.input, groups, aggregate.aggr_expr.clone(), whole);
        self.pads = pads;
        carried
    }

    /// The rows of `input` grouped by the left row and by `groups`.
    fn grouped(
        &mut self,
        input: &LogicalPlan,
        groups: Vec<Expr>,
        aggregates: Vec<Expr>,
        whole: bool,
    ) -> Result<Carried> {
        let Carried { plan, padded } = self.carry(input)?;
        let mut keys = vec![self.row()?];
        if !whole {
            keys.extend(self.found.clone().map(Expr::Column));
        }
        let mut names = Vec::with_capacity(groups.len());
        for group in groups {
            let name = named(&group);
            let inside = self.inward(group)?;
            names.push((inside.clone(), name));
            keys.push(inside);
        }
        let mut values = Vec::new();
        for (outer, inside) in self.columns().enumerate() {
            values.push(first_value(Expr::Column(inside), Vec::new()).alias(format!("__first_{outer}")));
        }
        for aggregate in aggregates {
            let name = named(&aggregate);
            let found = self.found.clone().filter(|_| padded).map(Expr::Column);
            let aggregate = self.inward(aggregate)?.transform(|expr| match (expr, &found) {
                (Expr::AggregateFunction(mut call), Some(found)) => {
                    let filter = call.params.filter.take();
                    call.params.filter = Some(Box::new(match filter {
                        Some(filter) => found.clone().and(*filter),
                        None => found.clone(),
                    }));
                    Ok(Transformed::yes(Expr::AggregateFunction(call)))
                }
                (other, _) => Ok(Transformed::no(other)),
            })?;
            let alias = format!("__aggregate_{}", values.len());
            values.push(aggregate.data.unalias().alias(&alias));
            names.push((ident(alias), name));
        }
        let keyed: Vec<Expr> = keys
            .into_iter()
            .enumerate()
            .map(|(index, key)| match key {
                Expr::Column(column) => Expr::Column(column),
                other => other.alias(format!("__key_{index}")),
            })
            .collect();
        let of_key: Vec<Expr> = keyed.iter().map(|key| Expr::Column(named(key))).collect();
        let plan = LogicalPlanBuilder::from(plan).aggregate(keyed, values)?;
        if whole {
            self.found = None;
        }
        let carried = self.names.len();
        let mut columns: Vec<Expr> = self
            .columns()
            .enumerate()
            .map(|(index, inside)| ident(format!("__first_{index}")).alias(inside.name))
            .collect();
        columns.extend(self.all().into_iter().skip(carried));
        let mut group = of_key
            .into_iter()
            .skip(if !whole && self.found.is_some() { 2 } else { 1 });
        for (value, name) in names {
            let value = match &value {
                Expr::Column(column) if column.name.starts_with("__aggregate_") => value,
                _ => group.next().unwrap_or(value),
            };
            columns.push(value.alias_qualified(name.relation, name.name));
        }
        let plan = plan.project(columns)?.build()?;
        Ok(Carried {
            plan,
            padded: padded && !whole,
        })
    }

    fn window(&mut self, window: &Window) -> Result<Carried> {
        let Carried { plan, padded } = self.carry(&window.input)?;
        let row = self.row()?;
        let mut exprs = Vec::with_capacity(window.window_expr.len());
        for expr in &window.window_expr {
            let name = named(expr);
            let inside = self.inward(expr.clone())?.transform(|expr| match expr {
                Expr::WindowFunction(mut call) => {
                    call.params.partition_by.push(row.clone());
                    Ok(Transformed::yes(Expr::WindowFunction(call)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            exprs.push(inside.data.unalias().alias_qualified(name.relation, name.name));
        }
        let plan = LogicalPlanBuilder::from(plan).window(exprs)?.build()?;
        Ok(Carried { plan, padded })
    }

    fn limit(&mut self, limit: &datafusion::logical_expr::Limit) -> Result<Carried> {
        // The order stands right below, or below the projection that drops what only the order needed.
        let mut order: Vec<Sort> = Vec::new();
        let mut below = limit.input.as_ref();
        if let LogicalPlan::Sort(sort) = below {
            order.clone_from(&sort.expr);
            below = &sort.input;
        }
        let dropping = match below {
            LogicalPlan::Projection(projection) if order.is_empty() => match projection.input.as_ref() {
                LogicalPlan::Sort(sort) => {
                    order.clone_from(&sort.expr);
                    below = &sort.input;
                    Some(projection)
                }
                _ => None,
            },
            _ => None,
        };
        let Carried { plan, padded } = self.carry(below)?;
        for key in &mut order {
            key.expr = self.inward(key.expr.clone())?;
        }
        let place = format!("__place_{}", self.number);
        let number = row_number()
            .partition_by(vec![self.row()?])
            .order_by(order)
            .build()?;
        let skip = limit.skip.as_deref().cloned().unwrap_or_else(|| lit(0i64));
        let mut kept = ident(&place).gt(skip.clone());
        if let Some(fetch) = &limit.fetch {
            kept = kept.and(ident(&place).lt_eq(skip + fetch.as_ref().clone()));
        }
        if let Some(found) = self.found.clone().filter(|_| padded) {
            kept = kept.or(Expr::Column(found).is_false());
        }
        let mut columns = self.all();
        let own: Vec<Expr> = match dropping {
            Some(projection) => projection.expr.clone(),
            None => below.schema().columns().into_iter().map(Expr::Column).collect(),
        };
        columns.extend(own);
        let plan = LogicalPlanBuilder::from(plan)
            .window(vec![number.alias(&place)])?
            .filter(kept)?
            .project(columns)?
            .build()?;
        Ok(Carried { plan, padded })
    }

    fn join(&mut self, join: &datafusion::logical_expr::Join) -> Result<Carried> {
        let reads_outer = |plan: &LogicalPlan| super::is_ours(plan);
        let (left_is_ours, right_is_ours) = (reads_outer(&join.left), reads_outer(&join.right));
        let inner = join.join_type == JoinType::Inner;
        if left_is_ours == right_is_ours || (right_is_ours && !inner) || (self.pads && inner) {
            return unsupported(
                "this join",
                "a sub-select that joins stands in an inner LATERAL, with the relation on its left",
            );
        }
        let (ours, other) = if left_is_ours {
            (&join.left, &join.right)
        } else {
            (&join.right, &join.left)
        };
        let Carried { plan, padded } = self.carry(ours)?;
        let mut conditions = Vec::new();
        for (left, right) in &join.on {
            conditions.push(self.inward(left.clone().eq(right.clone()))?);
        }
        if let Some(filter) = &join.filter {
            conditions.push(self.inward(filter.clone())?);
        }
        let plan =
            LogicalPlanBuilder::from(plan).join_on(other.as_ref().clone(), join.join_type, conditions)?;
        Ok(Carried {
            plan: plan.build()?,
            padded,
        })
    }
}

/// The node of draws that `plan` is.
fn draw(plan: &LogicalPlan) -> Option<&DrawNode> {
    match plan {
        LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref::<DrawNode>(),
        _ => None,
    }
}

/// The columns of a node that are not those of the rows that ask.
fn inside_columns(node: &NearestNode) -> Vec<Column> {
    use datafusion::logical_expr::UserDefinedLogicalNodeCore;
    let shown = node.asking_columns().len();
    UserDefinedLogicalNodeCore::schema(node)
        .columns()
        .into_iter()
        .skip(shown)
        .collect()
}

/// The name of an expression's column.
fn named(expr: &Expr) -> Column {
    let (relation, name) = expr.qualified_name();
    Column::new(relation, name)
}

/// Whether a WHERE above `plan` is of the query block that NEAREST stands in.
fn same_block(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => same_block(&alias.input),
        LogicalPlan::Join(join) => same_block(&join.left) || same_block(&join.right),
        other => NearestNode::of(other).is_some(),
    }
}

/// Moves `predicate` into the NEAREST below `plan`: before ranking where it is of the same block and does not speak
/// of the ranking; after it, where rows must be padded later.
fn fold(plan: LogicalPlan, predicate: &Expr, block: bool, padded: bool) -> Result<(LogicalPlan, bool)> {
    match plan {
        LogicalPlan::Extension(extension) => {
            let plan = LogicalPlan::Extension(extension);
            let Some(node) = NearestNode::of(&plan) else {
                return Ok((plan, false));
            };
            let node = if block && !comes_after(predicate) {
                node.clone().with_filter(predicate.clone())?
            } else if padded {
                node.clone().with_after(predicate.clone())
            } else {
                return Ok((plan, false));
            };
            Ok((LogicalPlan::Extension(Extension { node: Arc::new(node) }), true))
        }
        LogicalPlan::Projection(projection) if padded => {
            let inside = predicate.clone().transform(|expr| {
                let Expr::Column(column) = &expr else {
                    return Ok(Transformed::no(expr));
                };
                let index = projection.schema.index_of_column(column)?;
                Ok(Transformed::yes(projection.expr[index].clone().unalias()))
            })?;
            let (input, placed) = fold(
                Arc::unwrap_or_clone(projection.input),
                &inside.data,
                block,
                padded,
            )?;
            let plan = LogicalPlan::Projection(Projection::try_new(projection.expr, Arc::new(input))?);
            Ok((plan, placed))
        }
        LogicalPlan::Join(mut join) if block && join.join_type == JoinType::Inner => {
            let is_left = speaks_of(predicate, join.left.schema());
            if !is_left && !speaks_of(predicate, join.right.schema()) {
                return Ok((LogicalPlan::Join(join), false));
            }
            let side = if is_left { &mut join.left } else { &mut join.right };
            let (plan, placed) = fold(side.as_ref().clone(), predicate, block, padded)?;
            *side = Arc::new(plan);
            Ok((LogicalPlan::Join(join), placed))
        }
        other => Ok((other, false)),
    }
}
