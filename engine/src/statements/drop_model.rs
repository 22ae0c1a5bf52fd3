//! `DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name`.

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{
    Diagnostic,
    ast::{self, DropModel},
};

use super::facts;
use crate::{Result, models::kind_name, session::Session};

pub(super) fn execute(session: &Session, drop: &DropModel) -> Result<DataFrame> {
    let kind = match drop.kind {
        ast::ModelKind::Generator => ModelKind::Generator,
        ast::ModelKind::Encoder => ModelKind::Encoder,
        ast::ModelKind::Directions => ModelKind::Directions,
    };
    let name = drop.name.value.as_str();
    let store = session.models().store();
    let dropped = store.drop_model(kind, name)?;
    if !dropped && !drop.if_exists {
        let mut diagnostic = Diagnostic::error(format!("no {} `{name}` to drop", kind_name(kind)))
            .with_span(drop.name.span)
            .with_hint("DROP … IF EXISTS says nothing when there is none");
        if store.names(kind).iter().any(|(known, _)| known == name) {
            diagnostic = diagnostic.with_note(format!("`{name}` is shipped with the program and stays"));
        }
        return Err(diagnostic.into());
    }
    let outcome = if dropped { "dropped" } else { "there was none" };
    facts(
        session,
        [(format!("{} {name}", kind_name(kind)), outcome.to_owned())],
    )
}
