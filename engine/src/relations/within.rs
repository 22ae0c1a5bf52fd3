//! The argument `within => table or (subquery)` of a relation: the rows that it chooses from, those of
//! `sharps` where it is not given.

use datafusion::{
    common::{Result, plan_err},
    logical_expr::LogicalPlan,
    sql::sqlparser::{
        ast::{self, FunctionArg, FunctionArgExpr, FunctionArgOperator, TableFactor},
        dialect::GenericDialect,
        parser::Parser,
    },
};

use super::{Arguments, Planning};
use crate::tables::sharps::SHARPS;

/// `within => name`, or no `within`, becomes a subquery, because DataFusion loads the tables of subqueries.
pub(super) fn prepare(args: &mut Vec<FunctionArg>) {
    let named = args.iter_mut().find_map(|arg| match arg {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(within),
            ..
        } if name.value.eq_ignore_ascii_case("within") => Some(within),
        _ => None,
    });
    match named {
        Some(within) => {
            let table = match within {
                ast::Expr::Identifier(ident) => ast::ObjectName::from(vec![ident.clone()]),
                ast::Expr::CompoundIdentifier(idents) => ast::ObjectName::from(idents.clone()),
                _ => return,
            };
            *within = ast::Expr::Subquery(all_of(table));
        }
        None => args.push(FunctionArg::Named {
            name: ast::Ident::new("within"),
            arg: FunctionArgExpr::Expr(ast::Expr::Subquery(all_of(sharps()))),
            operator: FunctionArgOperator::RightArrow,
        }),
    }
}

fn sharps() -> ast::ObjectName {
    ast::ObjectName::from(vec![ast::Ident::new(SHARPS)])
}

/// `SELECT * FROM name`, with the name where it stood.
fn all_of(name: ast::ObjectName) -> Box<ast::Query> {
    let text = "SELECT * FROM rows_to_choose_from";
    let query = Parser::new(&GenericDialect {})
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_query());
    let mut query = query.expect("a constant query parses");
    if let ast::SetExpr::Select(select) = query.body.as_mut()
        && let Some(TableFactor::Table {
            name: placeholder, ..
        }) = select.from.first_mut().map(|from| &mut from.relation)
    {
        *placeholder = name;
    }
    query
}

/// The table whose rows `query` returns as they are.
fn table_of(query: &ast::Query) -> Option<&TableFactor> {
    let ast::SetExpr::Select(select) = query.body.as_ref() else {
        return None;
    };
    let table = &select.from.first()?.relation;
    let TableFactor::Table { name, .. } = table else {
        return None;
    };
    (*query == *all_of(name.clone())).then_some(table)
}

/// The rows to choose from, which [`prepare`] has made a subquery.
pub(super) fn plan(args: &Arguments, context: &mut Planning<'_>) -> Result<LogicalPlan> {
    let relation = args.title();
    match args.get("within") {
        Some(ast::Expr::Subquery(query)) => match table_of(query) {
            // Without a projection of all columns, which every rule would look at.
            Some(table) => context.sql.plan(table.clone()),
            None => context.sql.plan(TableFactor::Derived {
                lateral: false,
                subquery: query.clone(),
                alias: None,
                sample: None,
            }),
        },
        Some(other) => plan_err!("{relation}: within is a table or a (subquery), found {other}"),
        None => plan_err!("{relation}: within is missing"),
    }
}
