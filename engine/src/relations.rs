//! The functions of the language that stand in FROM, one file each. [`relations`] is their list.
//!
//! DataFusion's table functions take neither named arguments nor subqueries, so these are planned from the
//! syntax tree, by a `RelationPlanner`.

mod generate;
mod invert;
mod nearest;
mod recordset;
mod simulate;
mod steer;
mod within;

use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use datafusion::{
    common::{Column, DFSchema, Result, internal_err, plan_err},
    functions::core::expr_fn::get_field,
    logical_expr::{
        Expr, LogicalPlan, LogicalPlanBuilder, ScalarUDF,
        expr::ScalarFunction,
        planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning},
    },
    sql::sqlparser::ast::{self, FunctionArg, ObjectName, TableAlias, TableFactor, UnaryOperator},
};
use helioql_grammar::{
    Diagnostic, Span,
    bind::{CallSignature, Default, bind_arguments},
};

use crate::{documentation::Documentation, error::Error, functions::Function, models::Handle};

/// Every function that can stand in FROM.
pub(crate) fn relations() -> Vec<Box<dyn Relation>> {
    vec![
        Box::new(generate::Generate),
        Box::new(steer::Steer),
        Box::new(invert::Invert),
        Box::new(nearest::Nearest),
        Box::new(recordset::RecordSetRows),
        Box::new(simulate::Simulate),
    ]
}

/// What makes one relation differ from another.
pub(crate) trait Relation: std::fmt::Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Its name and arguments.
    fn call(&self) -> CallSignature;
    /// Its documentation.
    fn documentation(&self) -> Documentation;
    /// Changes the arguments of a call before the statement is planned. DataFusion loads the tables that a
    /// statement names as relations, so a table named in an argument must be made one here.
    fn prepare(&self, _args: &mut Vec<FunctionArg>) {}
    /// The plan of one call. `args` has an entry for every parameter, `None` where it was not given and
    /// has no default.
    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan>;
}

/// The arguments of one call by parameter, and where the call stands.
pub(crate) struct Arguments {
    pub(crate) values: Vec<Option<ast::Expr>>,
    pub(crate) span: Span,
    call: CallSignature,
}

impl Arguments {
    /// The argument of parameter `name`.
    pub(crate) fn get(&self, name: &str) -> Option<&ast::Expr> {
        let index = self
            .call
            .parameters
            .iter()
            .position(|parameter| parameter.name == name)?;
        self.values[index].as_ref()
    }

    /// The relation as messages name it.
    pub(crate) fn title(&self) -> String {
        self.call.title()
    }

    /// The argument of parameter `name` where it is part of the plan, and so a literal whole number of at most
    /// `most`; `what` it is stands in the message. Nothing where it is NULL or was not given.
    pub(crate) fn whole_number(&self, name: &str, what: &str, most: u64) -> Result<Option<u64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let (sign, literal) = match value {
            ast::Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => ("-", expr.as_ref()),
            other => ("", other),
        };
        let found = match literal {
            ast::Expr::Value(value) => match &value.value {
                ast::Value::Null => return Ok(None),
                ast::Value::Number(digits, _) => format!("{sign}{digits}"),
                other => other.to_string(),
            },
            other => other.to_string(),
        };
        // Defaults are written as floating point numbers, so `10.0` is ten too.
        let whole = found.parse::<u64>().ok().or_else(|| {
            let float = found.parse::<f64>().ok()?;
            (float >= 0.0 && float.fract() == 0.0 && float <= MAX_EXACT).then_some(float as u64)
        });
        if let Some(whole) = whole.filter(|whole| *whole <= most) {
            return Ok(Some(whole));
        }
        let title = self.call.title();
        let message = format!("{title}: {name} is {what} from 0 to {most}, found {found}");
        Err(Error::from(Diagnostic::error(message).with_span(self.span_of(value))).into())
    }

    /// The place of an argument; that of the call where the syntax tree does not know it.
    pub(crate) fn span_of(&self, value: &ast::Expr) -> Span {
        let span = ast::Spanned::span(value);
        if span == Span::empty() { self.span } else { span }
    }
}

/// Beyond 2⁵³ neighbouring integers share one double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// What a relation plans with.
pub(crate) struct Planning<'a> {
    pub(crate) sql: &'a mut dyn RelationPlannerContext,
    pub(crate) models: &'a Handle,
    functions: &'a BTreeMap<&'static str, Function>,
}

impl Planning<'_> {
    /// An expression of constants, parameters and subqueries as a plan's expression.
    pub(crate) fn expr(&mut self, expr: ast::Expr) -> Result<Expr> {
        self.sql.sql_to_expr(expr, &DFSchema::empty())
    }

    /// One of our own scalar functions.
    pub(crate) fn function(&self, name: &str) -> Result<Arc<ScalarUDF>> {
        match self.functions.get(name) {
            Some(function) => Ok(Arc::clone(&function.udf)),
            None => internal_err!("the function {name} is not registered"),
        }
    }

    /// The rows of `function`, which returns a list of structs, called with `args` in the order of its
    /// parameters; those of them that are `None` get their default.
    pub(crate) fn rows_of(
        &mut self,
        function: &str,
        args: Vec<Option<ast::Expr>>,
    ) -> Result<LogicalPlanBuilder> {
        let Some(function) = self.functions.get(function).cloned() else {
            return internal_err!("the function {function} is not registered");
        };
        let args = args
            .into_iter()
            .zip(&function.call.parameters)
            .map(|(arg, parameter)| self.expr(arg.unwrap_or_else(|| default_expr(parameter.default))))
            .collect::<Result<Vec<_>>>()?;
        let rows = Expr::ScalarFunction(ScalarFunction::new_udf(function.udf, args));
        LogicalPlanBuilder::empty(true)
            .project(vec![rows.alias(ROW)])?
            .unnest_column(Column::from_name(ROW))
    }
}

/// A parameter's default as an expression.
fn default_expr(default: Default) -> ast::Expr {
    let value = match default {
        Default::Required | Default::Null => ast::Value::Null,
        Default::Number(number) => ast::Value::Number(format!("{number:?}"), false),
        Default::Text(text) => ast::Value::SingleQuotedString(text.to_owned()),
        Default::Bool(bool) => ast::Value::Boolean(bool),
    };
    ast::Expr::Value(value.into())
}

/// The column that holds one row of a function's list.
const ROW: &str = "__row";

/// The field at `path` of the row, named as its last part.
pub(crate) fn row_field(path: &[&str]) -> Expr {
    let row = Expr::Column(Column::from_name(ROW));
    let field = path.iter().fold(row, |parent, name| get_field(parent, *name));
    field.alias(path.last().copied().unwrap_or(ROW))
}

/// Prepares the arguments of every relation of ours in a statement.
pub(crate) fn prepare<V: ast::VisitMut>(node: &mut V) {
    let mut visitor = Prepare(relations());
    // The visitor never breaks off.
    let _: ControlFlow<()> = node.visit(&mut visitor);
}

struct Prepare(Vec<Box<dyn Relation>>);

impl Prepare {
    /// A function in FROM reads the tables to its left without the word LATERAL, as the standard has it.
    fn lateral(&self, factor: &mut TableFactor) {
        let TableFactor::Table {
            name,
            args: Some(args),
            alias,
            with_ordinality,
            ..
        } = factor
        else {
            return;
        };
        if find(&self.0, name).is_some() {
            *factor = TableFactor::Function {
                lateral: true,
                name: name.clone(),
                args: std::mem::take(&mut args.args),
                with_ordinality: *with_ordinality,
                alias: alias.take(),
            };
        }
    }
}

impl ast::VisitorMut for Prepare {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        for (index, from) in select.from.iter_mut().enumerate() {
            if index > 0 {
                self.lateral(&mut from.relation);
            }
            for join in &mut from.joins {
                self.lateral(&mut join.relation);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let (name, args) = match factor {
            TableFactor::Table {
                name,
                args: Some(args),
                ..
            } => (name, &mut args.args),
            TableFactor::Function { name, args, .. } => (name, args),
            _ => return ControlFlow::Continue(()),
        };
        if let Some((relation, _)) = find(&self.0, name) {
            relation.prepare(args);
        }
        ControlFlow::Continue(())
    }
}

fn find<'a>(relations: &'a [Box<dyn Relation>], name: &ObjectName) -> Option<(&'a dyn Relation, Span)> {
    let [part] = name.0.as_slice() else { return None };
    let ident = part.as_ident()?;
    let relation = relations
        .iter()
        .find(|relation| ident.value.eq_ignore_ascii_case(relation.name()))?;
    Some((relation.as_ref(), ident.span))
}

/// Plans our relations and leaves all others to DataFusion.
#[derive(Debug)]
pub(crate) struct HelioRelations {
    models: Handle,
    relations: Vec<Box<dyn Relation>>,
    functions: BTreeMap<&'static str, Function>,
}

impl HelioRelations {
    pub(crate) fn new(models: Handle, functions: &[Function]) -> Self {
        let functions = functions
            .iter()
            .map(|function| (function.call.name, function.clone()))
            .collect();
        Self {
            models,
            relations: relations(),
            functions,
        }
    }

    fn plan(
        &self,
        relation: &dyn Relation,
        span: Span,
        args: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let call = relation.call();
        let values = bind_arguments(args, span, &call).map_err(Error::from)?;
        let mut planning = Planning {
            sql: context,
            models: &self.models,
            functions: &self.functions,
        };
        relation.plan(Arguments { values, span, call }, &mut planning)
    }
}

fn is_named(argument: &FunctionArg) -> bool {
    !matches!(argument, FunctionArg::Unnamed(_))
}

fn name_of(relation: &TableFactor) -> Option<&ast::Ident> {
    match relation {
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => name.0.last()?.as_ident(),
        _ => None,
    }
}

impl RelationPlanner for HelioRelations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (args, alias, found): (Vec<FunctionArg>, Option<TableAlias>, _) = match &relation {
            TableFactor::Table {
                name,
                args: Some(args),
                alias,
                ..
            } => (args.args.clone(), alias.clone(), find(&self.relations, name)),
            TableFactor::Function {
                name, args, alias, ..
            } => (args.clone(), alias.clone(), find(&self.relations, name)),
            _ => return Ok(RelationPlanning::Original(Box::new(relation))),
        };
        let Some((ours, span)) = found else {
            // DataFusion's own take no named arguments, and it would complain of these instead of the name; so
            // this is what it says of a name.
            if let Some(name) = name_of(&relation).filter(|_| args.iter().any(is_named)) {
                return plan_err!("table function '{}' not found", name.value);
            }
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = self.plan(ours, span, &args, context)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}
