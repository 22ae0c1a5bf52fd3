//! `FROM RECORDSET('hmi.sharp_cea_720s[377][2011.02.15/1d@6h]', within => table or (subquery))`: the rows of
//! `within` that a DRMS record set names.
//!
//! `sharps` stands for whichever of the SHARP series its records were imported from; a row does not know, so
//! the series is checked to be one of them and selects nothing. A row belongs to the slot of 720 s nearest to
//! its `t_rec`. `^` and `$` are the first and last values among the rows that the filters before them, and all
//! predicates, leave. Segments are read and change nothing: a row has the columns that it has.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, AsArray, Int64Array},
    datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType},
};
use datafusion::{
    common::{Column, Result, ScalarValue, Spans, plan_err, tree_node::TreeNode},
    functions_aggregate::expr_fn::{max, min},
    logical_expr::{
        ColumnarValue, Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF,
        ScalarUDFImpl, Signature, Subquery, Volatility, cast, lit,
        utils::{conjunction, disjunction},
    },
    sql::sqlparser::ast::{self, FunctionArg, Value, VisitMut},
};
use helioql_catalog::keyword;
use helioql_grammar::{
    Diagnostic, RecordSet, TRec,
    bind::{CallSignature, Kind, Parameter},
    literal::{Interval, TimeStep},
};

use super::{Arguments, Planning, Relation, within};
use crate::{documentation::Documentation, error::Error, functions::optional};

/// How `sharps` has its times.
const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

#[derive(Debug)]
pub(super) struct RecordSetRows;

impl Relation for RecordSetRows {
    fn name(&self) -> &'static str {
        "recordset"
    }

    fn call(&self) -> CallSignature {
        CallSignature {
            name: self.name(),
            parameters: vec![
                Parameter::required("records", Kind::Text).about("the record set, as DRMS has it"),
                optional("within")
                    .taking("table or (subquery)")
                    .about("the rows that it chooses from; sharps without it"),
            ],
            positional: 1,
        }
    }

    fn documentation(&self) -> Documentation {
        Documentation {
            summary: "the local records that a DRMS record set names",
            details: "DRMS's grammar: numbers, times, ranges (a-b), lists, lengths (/1d), steps (@6h), ^ and $ for the first and the last, and \
                      predicates [? … ?] on keywords. A time means the nearest slot of 720 s, in TAI unless it says otherwise. sharps stands for \
                      whichever SHARP series its records are from: the name is checked to be one of them and selects nothing. Segments in \
                      braces are read and change nothing. Predicates of the query block apply before ^ and $ are found."
                .into(),
            returns: "The rows of within that it names, with their columns.".into(),
            examples: vec![
                "SELECT harpnum, count(*) AS records FROM RECORDSET('hmi.sharp_cea_720s[9000001-9000003]')\nGROUP BY harpnum ORDER BY harpnum"
                    .into(),
                "SELECT count(*) AS strong FROM RECORDSET('hmi.sharp_cea_720s[][? USFLUX > 1e22 ?]') WHERE usflux <= 1e22Mx".into(),
            ],
            errors: &[
                "SELECT * FROM RECORDSET('hmi.sharp_cea_720s[377')",
                "SELECT * FROM RECORDSET('aia.lev1[377]')",
            ],
        }
    }

    fn prepare(&self, args: &mut Vec<FunctionArg>) {
        within::prepare(args);
    }

    fn plan(&self, args: Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
        let Some(records) = args.get("records") else {
            return plan_err!("RECORDSET needs a record set");
        };
        let span = args.span_of(records);
        let text = match records {
            ast::Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => text,
                other => return Err(not_a_text(other, span).into()),
            },
            other => return Err(not_a_text(other, span).into()),
        };
        let set: RecordSet = text
            .parse()
            .map_err(|error: helioql_grammar::literal::RecordSetError| {
                Error::from(error.diagnostic(text, span))
            })?;
        let predicates = set.predicates(text, span).map_err(Error::from)?;
        let mut rows = within::plan(&args, context)?;
        for mut predicate in predicates {
            name_columns(&mut predicate);
            let span = ast::Spanned::span(&predicate);
            let predicate = context.sql.sql_to_expr(predicate, rows.schema())?;
            check(&predicate, &rows, span)?;
            rows = LogicalPlanBuilder::from(rows).filter(predicate)?.build()?;
        }
        if let Some(intervals) = &set.harpnum {
            let column = column(&rows, "harpnum")?;
            let chosen = intervals
                .iter()
                .map(|interval| harpnums(&rows, &column, interval))
                .collect::<Result<Vec<_>>>()?;
            rows = keep(rows, chosen)?;
        }
        if let Some(intervals) = &set.t_rec {
            let column = column(&rows, "t_rec")?;
            let chosen = intervals
                .iter()
                .map(|interval| times(&rows, &column, interval))
                .collect::<Result<Vec<_>>>()?;
            rows = keep(rows, chosen)?;
        }
        Ok(rows)
    }
}

fn not_a_text(found: &impl std::fmt::Display, span: helioql_grammar::Span) -> Error {
    Diagnostic::error(format!("RECORDSET takes a record set in quotes, found {found}"))
        .with_span(span)
        .with_hint("as in RECORDSET('hmi.sharp_cea_720s[377][2011.02.15/1d]')")
        .into()
}

/// A predicate is a truth value of one row.
fn check(predicate: &Expr, rows: &LogicalPlan, span: helioql_grammar::Span) -> Result<()> {
    let of_many = |expr: &Expr| {
        Ok(matches!(
            expr,
            Expr::AggregateFunction(_) | Expr::WindowFunction(_)
        ))
    };
    if predicate.exists(of_many)? {
        let message = "a predicate of a record set looks at one record, found a function of many";
        return Err(Error::at(span, message).into());
    }
    match predicate.get_type(rows.schema())? {
        DataType::Boolean | DataType::Null => Ok(()),
        other => {
            let message = format!("a predicate of a record set is true or false, found {other}");
            Err(Error::at(span, message).into())
        }
    }
}

fn keep(rows: LogicalPlan, any: Vec<Expr>) -> Result<LogicalPlan> {
    match disjunction(any) {
        Some(predicate) => LogicalPlanBuilder::from(rows).filter(predicate)?.build(),
        None => Ok(rows),
    }
}

fn column(rows: &LogicalPlan, name: &str) -> Result<Column> {
    let mut found = rows.schema().iter().filter(|(_, field)| field.name() == name);
    match (found.next(), found.next()) {
        (Some((qualifier, field)), None) => Ok(Column::from((qualifier, field))),
        (Some(_), Some(_)) => plan_err!("RECORDSET: `within` has more than one column `{name}`"),
        (None, _) => {
            plan_err!("RECORDSET: `within` needs the columns harpnum and t_rec, `{name}` is missing")
        }
    }
}

/// Cards are named as in headers: AREA is the column `area_harp`.
fn name_columns(predicate: &mut ast::Expr) {
    struct Cards;
    impl ast::VisitorMut for Cards {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> std::ops::ControlFlow<()> {
            if let ast::Expr::Identifier(ident) = expr
                && ident.quote_style.is_none()
                && let Some(column) = keyword::column_of_card(&ident.value)
            {
                ident.value = column;
            }
            std::ops::ControlFlow::Continue(())
        }
    }
    // The visitor never breaks off.
    let _: std::ops::ControlFlow<()> = predicate.visit(&mut Cards);
}

fn harpnums(rows: &LogicalPlan, column: &Column, interval: &Interval<i64, i64>) -> Result<Expr> {
    let harpnum = || Expr::Column(column.clone());
    let steps = |first: i64, step: Option<i64>| {
        step.map(|step| ((harpnum() - lit(first)) % lit(step)).eq(lit(0_i64)))
    };
    Ok(match *interval {
        Interval::First | Interval::Last => return edge(rows, column, matches!(interval, Interval::First)),
        Interval::One(number) => harpnum().eq(lit(number)),
        Interval::Between { first, last, step } => {
            all([Some(harpnum().between(lit(first), lit(last))), steps(first, step)])
        }
        Interval::Span { first, length, step } => all([
            Some(
                harpnum()
                    .gt_eq(lit(first))
                    .and(harpnum().lt(lit(first.saturating_add(length)))),
            ),
            steps(first, step),
        ]),
    })
}

fn times(rows: &LogicalPlan, column: &Column, interval: &Interval<TRec, TimeStep>) -> Result<Expr> {
    let time = || Expr::Column(column.clone());
    // From the first time that belongs to slot `from` to before the first of slot `to`.
    let slots = |from: i64, to: i64| time().gt_eq(instant(from)).and(time().lt(instant(to)));
    let steps = |first: i64, step: Option<TimeStep>| {
        step.map(|step| {
            let slot = ScalarUDF::from(SlotOf::new()).call(vec![cast(time(), MICROS)]);
            ((slot - lit(first)) % lit(step.slots())).eq(lit(0_i64))
        })
    };
    Ok(match *interval {
        Interval::First | Interval::Last => return edge(rows, column, matches!(interval, Interval::First)),
        Interval::One(at) => slots(at.slot(), at.slot().saturating_add(1)),
        Interval::Between { first, last, step } => all([
            Some(slots(first.slot(), last.slot().saturating_add(1))),
            steps(first.slot(), step),
        ]),
        Interval::Span { first, length, step } => all([
            Some(slots(first.slot(), first.slot().saturating_add(length.slots()))),
            steps(first.slot(), step),
        ]),
    })
}

fn all(parts: [Option<Expr>; 2]) -> Expr {
    conjunction(parts.into_iter().flatten()).unwrap_or_else(|| lit(true))
}

/// The first instant of a slot as `t_rec` has it.
fn instant(slot: i64) -> Expr {
    let unix = TRec::slot_start(slot).to_unix_micros();
    Expr::Literal(ScalarValue::TimestampMicrosecond(Some(unix), None), None)
}

/// The rows whose value of the column is the least, or the greatest, of all.
fn edge(rows: &LogicalPlan, column: &Column, first: bool) -> Result<Expr> {
    let value = Expr::Column(column.clone());
    let extreme = if first {
        min(value.clone())
    } else {
        max(value.clone())
    };
    let of_all = LogicalPlanBuilder::from(rows.clone())
        .aggregate(Vec::<Expr>::new(), vec![extreme])?
        .build()?;
    Ok(value.eq(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(of_all),
        outer_ref_columns: Vec::new(),
        spans: Spans::new(),
    })))
}

/// The number of the slot of a UTC time. SQL cannot say it: between UTC and TAI lie the leap seconds.
#[derive(Debug, PartialEq, Eq, Hash)]
struct SlotOf {
    signature: Signature,
}

impl SlotOf {
    fn new() -> Self {
        Self {
            signature: Signature::exact(vec![MICROS], Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for SlotOf {
    fn name(&self) -> &'static str {
        "t_rec_slot"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [times] = arrays.as_slice() else {
            return plan_err!("t_rec_slot takes one time");
        };
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let slots: Int64Array = times.unary::<_, Int64Type>(|unix| TRec::from_unix_micros(unix).slot());
        Ok(ColumnarValue::Array(Arc::new(slots) as ArrayRef))
    }
}
