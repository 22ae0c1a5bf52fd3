//! What went wrong, where, why and how to mend it: as data. Drawing it is [`Diagnostic::render`].
//!
//! House form: message, label, notes and hints are lower case without a full stop, names stand in
//! backticks; the label says where, notes say why, hints say how to mend it, without "you".

mod render;
mod sql;

use std::fmt;

use crate::span::Span;

pub use sql::{from_sql_error, lower_first, sql_error};

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The statement is refused.
    Error,
    /// The statement runs, but not quite as it may seem.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// An error or a warning with its place in the source.
///
/// # Examples
/// ```
/// use helioql_grammar::{Diagnostic, Location, Span};
///
/// let span = Span::new(Location::new(1, 17), Location::new(1, 22));
/// let diagnostic = Diagnostic::error("GENERATE has no argument `usflx`")
///     .with_span(span)
///     .with_label("expected one of usflux, psep")
///     .with_hint("did you mean `usflux`?");
/// assert_eq!(diagnostic.render("SELECT GENERATE(usflx => 1e22Mx)", Some("file.sql")), "\
/// error: GENERATE has no argument `usflx`
///  --> file.sql:1:17
///   |
/// 1 | SELECT GENERATE(usflx => 1e22Mx)
///   |                 ^^^^^ expected one of usflux, psep
/// hint: did you mean `usflux`?");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// One sentence: what was expected and what was found.
    pub message: String,
    /// The text that the message is about.
    pub span: Option<Span>,
    /// A few words to stand beside the caret.
    pub label: Option<String>,
    /// Why it is so.
    pub notes: Vec<String>,
    /// How to mend it.
    pub hints: Vec<String>,
    /// What else is wrong with the text, by place. [`Diagnostic::all`] goes through it too.
    pub also: Vec<Diagnostic>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// A warning without a place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Self {
            severity,
            message,
            span: None,
            label: None,
            notes: Vec::new(),
            hints: Vec::new(),
            also: Vec::new(),
        }
    }

    /// Several as one: the first by place, which has all the others beside it. What is said twice of one place is
    /// said once; `None` where there is none.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::{Diagnostic, Location, Span};
    ///
    /// let at = |column| Span::new(Location::new(1, column), Location::new(1, column + 1));
    /// let second = Diagnostic::error("second").with_span(at(7));
    /// let first = Diagnostic::error("first").with_span(at(3));
    /// let both = Diagnostic::of_all([second, first]).unwrap();
    /// assert_eq!(both.all().map(|one| one.message.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    /// ```
    pub fn of_all(diagnostics: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut all: Vec<Self> = diagnostics
            .into_iter()
            .flat_map(|mut diagnostic| {
                let also = std::mem::take(&mut diagnostic.also);
                [diagnostic].into_iter().chain(also)
            })
            .collect();
        all.sort_by_key(|diagnostic| {
            diagnostic
                .span
                .map_or((u64::MAX, 0), |Span { start, .. }| (start.line, start.column))
        });
        all.dedup_by(|second, first| second.span == first.span && second.message == first.message);
        let mut all = all.into_iter();
        let mut first = all.next()?;
        first.also = all.collect();
        Some(first)
    }

    /// This diagnostic and those beside it.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.also)
    }

    /// Points at `span`; the empty span, which `sqlparser` uses for "unknown", points nowhere.
    #[must_use]
    pub fn with_span(mut self, span: Span) -> Self {
        self.span = (span.start.line > 0).then_some(span);
        self
    }

    /// Says a few words beside the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a remedy.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds "did you mean" when there is a closest name.
    #[must_use]
    pub fn with_suggestion(self, closest: Option<impl fmt::Display>) -> Self {
        match closest {
            Some(name) => self.with_hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// One line, for logs and for errors that have lost their source text.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(span) = self.span {
            write!(f, " at line {}, column {}", span.start.line, span.start.column)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}
