//! Quantities become plain numbers in the unit of what they are compared with.
//!
//! ```text
//! usflux > quantity(3e14, 'Wb')           ⇒  usflux > 3e22           usflux is a column in Mx
//! usflux / area > quantity(200, 'G')      ⇒  usflux / area > 2e18    in Mx/Mm2
//! usflux > quantity(60, 'Mm')             ⇒  an error with a caret: a flux was expected, a length was found
//! ```
//!
//! Units are followed through sums, products, quotients, CASE, and the functions that keep a unit, and through the
//! sub-selects and aggregates that a column comes from. A quantity that meets nothing with a unit stands for its
//! value in the base unit of its dimension. It does not apply to expressions without a quantity: two columns are
//! compared as they are.

mod quantity;
mod sources;

use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        tree_node::{Transformed, TreeNode},
    },
    logical_expr::{
        Between, BinaryExpr, Case, Expr, ExprSchemable, LogicalPlan, Operator,
        expr::{InList, ScalarFunction, Sort},
        expr_rewriter::NamePreserver,
    },
    optimizer::AnalyzerRule,
};
use helioql_grammar::unit::{Compound, Unit};

pub(super) use self::sources::unit_of_expr;
use self::{
    quantity::{Quantity, settled},
    sources::{Sources, of_field, unit_in},
};
use super::each_node;
use crate::{contains, functions::QUANTITY};

#[derive(Debug)]
pub(super) struct ResolveQuantities;

impl AnalyzerRule for ResolveQuantities {
    fn name(&self) -> &'static str {
        "resolve_quantities"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        each_node(plan, has_quantity, |plan| {
            let sources = match &plan {
                // A scan's own predicates speak of what it scans.
                LogicalPlan::TableScan(_) => vec![plan.clone()],
                other => other.inputs().into_iter().cloned().collect(),
            };
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                Ok(Transformed::yes(
                    name.restore(alone(expr, &Sources::new(&sources))?),
                ))
            })
        })
    }
}

fn has_quantity(plan: &LogicalPlan) -> bool {
    contains::expression(plan, is_quantity)
}

fn is_quantity(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.name() == QUANTITY)
}

/// What is known of an expression's unit.
enum Measure {
    /// Nothing: it takes part in no check.
    Unknown,
    /// Its unit.
    Known(Compound),
    /// It has none, as a ratio of two fluxes and a logarithm have none: a quantity beside it is a mistake.
    Bare,
    /// A literal that has not met a unit yet.
    Quantity(Quantity),
}

impl Measure {
    fn known(&self) -> Option<&Compound> {
        match self {
            Self::Known(unit) => Some(unit),
            Self::Unknown | Self::Bare | Self::Quantity(_) => None,
        }
    }

    /// What a quantity beside it must be in.
    fn unit(&self) -> Option<Compound> {
        match self {
            Self::Known(unit) => Some(unit.clone()),
            Self::Bare => Some(Compound::plain()),
            Self::Unknown | Self::Quantity(_) => None,
        }
    }

    /// That of something computed.
    fn of(unit: Compound) -> Self {
        if unit.is_plain() {
            Self::Bare
        } else {
            Self::Known(unit)
        }
    }
}

/// The expression with the quantities in it settled where they met a unit, and its own unit.
fn resolve(expr: Expr, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    if let Some(quantity) = Quantity::read(&expr) {
        return Ok((expr, Measure::Quantity(quantity)));
    }
    match expr {
        Expr::Column(column) => {
            let unit = sources.unit(&column);
            Ok((
                Expr::Column(column),
                unit.map_or(Measure::Unknown, Measure::Known),
            ))
        }
        Expr::OuterReferenceColumn(field, column) => {
            let unit = of_field(&field);
            Ok((
                Expr::OuterReferenceColumn(field, column),
                unit.map_or(Measure::Unknown, Measure::Known),
            ))
        }
        Expr::Literal(value, metadata) => {
            let measure = if value.data_type().is_numeric() {
                Measure::Known(Compound::plain())
            } else {
                Measure::Unknown
            };
            Ok((Expr::Literal(value, metadata), measure))
        }
        Expr::ScalarSubquery(subquery) => {
            let plan = subquery.subquery.as_ref();
            let unit = plan
                .schema()
                .columns()
                .first()
                .and_then(|column| unit_in(plan, column));
            Ok((
                Expr::ScalarSubquery(subquery),
                unit.map_or(Measure::Unknown, Measure::Known),
            ))
        }
        Expr::Alias(mut alias) => {
            let (inner, measure) = resolve(*alias.expr, sources)?;
            alias.expr = Box::new(inner);
            Ok((Expr::Alias(alias), measure))
        }
        Expr::Negative(inner) => match resolve(*inner, sources)? {
            (_, Measure::Quantity(quantity)) => {
                let quantity = quantity.negated();
                Ok((quantity.base_literal(), Measure::Quantity(quantity)))
            }
            (inner, measure) => Ok((Expr::Negative(Box::new(inner)), measure)),
        },
        Expr::Cast(mut cast) => {
            let (inner, measure) = resolve(*cast.expr, sources)?;
            let (inner, unit) = factor(inner, measure)?;
            let unit = unit.filter(|_| cast.field.data_type().is_numeric());
            cast.expr = Box::new(inner);
            Ok((Expr::Cast(cast), unit.map_or(Measure::Unknown, Measure::Known)))
        }
        Expr::BinaryExpr(binary) => resolve_binary(binary, sources),
        Expr::Between(between) => resolve_between(between, sources),
        Expr::InList(list) => resolve_list(list, sources),
        Expr::Case(case) => resolve_case(case, sources),
        Expr::ScalarFunction(call) => resolve_call(call, sources),
        Expr::AggregateFunction(mut call) => {
            let keeps = KEEPING_AGGREGATES.contains(&call.func.name());
            let (args, measure) = resolve_first(call.params.args, sources)?;
            call.params.args = args;
            call.params.filter = resolve_filter(call.params.filter, sources)?;
            call.params.order_by = resolve_order(call.params.order_by, sources)?;
            Ok((
                Expr::AggregateFunction(call),
                if keeps { measure } else { Measure::Unknown },
            ))
        }
        Expr::WindowFunction(mut call) => {
            let keeps = KEEPING_AGGREGATES.contains(&call.fun.name());
            let (args, measure) = resolve_first(call.params.args, sources)?;
            call.params.args = args;
            call.params.filter = resolve_filter(call.params.filter, sources)?;
            call.params.order_by = resolve_order(call.params.order_by, sources)?;
            call.params.partition_by = call
                .params
                .partition_by
                .into_iter()
                .map(|expr| alone(expr, sources))
                .collect::<Result<_>>()?;
            Ok((
                Expr::WindowFunction(call),
                if keeps { measure } else { Measure::Unknown },
            ))
        }
        other => {
            let resolved = other.map_children(|child| Ok(Transformed::yes(alone(child, sources)?)))?;
            Ok((resolved.data, Measure::Unknown))
        }
    }
}

/// The aggregates and window functions whose result has the unit of their first argument.
const KEEPING_AGGREGATES: [&str; 12] = [
    "min",
    "max",
    "avg",
    "sum",
    "median",
    "first_value",
    "last_value",
    "nth_value",
    "lag",
    "lead",
    "stddev",
    "approx_median",
];

/// The functions whose result has the unit of their arguments, all of which have the same.
const KEEPING: [&str; 11] = [
    "abs", "round", "ceil", "floor", "trunc", "greatest", "least", "coalesce", "nvl", "nullif", "typed",
];

/// The functions whose result has no unit, whatever that of their argument is.
const BARE: [&str; 5] = ["ln", "log", "log10", "log2", "exp"];

/// An expression that is compared with nothing.
fn alone(expr: Expr, sources: &Sources<'_>) -> Result<Expr> {
    let (expr, measure) = resolve(expr, sources)?;
    settled(expr, measure, None)
}

/// What FILTER (WHERE …) of an aggregate says.
fn resolve_filter(filter: Option<Box<Expr>>, sources: &Sources<'_>) -> Result<Option<Box<Expr>>> {
    filter
        .map(|filter| alone(*filter, sources).map(Box::new))
        .transpose()
}

fn resolve_order(order: Vec<Sort>, sources: &Sources<'_>) -> Result<Vec<Sort>> {
    order
        .into_iter()
        .map(|sort| {
            Ok(Sort {
                expr: alone(sort.expr, sources)?,
                ..sort
            })
        })
        .collect()
}

fn resolve_binary(binary: BinaryExpr, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    use Operator::{
        Divide, Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, Minus, Modulo, Multiply, NotEq,
        Plus,
    };
    let op = binary.op;
    let (left, of_left) = resolve(*binary.left, sources)?;
    let (right, of_right) = resolve(*binary.right, sources)?;
    let make = |left, right| Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)));
    match op {
        Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom | Plus | Minus | Modulo => {
            let met = first_known([&of_left, &of_right]);
            let expr = make(
                settled(left, of_left, met.as_ref())?,
                settled(right, of_right, met.as_ref())?,
            );
            let is_sum = matches!(op, Plus | Minus | Modulo);
            let measure = met.filter(|_| is_sum).map_or(Measure::Unknown, Measure::of);
            Ok((expr, measure))
        }
        Multiply | Divide => {
            let (left, of_left) = factor(left, of_left)?;
            let (right, of_right) = factor(right, of_right)?;
            let measure = match (of_left, of_right) {
                // Of two numbers nothing is known.
                (Some(left), Some(right)) if left.is_plain() && right.is_plain() => Measure::Known(left),
                (Some(left), Some(right)) if op == Multiply => Measure::of(left.times(&right)),
                (Some(left), Some(right)) => Measure::of(left.divided_by(&right)),
                _ => Measure::Unknown,
            };
            Ok((make(left, right), measure))
        }
        _ => {
            let expr = make(settled(left, of_left, None)?, settled(right, of_right, None)?);
            Ok((expr, Measure::Unknown))
        }
    }
}

/// A factor of a product: a quantity in it counts in its base unit.
fn factor(expr: Expr, measure: Measure) -> Result<(Expr, Option<Compound>)> {
    Ok(match measure {
        Measure::Known(unit) => (expr, Some(unit)),
        Measure::Bare => (expr, Some(Compound::plain())),
        Measure::Unknown => (expr, None),
        Measure::Quantity(quantity) => {
            let base = Unit::find(quantity.unit.dimension.base()).ok().map(Compound::of);
            (settled(expr, Measure::Quantity(quantity), None)?, base)
        }
    })
}

fn resolve_between(between: Between, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    let (expr, unit) = resolve(*between.expr, sources)?;
    let (low, of_low) = resolve(*between.low, sources)?;
    let (high, of_high) = resolve(*between.high, sources)?;
    let met = first_known([&unit, &of_low, &of_high]);
    let between = Between::new(
        Box::new(settled(expr, unit, met.as_ref())?),
        between.negated,
        Box::new(settled(low, of_low, met.as_ref())?),
        Box::new(settled(high, of_high, met.as_ref())?),
    );
    Ok((Expr::Between(between), Measure::Unknown))
}

fn resolve_list(list: InList, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    let (expr, unit) = resolve(*list.expr, sources)?;
    let met = unit.unit();
    let items = list
        .list
        .into_iter()
        .map(|item| {
            let (item, measure) = resolve(item, sources)?;
            settled(item, measure, met.as_ref())
        })
        .collect::<Result<_>>()?;
    let expr = Box::new(settled(expr, unit, None)?);
    Ok((
        Expr::InList(InList::new(expr, items, list.negated)),
        Measure::Unknown,
    ))
}

fn resolve_case(case: Case, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    let mut compared = Measure::Unknown;
    let subject = match case.expr {
        Some(expr) => {
            let (expr, measure) = resolve(*expr, sources)?;
            compared = measure;
            Some(expr)
        }
        None => None,
    };
    let mut whens = Vec::with_capacity(case.when_then_expr.len());
    let mut results = Vec::with_capacity(case.when_then_expr.len() + 1);
    for (when, then) in case.when_then_expr {
        let (when, measure) = resolve(*when, sources)?;
        whens.push(settled(when, measure, compared.unit().as_ref())?);
        results.push(resolve(*then, sources)?);
    }
    let has_else = case.else_expr.is_some();
    if let Some(otherwise) = case.else_expr {
        results.push(resolve(*otherwise, sources)?);
    }
    let (mut results, measure) = settle_all(results)?;
    let otherwise = if has_else { results.pop() } else { None };
    let pairs = whens
        .into_iter()
        .zip(results)
        .map(|(when, then)| (Box::new(when), Box::new(then)));
    let subject = match subject {
        Some(expr) => Some(Box::new(settled(expr, compared, None)?)),
        None => None,
    };
    let case = Case::new(subject, pairs.collect(), otherwise.map(Box::new));
    Ok((Expr::Case(case), measure))
}

fn resolve_call(mut call: ScalarFunction, sources: &Sources<'_>) -> Result<(Expr, Measure)> {
    let args = call
        .args
        .into_iter()
        .map(|arg| resolve(arg, sources))
        .collect::<Result<Vec<_>>>()?;
    let name = call.func.name();
    let measure;
    if KEEPING.contains(&name) {
        (call.args, measure) = settle_all(args)?;
    } else {
        let is_bare = BARE.contains(&name);
        let root = match (name, args.first()) {
            ("sqrt", Some((_, Measure::Known(unit)))) => unit.root(),
            _ => None,
        };
        call.args = args
            .into_iter()
            .map(|(arg, measure)| settled(arg, measure, None))
            .collect::<Result<_>>()?;
        let call = Expr::ScalarFunction(call);
        // Fields of samples and keyword functions say their unit.
        let own = || of_field(&call.to_field(&sources.schema).ok()?.1);
        measure = match root.or_else(own) {
            Some(unit) => Measure::Known(unit),
            None if is_bare => Measure::Bare,
            None => Measure::Unknown,
        };
        return Ok((call, measure));
    }
    Ok((Expr::ScalarFunction(call), measure))
}

/// Arguments of which only the first decides the unit, and which become numbers in it.
fn resolve_first(args: Vec<Expr>, sources: &Sources<'_>) -> Result<(Vec<Expr>, Measure)> {
    let mut measure = Measure::Unknown;
    let mut settled_args = Vec::with_capacity(args.len());
    for (index, arg) in args.into_iter().enumerate() {
        let (arg, of_arg) = resolve(arg, sources)?;
        if index == 0 {
            let (arg, unit) = factor(arg, of_arg)?;
            measure = unit.map_or(Measure::Unknown, Measure::Known);
            settled_args.push(arg);
        } else {
            settled_args.push(settled(arg, of_arg, measure.known())?);
        }
    }
    Ok((settled_args, measure))
}

/// Expressions that stand for one value, all in the unit of the first that has one.
fn settle_all(exprs: Vec<(Expr, Measure)>) -> Result<(Vec<Expr>, Measure)> {
    let met = first_known(exprs.iter().map(|(_, measure)| measure));
    let met = met.or_else(|| {
        // Quantities alone agree on their base unit.
        exprs.iter().find_map(|(_, measure)| match measure {
            Measure::Quantity(quantity) => Unit::find(quantity.unit.dimension.base()).ok().map(Compound::of),
            _ => None,
        })
    });
    let exprs = exprs
        .into_iter()
        .map(|(expr, measure)| settled(expr, measure, met.as_ref()))
        .collect::<Result<_>>()?;
    Ok((exprs, met.map_or(Measure::Unknown, Measure::of)))
}

/// The first unit that measures something; a plain number beside a quantity says nothing of its unit.
fn first_known<'m>(measures: impl IntoIterator<Item = &'m Measure>) -> Option<Compound> {
    let mut bare = None;
    for measure in measures {
        match measure {
            Measure::Known(unit) if !unit.is_plain() => return Some(unit.clone()),
            Measure::Bare => bare = measure.unit(),
            _ => {}
        }
    }
    bare
}
