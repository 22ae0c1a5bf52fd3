//! Quantities in a syntax tree: `quantity(60, 'Mm', …)` ⇒ `60.0` where a length in Mm stands.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
};

use crate::{
    bind::arguments::number_expr, desugar::QUANTITY_FUNCTION, diagnostic::Diagnostic, literal::Quantity,
    span::Span, unit::Dimension,
};

/// A quantity that stands in a syntax tree.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantityLiteral {
    /// What it says.
    pub quantity: Quantity,
    /// How it is typed: `1e22Mx`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl QuantityLiteral {
    /// Reads the call that a quantity was written out as; `None` for any other expression.
    pub fn from_expr(expr: &Expr) -> Option<Self> {
        let Expr::Function(Function {
            name,
            args: FunctionArguments::List(list),
            ..
        }) = expr
        else {
            return None;
        };
        let [part] = name.0.as_slice() else { return None };
        let ident = part.as_ident()?;
        if !ident.value.eq_ignore_ascii_case(QUANTITY_FUNCTION) {
            return None;
        }
        let [number, symbol, ..] = list.args.as_slice() else {
            return None;
        };
        let Value::Number(number, _) = literal(number)? else {
            return None;
        };
        let Value::SingleQuotedString(symbol) = literal(symbol)? else {
            return None;
        };
        let quantity = Quantity::new(number.parse().ok()?, symbol).ok()?;
        Some(Self {
            quantity,
            text: format!("{number}{symbol}"),
            span: ident.span,
        })
    }
}

fn literal(argument: &FunctionArg) -> Option<&Value> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => Some(&value.value),
        _ => None,
    }
}

/// Replaces the quantities of an expression by plain numbers in the base unit of `dimension`. It looks
/// through signs, parentheses, lists, and through sums and multiples such as `2 * 60Mm`; quantities
/// deeper inside, in another function's arguments, are that function's business.
///
/// `place` names what the value is for: `` argument `usflux` of GENERATE ``.
///
/// # Errors
/// When a quantity measures something else, or `dimension` is `None` and there is a quantity.
pub fn fold_quantities(expr: &mut Expr, dimension: Option<Dimension>, place: &str) -> Result<(), Diagnostic> {
    if let Some(literal) = QuantityLiteral::from_expr(expr) {
        let value = dimension.and_then(|dimension| literal.quantity.in_base(dimension));
        *expr = number_expr(
            value.ok_or_else(|| mismatch(&literal, dimension, place))?,
            literal.span,
        );
        return Ok(());
    }
    match expr {
        Expr::Nested(inner)
        | Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus,
            expr: inner,
        } => fold_quantities(inner, dimension, place),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply,
            right,
        } => {
            fold_quantities(left, dimension, place)?;
            fold_quantities(right, dimension, place)
        }
        // A quantity below the line would make another dimension: it is left to be found by type.
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Divide,
            ..
        } => fold_quantities(left, dimension, place),
        Expr::Array(array) => array
            .elem
            .iter_mut()
            .try_for_each(|value| fold_quantities(value, dimension, place)),
        _ => Ok(()),
    }
}

fn mismatch(literal: &QuantityLiteral, dimension: Option<Dimension>, place: &str) -> Diagnostic {
    let found = literal.quantity.dimension().described();
    let wanted = dimension.map_or("a plain number", Dimension::described);
    let diagnostic = Diagnostic::error(format!(
        "{place} takes {wanted}, found {found}, `{}`",
        literal.text
    ))
    .with_span(literal.span);
    match dimension {
        Some(dimension) => {
            let symbols: Vec<&str> = dimension.units().map(|unit| unit.symbol).collect();
            diagnostic.with_label(format!("expected {}", symbols.join(" or ")))
        }
        None => diagnostic,
    }
}
