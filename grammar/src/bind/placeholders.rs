//! `$name` ⇒ the value given for it.

use std::{collections::BTreeMap, ops::ControlFlow};

use sqlparser::ast::{Value, ValueWithSpan, VisitMut, VisitorMut};

use crate::diagnostic::Diagnostic;

/// Puts `values`, by name without the `$`, in the place of their placeholders. Placeholders that have
/// no value stay: PREPARE has a use for them.
///
/// # Errors
/// When a value given for a placeholder is itself a placeholder.
pub fn bind_placeholders<V: VisitMut>(
    node: &mut V,
    values: &BTreeMap<String, Value>,
) -> Result<(), Diagnostic> {
    if values.is_empty() {
        return Ok(());
    }
    match node.visit(&mut Filler { values }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Filler<'v> {
    values: &'v BTreeMap<String, Value>,
}

impl VisitorMut for Filler<'_> {
    type Break = Box<Diagnostic>;

    fn pre_visit_value(&mut self, place: &mut ValueWithSpan) -> ControlFlow<Self::Break> {
        let Value::Placeholder(text) = &place.value else {
            return ControlFlow::Continue(());
        };
        let Some(name) = text.strip_prefix('$') else {
            return ControlFlow::Continue(());
        };
        match self.values.get(name) {
            Some(Value::Placeholder(other)) => ControlFlow::Break(Box::new(
                Diagnostic::error(format!(
                    "expected a value for `${name}`, found the placeholder `{other}`"
                ))
                .with_span(place.span),
            )),
            Some(value) => {
                place.value = value.clone();
                ControlFlow::Continue(())
            }
            None => ControlFlow::Continue(()),
        }
    }
}
