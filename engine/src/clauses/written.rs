//! Clauses that are written as others that DataFusion plans.
//!
//! | typed | planned as |
//! |---|---|
//! | `FROM t` | `SELECT * FROM t` |
//! | `FETCH FIRST 3 ROWS ONLY` | `LIMIT 3` |
//! | `GENERATE(seed => 7).usflux`, `(s.made).usflux` | `GENERATE(seed => 7)['usflux']` |
//! | `DELETE FROM t AS x WHERE x.a = 1` | `DELETE FROM t WHERE a = 1` |
//! | `QUALIFY rank() OVER w = 1`, `OVER (w ORDER BY b)` with `WINDOW w AS (PARTITION BY a)` | the window itself |

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, AccessExpr, Ident, LimitClause, NamedWindowDefinition, NamedWindowExpr, SelectFlavor, VisitMut,
    WindowSpec, WindowType,
};

/// Writes out the clauses of a statement.
pub(crate) fn write_out<V: VisitMut>(statement: &mut V) {
    // The visitor never breaks off.
    let _: ControlFlow<()> = statement.visit(&mut Writer);
}

struct Writer;

impl ast::VisitorMut for Writer {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &mut ast::Statement) -> ControlFlow<()> {
        match statement {
            ast::Statement::Delete(delete) => delete_by_alias(delete),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        // DataFusion would give it no column.
        if select.flavor == SelectFlavor::FromFirstNoSelect && select.projection.is_empty() {
            let all = ast::WildcardAdditionalOptions::default();
            select.projection.push(ast::SelectItem::Wildcard(all));
        }
        ControlFlow::Continue(())
    }

    // Behind what is inside, whose windows of the same name are others.
    fn post_visit_select(&mut self, select: &mut ast::Select) -> ControlFlow<()> {
        if select.named_window.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut windows = Windows(select.named_window.clone());
        select.projection.visit(&mut windows)?;
        select.qualify.visit(&mut windows)
    }

    fn post_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::CompoundFieldAccess { root, access_chain } = expr {
            // `a.b.c['d']` begins with a column, which the planner finds by itself.
            let is_column = matches!(root.as_ref(), ast::Expr::Identifier(_));
            let of_column = |access: &&mut AccessExpr| is_column && as_name(access).is_some();
            for access in access_chain.iter_mut().skip_while(of_column) {
                if let Some(name) = as_name(access) {
                    let text = ast::Value::SingleQuotedString(normal(name)).with_span(name.span);
                    let index = ast::Expr::Value(text);
                    *access = AccessExpr::Subscript(ast::Subscript::Index { index });
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        fetch(query);
        match query.body.as_ref() {
            ast::SetExpr::Select(select) if !select.named_window.is_empty() => {
                let mut windows = Windows(select.named_window.clone());
                query.order_by.visit(&mut windows)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The name behind a dot.
fn as_name(access: &AccessExpr) -> Option<&Ident> {
    match access {
        AccessExpr::Dot(ast::Expr::Identifier(name)) => Some(name),
        _ => None,
    }
}

fn fetch(query: &mut ast::Query) {
    let Some(fetch) = query.fetch.take_if(|fetch| !fetch.with_ties && !fetch.percent) else {
        return;
    };
    let one = || ast::Expr::Value(ast::Value::Number("1".to_owned(), false).into());
    let rows = fetch.quantity.clone().unwrap_or_else(one);
    match &mut query.limit_clause {
        None => {
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(rows),
                offset: None,
                limit_by: Vec::new(),
            });
        }
        Some(LimitClause::LimitOffset {
            limit: limit @ None, ..
        }) => *limit = Some(rows),
        Some(_) => query.fetch = Some(fetch),
    }
}

/// DataFusion does not know the alias. In a subquery, where the table's own name may be that of other rows, it is left
/// unknown.
fn delete_by_alias(delete: &mut ast::Delete) -> ControlFlow<()> {
    let (ast::FromTable::WithFromKeyword(tables) | ast::FromTable::WithoutKeyword(tables)) = &mut delete.from;
    let [
        ast::TableWithJoins {
            relation: ast::TableFactor::Table { alias, .. },
            joins,
        },
    ] = tables.as_mut_slice()
    else {
        return ControlFlow::Continue(());
    };
    match alias.take_if(|alias| joins.is_empty() && alias.columns.is_empty()) {
        Some(alias) => delete.selection.visit(&mut OfAlias {
            alias: alias.name,
            depth: 0,
        }),
        None => ControlFlow::Continue(()),
    }
}

/// Takes the alias of the only table from before its columns.
struct OfAlias {
    alias: Ident,
    /// In how many subqueries.
    depth: usize,
}

impl ast::VisitorMut for OfAlias {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut ast::Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut ast::Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::CompoundIdentifier(parts) = expr
            && let [table, column] = parts.as_slice()
            && self.depth == 0
            && normal(table) == normal(&self.alias)
        {
            *expr = ast::Expr::Identifier(column.clone());
        }
        ControlFlow::Continue(())
    }
}

/// The windows that a query defines.
struct Windows(Vec<NamedWindowDefinition>);

impl ast::VisitorMut for Windows {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::Function(ast::Function { over: Some(over), .. }) = expr
            && let Some(window) = self.of(over)
        {
            *over = WindowType::WindowSpec(window);
        }
        ControlFlow::Continue(())
    }
}

impl Windows {
    fn of(&self, over: &WindowType) -> Option<WindowSpec> {
        match over {
            WindowType::NamedWindow(name) => self.named(name, self.0.len()),
            WindowType::WindowSpec(spec) => self.complete(spec, self.0.len()),
        }
    }

    /// A definition may name another; `left` ends those that name themselves.
    fn named(&self, name: &Ident, left: usize) -> Option<WindowSpec> {
        let left = left.checked_sub(1)?;
        let NamedWindowDefinition(_, window) =
            self.0.iter().find(|window| normal(&window.0) == normal(name))?;
        match window {
            NamedWindowExpr::NamedWindow(name) => self.named(name, left),
            NamedWindowExpr::WindowSpec(spec) if spec.window_name.is_none() => Some(spec.clone()),
            NamedWindowExpr::WindowSpec(spec) => self.complete(spec, left),
        }
    }

    /// A window that begins with another's name adds to it what that has not: the other's partitions stay, and so do its
    /// order and its frame.
    fn complete(&self, spec: &WindowSpec, left: usize) -> Option<WindowSpec> {
        let base = self.named(spec.window_name.as_ref()?, left)?;
        let adds = spec.partition_by.is_empty()
            && (spec.order_by.is_empty() || base.order_by.is_empty())
            && base.window_frame.is_none();
        adds.then(|| WindowSpec {
            window_name: None,
            partition_by: base.partition_by,
            order_by: if spec.order_by.is_empty() {
                base.order_by
            } else {
                spec.order_by.clone()
            },
            window_frame: spec.window_frame.clone(),
        })
    }
}

/// A name as SQL compares it: without quotes by its lower case.
fn normal(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_lowercase(),
    }
}
