//! Every call of a known function in a syntax tree ⇒ a positional, complete call.
//!
//! Applies to calls in expressions, wherever these stand: also inside the arguments of a table
//! function in FROM. The table function's own arguments stay as they are, because the planner of
//! relations binds them itself, by [`bind_arguments`].
//!
//! A column is named after its expression, so that a projected call would show all its defaults.
//! Hence a projected expression that is changed here keeps, as an alias, the text that was typed.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    Ident, ObjectName, ObjectNamePart, Select, SelectItem, Value, VisitMut, VisitorMut, visit_expressions,
    visit_expressions_mut,
};

use crate::{
    bind::{CallSignature, QuantityLiteral, Signatures, bind_arguments},
    diagnostic::Diagnostic,
};

/// Binds every call of the functions that `signatures` knows, in a statement, a query or an expression.
///
/// # Errors
/// As [`bind_arguments`], for the first call that is wrong, inner calls first.
///
/// # Examples
/// ```
/// use helioql_grammar::{CallSignature, Default, Dimension, Kind, Parameter, bind_calls, desugar, sqlparser};
/// use sqlparser::{dialect::GenericDialect, parser::Parser};
///
/// let generate = CallSignature {
///     name: "generate",
///     parameters: vec![
///         Parameter::measure("usflux", Dimension::Flux),
///         Parameter::optional("seed", Kind::Integer, Default::Null),
///         Parameter::optional("tolerance", Kind::Number, Default::Number(0.02)),
///     ],
///     positional: 0,
/// };
/// let tokens = desugar(&desugar::tokenize("SELECT GENERATE(seed => 7, usflux => 1e14Wb)")?)?;
/// let mut select = Parser::new(&GenericDialect {}).with_tokens_with_locations(tokens).parse_statement()?;
/// bind_calls(&mut select, &vec![generate])?;
/// assert_eq!(select.to_string(), r#"SELECT GENERATE(1e22, 7, 0.02) AS "generate(seed => 7, usflux => 1e14Wb)""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn bind_calls<V: VisitMut>(node: &mut V, signatures: &dyn Signatures) -> Result<(), Diagnostic> {
    match node.visit(&mut Binder { signatures }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Binder<'s> {
    signatures: &'s dyn Signatures,
}

impl VisitorMut for Binder<'_> {
    type Break = Box<Diagnostic>;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && self.changes(expr)
            {
                let alias = Ident::with_quote('"', typed(expr));
                *item = SelectItem::ExprWithAlias {
                    expr: expr.clone(),
                    alias,
                };
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Self::Break> {
        let Expr::Function(call) = expr else {
            return ControlFlow::Continue(());
        };
        let Some((ident, signature)) = self.known(&call.name) else {
            return ControlFlow::Continue(());
        };
        match bind(&call.args, ident, signature) {
            Ok(args) => {
                call.args = args;
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

impl Binder<'_> {
    fn known<'n>(&self, name: &'n ObjectName) -> Option<(&'n Ident, &CallSignature)> {
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident()?;
        Some((ident, self.signatures.get(&ident.value.to_lowercase())?))
    }

    /// Whether binding will change how an expression reads.
    fn changes(&self, expr: &Expr) -> bool {
        let found = visit_expressions(expr, |expr| match expr {
            Expr::Function(call)
                if self.known(&call.name).is_some() || QuantityLiteral::from_expr(expr).is_some() =>
            {
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        });
        found.is_break()
    }
}

fn bind(
    args: &FunctionArguments,
    name: &Ident,
    signature: &CallSignature,
) -> Result<FunctionArguments, Diagnostic> {
    let subquery;
    let args = match args {
        FunctionArguments::None => &[],
        FunctionArguments::Subquery(query) => {
            subquery = [unnamed(Expr::Subquery(query.clone()))];
            &subquery[..]
        }
        FunctionArguments::List(list) => list.args.as_slice(),
    };
    let values = bind_arguments(args, name.span, signature)?;
    let null = || Expr::Value(Value::Null.with_span(name.span));
    let args = values
        .into_iter()
        .map(|value| unnamed(value.unwrap_or_else(null)))
        .collect();
    Ok(FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment: None,
        args,
        clauses: Vec::new(),
    }))
}

fn unnamed(expr: Expr) -> FunctionArg {
    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
}

/// An expression as it was typed: quantities as literals, `<->` as itself, unquoted names in lower case.
fn typed(expr: &Expr) -> String {
    let mut expr = expr.clone();
    let _: ControlFlow<()> = visit_expressions_mut(&mut expr, |expr| {
        if let Some(literal) = QuantityLiteral::from_expr(expr) {
            *expr = Expr::Identifier(Ident::new(literal.text));
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::Identifier(ident) => fold(ident),
            Expr::CompoundIdentifier(idents) => idents.iter_mut().for_each(fold),
            Expr::Function(call) => fold_call(call),
            Expr::BinaryOp { op, .. } if *op == BinaryOperator::PGOverlap => *op = BinaryOperator::LtDashGt,
            _ => {}
        }
        ControlFlow::Continue(())
    });
    expr.to_string()
}

fn fold_call(call: &mut Function) {
    for part in &mut call.name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            fold(ident);
        }
    }
    if let FunctionArguments::List(list) = &mut call.args {
        for argument in &mut list.args {
            if let FunctionArg::Named { name, .. } = argument {
                fold(name);
            }
        }
    }
}

fn fold(ident: &mut Ident) {
    if ident.quote_style.is_none() {
        ident.value = ident.value.to_lowercase();
    }
}
