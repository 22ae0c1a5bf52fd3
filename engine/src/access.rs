//! What the statements of a session may touch. A shell that runs a stranger's script, or a server that
//! takes queries from others, opens its sessions with less than everything.
//!
//! Statements of ours are judged by their kind, SQL by its plan, because COPY can stand inside EXPLAIN and
//! PREPARE. Nothing that a statement says can widen what the session was opened with.

use datafusion::{
    common::tree_node::TreeNodeRecursion,
    logical_expr::{DdlStatement, LogicalPlan, Statement as Setting},
};
use helioql_grammar::{
    Diagnostic, Span, Statement, StatementKind, TokenWithSpan, sqlparser::tokenizer::Token,
};

use crate::{Error, Result};

/// What a session may do. The default is everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// The catalogue is only read.
    pub readonly: bool,
    /// Nothing outside of the catalogue is read or written, neither files nor the network, and no limit of
    /// the session can be changed.
    pub safe: bool,
}

impl Access {
    /// Refuses a statement of ours that does more than is allowed; SQL is judged by its plan.
    pub(crate) fn check(self, statement: &Statement) -> Result<()> {
        let (writes_catalogue, leaves_catalogue) = match &statement.kind {
            StatementKind::ImportSharps(_)
            | StatementKind::ImportGenerator(_)
            | StatementKind::ImportEncoder(_) => (true, true),
            StatementKind::CreateGenerator(_)
            | StatementKind::CreateEncoder(_)
            | StatementKind::CreateDirections(_)
            | StatementKind::CreateIndex(_)
            | StatementKind::DropIndex(_)
            | StatementKind::Drop(_)
            | StatementKind::RenameTable(_)
            | StatementKind::Vacuum(_) => (true, false),
            // Its pictures are files.
            StatementKind::Evaluate(evaluate) => (true, evaluate.options.clone().take("pictures").is_some()),
            StatementKind::ExportSharps(_) => (false, true),
            StatementKind::Sql(_)
            | StatementKind::Explain(_)
            | StatementKind::Show(_)
            | StatementKind::CheckCatalog
            | StatementKind::CheckIndex(_)
            | StatementKind::Describe(_) => (false, false),
        };
        let opening = statement
            .text
            .split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ");
        let refused = self.refusal(&opening.to_uppercase(), writes_catalogue, leaves_catalogue);
        refused.map_err(|refusal| refusal.with_span(statement.span).into())
    }

    /// Refuses to change the catalogue where it may only be read, by the statement of these tokens.
    pub(crate) fn check_change(self, tokens: &[TokenWithSpan]) -> Result<()> {
        let words = tokens.iter().filter_map(|token| match &token.token {
            Token::Word(word) => Some((word.value.to_uppercase(), token.span)),
            _ => None,
        });
        let words: Vec<(String, Span)> = words.take(4).collect();
        // CREATE OR REPLACE TABLE; of others the first word says it.
        let last = words.iter().position(|(word, _)| word == "TABLE").unwrap_or(0);
        let words = &words[..words.len().min(last + 1)];
        let names: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
        let refused = self.refusal(&names.join(" "), true, false);
        refused.map_err(|refusal| match words {
            [(_, first), .., (_, last)] => refusal.with_span(Span::new(first.start, last.end)).into(),
            [(_, only)] => refusal.with_span(*only).into(),
            [] => refusal.into(),
        })
    }

    /// Refuses a plan that does more than is allowed.
    pub(crate) fn check_plan(self, plan: &LogicalPlan) -> Result<()> {
        if self == Self::default() {
            return Ok(());
        }
        let mut result = Ok(());
        plan.apply_with_subqueries(|node| {
            result = self.check_node(node);
            Ok(if result.is_ok() {
                TreeNodeRecursion::Continue
            } else {
                TreeNodeRecursion::Stop
            })
        })?;
        result.map_err(Error::from)
    }

    fn check_node(self, node: &LogicalPlan) -> Result<(), Diagnostic> {
        match node {
            LogicalPlan::Copy(_) => self.refusal("COPY", false, true),
            LogicalPlan::Dml(change) => {
                let name = change.op.name().to_uppercase();
                self.refusal(name.trim_end_matches(" INTO"), true, false)
            }
            LogicalPlan::Ddl(DdlStatement::CreateExternalTable(_)) => {
                self.refusal("CREATE EXTERNAL TABLE", false, true)
            }
            LogicalPlan::Ddl(DdlStatement::CreateFunction(_)) => self.refusal("CREATE FUNCTION", false, true),
            LogicalPlan::Statement(Setting::SetVariable(set)) => self.setting(&set.variable),
            LogicalPlan::Statement(Setting::ResetVariable(reset)) => self.setting(&reset.variable),
            _ => Ok(()),
        }
    }

    /// Limits of memory and of files lie among the settings of the runtime.
    fn setting(self, name: &str) -> Result<(), Diagnostic> {
        if self.safe && name.to_lowercase().starts_with("datafusion.runtime.") {
            return Err(Diagnostic::error(format!(
                "`{name}` is a limit of the session, which was opened as a safe one"
            )));
        }
        Ok(())
    }

    fn refusal(self, what: &str, writes_catalogue: bool, leaves_catalogue: bool) -> Result<(), Diagnostic> {
        if self.readonly && writes_catalogue {
            Err(Diagnostic::error(format!(
                "{what} would change the catalogue, which was opened to be read only"
            )))
        } else if self.safe && leaves_catalogue {
            Err(Diagnostic::error(format!(
                "{what} would leave the catalogue, and the session was opened as a safe one"
            ))
            .with_note("a safe session touches no other file, no network, and none of its limits"))
        } else {
            Ok(())
        }
    }
}
