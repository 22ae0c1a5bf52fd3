//! One call: the arguments as written ⇒ one expression for each parameter, in order.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, Spanned, UnaryOperator,
    Value,
};

use crate::{
    bind::{CallSignature, Default, Kind, Parameter, QuantityLiteral, fold_quantities},
    diagnostic::Diagnostic,
    literal::Quantity,
    span::Span,
    suggest::closest,
};

/// Puts each argument of a call in its parameter's place, its quantities folded to plain numbers in
/// the parameter's unit. Arguments that are not given are their defaults, `None` where that is NULL.
///
/// `call_span` is the place of the function's name.
///
/// # Errors
/// For unknown, repeated and missing arguments, too many positional ones, quantities of the wrong
/// dimension and literals of the wrong kind; for all that are given at once.
pub fn bind_arguments(
    args: &[FunctionArg],
    call_span: Span,
    signature: &CallSignature,
) -> Result<Vec<Option<Expr>>, Diagnostic> {
    let mut slots: Vec<Option<Expr>> = vec![None; signature.parameters.len()];
    let mut named = false;
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    for (position, argument) in args.iter().enumerate() {
        let mut put = || -> Result<(), Diagnostic> {
            let (at, value) = match split(argument, signature)? {
                (Some(name), value) => {
                    named = true;
                    (named_slot(&name, signature, &slots)?, value)
                }
                (None, value) => {
                    let span = or_else(value.span(), call_span);
                    (positional_slot(position, args, named, signature, span)?, value)
                }
            };
            let parameter = &signature.parameters[at];
            slots[at] = Some(check(value, parameter, signature)?);
            Ok(())
        };
        match put() {
            // Of three arguments too many the first says it.
            Err(mistake) if mistakes.iter().any(|known| known.message == mistake.message) => {}
            Err(mistake) => mistakes.push(mistake),
            Ok(()) => {}
        }
    }
    // Whether one is missing can be told only where every other found its place.
    if let Some(mistakes) = Diagnostic::of_all(mistakes) {
        return Err(mistakes);
    }
    slots
        .into_iter()
        .zip(&signature.parameters)
        .map(|(slot, parameter)| match slot {
            Some(value) => Ok(Some(value)),
            None => default(parameter, call_span, signature),
        })
        .collect()
}

/// The name, if it is given, and the value of an argument.
fn split(argument: &FunctionArg, signature: &CallSignature) -> Result<(Option<Ident>, Expr), Diagnostic> {
    let (name, value) = match argument {
        FunctionArg::Named { name, arg, operator }
        | FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg,
            operator,
        } => (Some((name.clone(), operator)), arg),
        FunctionArg::ExprNamed { name, .. } => {
            return Err(
                Diagnostic::error(format!("expected the name of an argument, found `{name}`"))
                    .with_span(name.span()),
            );
        }
        FunctionArg::Unnamed(arg) => (None, arg),
    };
    let FunctionArgExpr::Expr(value) = value else {
        return Err(
            Diagnostic::error(format!("{} does not take `{value}`", signature.title()))
                .with_span(name.map_or(Span::empty(), |(name, _)| name.span)),
        );
    };
    match name {
        Some((name, FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment)) => {
            Ok((Some(name), value.clone()))
        }
        Some((name, operator)) => Err(Diagnostic::error(format!("expected `=>`, found `{operator}`"))
            .with_span(name.span)
            .with_hint(format!("a named argument is written `{} => {value}`", name.value))),
        None => match comparison(value, signature) {
            Some((name, right)) => Err(Diagnostic::error("expected `=>`, found `=`")
                .with_span(or_else(value.span(), name.span))
                .with_hint(format!("a named argument is written `{} => {right}`", name.value))),
            None => Ok((None, value.clone())),
        },
    }
}

/// `usflux = 1e22Mx`, which SQL reads as a comparison, where a named argument was surely meant.
fn comparison<'e>(value: &'e Expr, signature: &CallSignature) -> Option<(&'e Ident, String)> {
    let Expr::BinaryOp {
        left,
        op: BinaryOperator::Eq,
        right,
    } = value
    else {
        return None;
    };
    let Expr::Identifier(name) = left.as_ref() else {
        return None;
    };
    let is_parameter = signature
        .names()
        .any(|parameter| parameter.eq_ignore_ascii_case(&name.value));
    let right = QuantityLiteral::from_expr(right).map_or_else(|| right.to_string(), |literal| literal.text);
    is_parameter.then_some((name, right))
}

fn named_slot(name: &Ident, signature: &CallSignature, slots: &[Option<Expr>]) -> Result<usize, Diagnostic> {
    let title = signature.title();
    let Some(at) = signature
        .names()
        .position(|parameter| parameter.eq_ignore_ascii_case(&name.value))
    else {
        let names: Vec<&str> = signature.names().collect();
        let label = if names.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("expected one of {}", names.join(", "))
        };
        return Err(
            Diagnostic::error(format!("{title} has no argument `{}`", name.value))
                .with_span(name.span)
                .with_label(label)
                .with_suggestion(closest(&name.value, names)),
        );
    };
    if slots[at].is_some() {
        return Err(Diagnostic::error(format!(
            "argument `{}` of {title} is given twice",
            signature.parameters[at].name
        ))
        .with_span(name.span));
    }
    Ok(at)
}

fn positional_slot(
    position: usize,
    args: &[FunctionArg],
    named: bool,
    signature: &CallSignature,
    span: Span,
) -> Result<usize, Diagnostic> {
    let title = signature.title();
    if named {
        return Err(Diagnostic::error(format!(
            "expected a named argument of {title}, found a positional one"
        ))
        .with_span(span)
        .with_note("positional arguments come before named ones"));
    }
    let most = signature.positional.min(signature.parameters.len());
    if position < most {
        return Ok(position);
    }
    let given = args
        .iter()
        .filter(|argument| matches!(argument, FunctionArg::Unnamed(_)))
        .count();
    let plural = if most == 1 { "" } else { "s" };
    let diagnostic = Diagnostic::error(format!(
        "{title} takes at most {most} positional argument{plural}, found {given}"
    ))
    .with_span(span);
    Err(match signature.parameters.get(most) {
        Some(next) => diagnostic.with_hint(format!("further arguments are named: `{} => …`", next.name)),
        None => diagnostic,
    })
}

fn check(mut value: Expr, parameter: &Parameter, signature: &CallSignature) -> Result<Expr, Diagnostic> {
    let place = format!("argument `{}` of {}", parameter.name, signature.title());
    let plain = matches!(parameter.kind, Kind::Any) && parameter.dimension.is_none();
    if !plain {
        fold_quantities(&mut value, parameter.dimension, &place)?;
    }
    let Some(found) = mismatch(&value, parameter.kind) else {
        return Ok(typed_placeholder(value, parameter.kind));
    };
    let wanted = match (parameter.kind, parameter.dimension) {
        (Kind::Number, Some(dimension)) => dimension.described(),
        (Kind::Number, None) => "a number",
        (Kind::Integer, _) => "a whole number",
        (Kind::Text, _) => "a text in quotes",
        (Kind::Boolean, _) => "true or false",
        (Kind::List, _) => "a list such as ['psep', 'r_value']",
        (Kind::Any, _) => "any value",
    };
    let diagnostic =
        Diagnostic::error(format!("{place} takes {wanted}, found {found}")).with_span(value.span());
    Err(
        match quoted_quantity(&value).filter(|_| parameter.kind == Kind::Number) {
            Some(text) => diagnostic.with_hint(format!("a quantity is written without quotes: `{text}`")),
            None => diagnostic,
        },
    )
}

/// `'1e22 Mx'` as it is written without quotes.
fn quoted_quantity(value: &Expr) -> Option<String> {
    let Expr::Value(literal) = value else { return None };
    let Value::SingleQuotedString(text) = &literal.value else {
        return None;
    };
    text.parse::<Quantity>().ok()?;
    Some(text.replace(' ', ""))
}

/// `$1` where a number is expected ⇒ `$1 * 1.0`: a planner learns the type of a parameter from the operator it stands
/// beside, not from the function, and one times a number is that number to the bit.
fn typed_placeholder(value: Expr, kind: Kind) -> Expr {
    let one = match kind {
        Kind::Number => "1.0",
        Kind::Integer => "1",
        _ => return value,
    };
    let is_placeholder =
        matches!(&value, Expr::Value(literal) if matches!(literal.value, Value::Placeholder(_)));
    if !is_placeholder {
        return value;
    }
    Expr::BinaryOp {
        left: Box::new(value),
        op: BinaryOperator::Multiply,
        right: Box::new(Expr::Value(Value::Number(one.to_owned(), false).into())),
    }
}

/// What a literal is, if it is of another kind; other expressions are left to the type checker.
fn mismatch(value: &Expr, kind: Kind) -> Option<String> {
    let found = match value {
        Expr::UnaryOp {
            op: UnaryOperator::Minus | UnaryOperator::Plus,
            expr,
        } => return mismatch(expr, kind),
        Expr::Nested(inner) => return mismatch(inner, kind),
        Expr::Array(_) => Kind::List,
        Expr::Value(literal) => match &literal.value {
            Value::Number(number, _) => {
                let whole = number.parse::<f64>().is_ok_and(|number| number.fract() == 0.0);
                if kind == Kind::Integer && !whole {
                    return Some(format!("`{number}`"));
                }
                Kind::Number
            }
            Value::SingleQuotedString(_) => Kind::Text,
            Value::Boolean(_) => Kind::Boolean,
            _ => return None,
        },
        _ => return None,
    };
    let fits = match kind {
        Kind::Any => true,
        Kind::Number | Kind::Integer => found == Kind::Number,
        Kind::Text | Kind::Boolean | Kind::List => found == kind,
    };
    let described = match found {
        Kind::List => "a list".to_owned(),
        _ => format!("`{value}`"),
    };
    (!fits).then_some(described)
}

fn default(
    parameter: &Parameter,
    call_span: Span,
    signature: &CallSignature,
) -> Result<Option<Expr>, Diagnostic> {
    let value = match parameter.default {
        Default::Required => {
            return Err(Diagnostic::error(format!(
                "{} needs argument `{}`",
                signature.title(),
                parameter.name
            ))
            .with_span(call_span));
        }
        Default::Null => return Ok(None),
        Default::Number(number) if parameter.kind == Kind::Integer => {
            return Ok(Some(signed(
                format!("{:.0}", number.abs()),
                number < 0.0,
                call_span,
            )));
        }
        Default::Number(number) => return Ok(Some(number_expr(number, call_span))),
        Default::Text(text) => Value::SingleQuotedString(text.to_owned()),
        Default::Bool(value) => Value::Boolean(value),
    };
    Ok(Some(Expr::Value(value.with_span(call_span))))
}

/// A floating point literal, in the shortest digits that read back the same.
pub(crate) fn number_expr(number: f64, span: Span) -> Expr {
    signed(format!("{:?}", number.abs()), number < 0.0, span)
}

/// SQL has no negative literals: a sign is an operator.
fn signed(digits: String, negative: bool, span: Span) -> Expr {
    let number = Expr::Value(Value::Number(digits, false).with_span(span));
    if negative {
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(number),
        }
    } else {
        number
    }
}

/// The span, or another where `sqlparser` kept none.
fn or_else(span: Span, other: Span) -> Span {
    if span == Span::empty() { other } else { span }
}
