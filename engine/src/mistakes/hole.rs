//! Holes in a syntax tree: in the place of the smallest expression around a mistake stands NULL, in that of a relation
//! one row with its name. A hole keeps the span of what it was, so that it is known again.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        Expr, Ident, Query, Select, SelectItem, SetExpr, Spanned, TableAlias, TableFactor, TableWithJoins,
        Value, VisitMut, VisitorMut,
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
    /// Those of them that were relations.
    tables: Vec<Span>,
}

/// A hole that was made.
pub(super) struct Hole {
    /// Where what was taken out stands.
    pub(super) span: Span,
    /// Whether an earlier one lies in it.
    pub(super) is_around_another: bool,
    /// Whether a query around it reads a relation that was taken out, so that columns may be missing.
    pub(super) lacks_a_table: bool,
}

impl Holes {
    /// Takes out of `tree` the smallest expression or relation around `place`; `None` where there is none, or none
    /// but a hole.
    pub(super) fn dig(&mut self, tree: &mut impl VisitMut, place: Span) -> Option<Hole> {
        let mut digger = Digger {
            holes: self,
            place,
            lacks_a_table: false,
        };
        match tree.visit(&mut digger) {
            ControlFlow::Break(hole) => Some(hole),
            ControlFlow::Continue(()) => None,
        }
    }

    /// Whether something at `span` was taken out.
    pub(super) fn contain(&self, span: Span) -> bool {
        self.spans.iter().any(|hole| contains(*hole, span))
    }
}

/// The places of expressions, those inside another before it, `most` of them at most.
pub(super) fn candidates(tree: &mut impl VisitMut, most: usize) -> Vec<Span> {
    let mut places = Vec::new();
    let _: ControlFlow<()> = tree.visit(&mut Candidates {
        places: &mut places,
        most,
    });
    places
}

struct Candidates<'p> {
    places: &'p mut Vec<Span>,
    most: usize,
}

impl VisitorMut for Candidates<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let span = expr.span();
        if span != Span::empty() && !self.places.contains(&span) {
            self.places.push(span);
        }
        if self.places.len() < self.most {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
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
    lacks_a_table: bool,
}

impl Digger<'_> {
    fn is_here(&self, span: Span) -> bool {
        contains(span, self.place) && !self.holes.spans.contains(&span)
    }

    fn take(&mut self, expr: &mut Expr, span: Span) -> ControlFlow<Hole> {
        *expr = Expr::Value(Value::Null.with_span(span));
        ControlFlow::Break(self.hole(span))
    }

    fn hole(&mut self, span: Span) -> Hole {
        let is_around_another = self.holes.spans.iter().any(|hole| contains(span, *hole));
        self.holes.spans.push(span);
        Hole {
            span,
            is_around_another,
            lacks_a_table: self.lacks_a_table,
        }
    }

    /// Whether a relation was taken out of what `query` reads.
    fn reads_a_hole(&self, query: &Query) -> bool {
        let has_hole = |span: Span| self.holes.tables.iter().any(|table| contains(span, *table));
        let mut relations = from(&query.body).flat_map(|from| {
            let joined = from.joins.iter().map(|join| &join.relation);
            std::iter::once(&from.relation).chain(joined)
        });
        query.with.iter().any(|with| has_hole(with.span()))
            || relations.any(|relation| has_hole(extent(relation)))
    }
}

/// What a query without its ORDER BY reads. One in brackets is a query of its own.
fn from(body: &SetExpr) -> Box<dyn Iterator<Item = &TableWithJoins> + '_> {
    match body {
        SetExpr::Select(select) => Box::new(select.from.iter()),
        SetExpr::SetOperation { left, right, .. } => Box::new(from(left).chain(from(right))),
        _ => Box::new(std::iter::empty()),
    }
}

impl VisitorMut for Digger<'_> {
    type Break = Hole;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Hole> {
        if contains(query.span(), self.place) {
            self.lacks_a_table |= self.reads_a_hole(query);
        }
        ControlFlow::Continue(())
    }

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
                self.holes.tables.push(span);
                ControlFlow::Break(self.hole(span))
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

#[cfg(test)]
mod tests {
    use super::*;
    use helioql_grammar::{Location, sqlparser::ast::Statement};

    /// The statement after what stands at each of `columns` was taken out, and whether another hole lay in the last.
    fn dug(source: &str, columns: &[(u64, u64)]) -> (String, Option<bool>) {
        let dialect = GenericDialect {};
        let mut statements: Vec<Statement> = Parser::parse_sql(&dialect, source).expect("SQL");
        let mut holes = Holes::default();
        let mut last = None;
        for (from, to) in columns {
            let place = Span::new(Location::new(1, *from), Location::new(1, *to));
            last = holes
                .dig(&mut statements, place)
                .map(|hole| hole.is_around_another);
        }
        (statements[0].to_string(), last)
    }

    #[test]
    fn the_smallest_expression_or_relation_is_taken_out() {
        for (source, columns, left, around) in [
            (
                "SELECT a, b FROM t",
                &[(8, 9)][..],
                "SELECT NULL AS a, b FROM t",
                Some(false),
            ),
            (
                "SELECT f(a) FROM t",
                &[(8, 9)],
                "SELECT NULL AS \"f(a)\" FROM t",
                Some(false),
            ),
            (
                "SELECT f(a) FROM t",
                &[(10, 11), (8, 9)],
                "SELECT NULL AS \"f(a)\" FROM t",
                Some(true),
            ),
            (
                "SELECT 1 FROM t WHERE a.b > 2",
                &[(23, 26)],
                "SELECT 1 FROM t WHERE NULL > 2",
                Some(false),
            ),
            (
                "SELECT 1 FROM tt AS u",
                &[(15, 17)],
                "SELECT 1 FROM (SELECT NULL) AS u",
                Some(false),
            ),
            (
                "SELECT 1 FROM g(x => a)",
                &[(17, 18)],
                "SELECT 1 FROM (SELECT NULL) AS g",
                Some(false),
            ),
            // What is a hole is not taken out again, and a keyword lies in no expression.
            (
                "SELECT 1 FROM t WHERE a",
                &[(23, 24), (23, 24)],
                "SELECT 1 FROM t WHERE NULL",
                None,
            ),
            (
                "SELECT 1 FROM t WHERE a",
                &[(17, 22)],
                "SELECT 1 FROM t WHERE a",
                None,
            ),
        ] {
            assert_eq!(dug(source, columns), (left.to_owned(), around), "{source}");
        }
    }

    #[test]
    fn candidates_come_from_the_inside_out() {
        let statements = Parser::parse_sql(&GenericDialect {}, "SELECT f(a + 1)").expect("SQL");
        let columns = |most| -> Vec<(u64, u64)> {
            let places = candidates(&mut statements.clone(), most);
            places
                .iter()
                .map(|place| (place.start.column, place.end.column))
                .collect()
        };
        assert_eq!(columns(9), [(10, 11), (14, 15), (10, 15), (8, 15)]);
        assert_eq!(columns(2), [(10, 11), (14, 15)]);
    }
}
