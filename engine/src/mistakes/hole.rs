//! Holes in a syntax tree: in the place of the smallest expression around a mistake stands NULL, in that of a relation
//! one row with its name. A hole keeps the span of what it was, so that it is known again.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        Expr, Ident, Query, Select, SelectItem, Spanned, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
    },
    dialect::GenericDialect,
    parser::Parser,
    tokenizer::Tokenizer,
};
use helioql_grammar::{QuantityLiteral, Span};

/// The holes of a statement.
#[derive(Debug, Default)]
pub(super) struct Holes {
    spans: Vec<Span>,
    has_table: bool,
}

/// A hole that was made.
pub(super) struct Hole {
    /// Where what was taken out stands.
    pub(super) span: Span,
    /// Whether an earlier one lies in it.
    pub(super) is_around_another: bool,
}

impl Holes {
    /// Takes out of `tree` the smallest expression or relation around `place`; `None` where there is none, or none
    /// but a hole.
    pub(super) fn dig(&mut self, tree: &mut impl VisitMut, place: Span) -> Option<Hole> {
        match tree.visit(&mut Digger { holes: self, place }) {
            ControlFlow::Break(hole) => Some(hole),
            ControlFlow::Continue(()) => None,
        }
    }

    /// Whether a relation was taken out.
    pub(super) fn has_table(&self) -> bool {
        self.has_table
    }

    /// Whether something at `span` was taken out.
    pub(super) fn contain(&self, span: Span) -> bool {
        self.spans.iter().any(|hole| contains(*hole, span))
    }

    fn add(&mut self, span: Span) -> Hole {
        let is_around_another = self.spans.iter().any(|hole| contains(span, *hole));
        self.spans.push(span);
        Hole {
            span,
            is_around_another,
        }
    }
}

/// Whether the outer span is known and has all of the inner one in it.
fn contains(outer: Span, inner: Span) -> bool {
    outer != Span::empty() && outer.start <= inner.start && inner.end <= outer.end
}

/// Goes from the inside out to what lies around a place.
struct Digger<'h> {
    holes: &'h mut Holes,
    place: Span,
}

impl Digger<'_> {
    fn is_here(&self, span: Span) -> bool {
        contains(span, self.place) && !self.holes.spans.contains(&span)
    }

    fn take(&mut self, expr: &mut Expr, span: Span) -> ControlFlow<Hole> {
        *expr = Expr::Value(Value::Null.with_span(span));
        ControlFlow::Break(self.holes.add(span))
    }
}

impl VisitorMut for Digger<'_> {
    type Break = Hole;

    /// A column is named after its expression, and must keep its name when that loses a part.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Hole> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && self.is_here(expr.span())
            {
                *item = SelectItem::ExprWithAlias {
                    alias: name_of(expr),
                    expr: expr.clone(),
                };
            }
        }
        ControlFlow::Continue(())
    }

    /// A quantity is a call by now, whose arguments stand at the same place.
    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Hole> {
        match QuantityLiteral::from_expr(expr) {
            Some(literal) if self.is_here(literal.span) => self.take(expr, literal.span),
            _ => ControlFlow::Continue(()),
        }
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Hole> {
        let span = expr.span();
        if self.is_here(span) {
            self.take(expr, span)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn post_visit_table_factor(&mut self, relation: &mut TableFactor) -> ControlFlow<Hole> {
        let span = extent(relation);
        match one_row().filter(|_| self.is_here(span)) {
            Some(row) => {
                *relation = TableFactor::Derived {
                    lateral: false,
                    subquery: row,
                    alias: alias_of(relation, span),
                    sample: None,
                };
                self.holes.has_table = true;
                ControlFlow::Break(self.holes.add(span))
            }
            None => ControlFlow::Continue(()),
        }
    }
}

fn name_of(expr: &Expr) -> Ident {
    match expr {
        Expr::Identifier(name) => Some(name),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
    .cloned()
    .unwrap_or_else(|| Ident::with_quote('"', expr.to_string()))
}

/// The span of a relation with its arguments, which the parser leaves out.
fn extent(relation: &TableFactor) -> Span {
    match relation {
        TableFactor::Table { args: Some(args), .. } => args
            .args
            .iter()
            .fold(relation.span(), |span, arg| span.union(&arg.span())),
        other => other.span(),
    }
}

/// The name by which the rest of the statement knows a relation. It carries the span of all of it.
fn alias_of(relation: &TableFactor, span: Span) -> Option<TableAlias> {
    let name = match relation {
        TableFactor::Table {
            alias: Some(alias), ..
        }
        | TableFactor::Function {
            alias: Some(alias), ..
        }
        | TableFactor::Derived {
            alias: Some(alias), ..
        } => alias.name.clone(),
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
            name.0.last()?.as_ident()?.clone()
        }
        _ => return None,
    };
    Some(TableAlias {
        explicit: true,
        name: Ident { span, ..name },
        columns: Vec::new(),
        at: None,
    })
}

/// `SELECT NULL`, whose parts have no place.
fn one_row() -> Option<Box<Query>> {
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, "SELECT NULL").tokenize().ok()?;
    Parser::new(&dialect).with_tokens(tokens).parse_query().ok()
}
