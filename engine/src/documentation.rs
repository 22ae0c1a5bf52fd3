//! What there is to read of each function, statement and literal. [`pages`] gathers it from where they are defined;
//! `.help`, the tables of `system` and `engine/docs/reference.md` show it, and nothing is written down twice.

use std::{borrow::Cow, fmt};

use helioql_grammar::{
    bind::{CallSignature, Default, Parameter},
    keywords::{LITERALS, STATEMENTS, Setting, Syntax},
};

use crate::{functions::Function, relations::relations, session::Session};

/// Characters of a line of help.
const WIDTH: usize = 100;

/// What a function says of itself; of none of it there is need where only the planner calls it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Documentation {
    /// One sentence.
    pub(crate) summary: &'static str,
    /// What else there is to know, in paragraphs with an empty line between them.
    pub(crate) details: Cow<'static, str>,
    /// Type, unit and meaning of the result.
    pub(crate) returns: Cow<'static, str>,
    /// Queries that run on the demo catalogue. Where values depend on weights, they show what does not.
    pub(crate) examples: Vec<Cow<'static, str>>,
    /// Queries that are refused, with a report worth knowing.
    pub(crate) errors: &'static [&'static str],
}

impl Documentation {
    /// Whether the function is one that only the planner calls.
    pub(crate) fn is_internal(&self) -> bool {
        self.summary.is_empty()
    }
}

/// All that there is to read of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// A function in lower case, or the words that a statement or literal begins with.
    pub name: String,
    /// `scalar`, `in FROM`, `statement` or `literal`.
    pub kind: &'static str,
    /// How it is written.
    pub form: String,
    /// What it is or does, in one sentence.
    pub summary: String,
    /// What else there is to know, in paragraphs with an empty line between them.
    pub details: String,
    /// The arguments of a function in positional order, or what `WITH (…)` of a statement takes.
    pub arguments: Vec<Argument>,
    /// What it gives.
    pub returns: String,
    /// Scripts that run; what is shown of one is the answer to its last statement.
    pub examples: Vec<String>,
    /// Scripts whose last statement is refused.
    pub errors: Vec<String>,
}

impl Page {
    /// Whether it is of a function, scalar or in FROM.
    pub fn is_function(&self) -> bool {
        matches!(self.kind, "scalar" | "in FROM")
    }

    /// How arguments are given: some by their place too, every one as `name => value`. Nothing where there are none,
    /// and for statements, whose options have one form.
    pub fn by_position(&self) -> Option<String> {
        if self.arguments.is_empty() || !self.is_function() {
            return None;
        }
        let placed = self
            .arguments
            .iter()
            .filter(|argument| argument.position.is_some());
        let placed: Vec<&str> = placed.map(|argument| argument.name).collect();
        Some(match placed.as_slice() {
            [] => "all as name => value".to_owned(),
            placed if placed.len() == self.arguments.len() => "as name => value or by position".to_owned(),
            placed => format!("as name => value; {} by position too", placed.join(", ")),
        })
    }
}

/// An argument of a function, or an option of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name in lower case.
    pub name: &'static str,
    /// Its place, from 1 on, where it may be given without its name.
    pub position: Option<usize>,
    /// What it takes.
    pub takes: &'static str,
    /// The unit in which a bare number counts, empty where it has none.
    pub unit: &'static str,
    /// What it is when not given; `None` where it must be.
    pub default: Option<String>,
    /// What it is for, in one line.
    pub summary: &'static str,
}

/// Every page: functions, functions in FROM, statements, literals, each in the order of its listing.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), helioql::Error> {
/// let session = helioql::Engine::in_memory().session().await?;
/// let pages = helioql::documentation::pages(&session);
/// let render = pages.iter().find(|page| page.name == "render").expect("a function");
/// assert_eq!(render.form, "render(patch, format = 'png', range = 250)");
/// assert_eq!((render.arguments[2].takes, render.arguments[2].unit), ("number", "G"));
/// # Ok(())
/// # }
/// ```
pub fn pages(session: &Session) -> Vec<Page> {
    of(session.functions())
}

/// The same, with these scalar functions.
pub(crate) fn of(functions: &[Function]) -> Vec<Page> {
    let functions = functions
        .iter()
        .filter(|function| !function.documentation.is_internal())
        .map(|function| of_call("scalar", &function.call, function.documentation.clone()));
    let relations = relations()
        .into_iter()
        .map(|relation| of_call("in FROM", &relation.call(), relation.documentation()));
    let statements = STATEMENTS.iter().map(|syntax| of_syntax("statement", syntax));
    let literals = LITERALS.iter().map(|syntax| of_syntax("literal", syntax));
    functions
        .chain(relations)
        .chain(statements)
        .chain(literals)
        .collect()
}

fn of_call(kind: &'static str, call: &CallSignature, documentation: Documentation) -> Page {
    let Documentation {
        summary,
        details,
        returns,
        examples,
        errors,
    } = documentation;
    let arguments = call.parameters.iter().enumerate();
    Page {
        name: call.name.to_owned(),
        kind,
        form: call.to_string(),
        summary: summary.to_owned(),
        details: details.into_owned(),
        arguments: arguments
            .map(|(index, parameter)| of_parameter((index < call.positional).then_some(index + 1), parameter))
            .collect(),
        returns: returns.into_owned(),
        examples: examples.into_iter().map(Cow::into_owned).collect(),
        errors: errors.iter().copied().map(str::to_owned).collect(),
    }
}

fn of_parameter(position: Option<usize>, parameter: &Parameter) -> Argument {
    Argument {
        name: parameter.name,
        position,
        takes: parameter.takes(),
        unit: parameter.dimension.map_or("", |dimension| dimension.base()),
        default: match parameter.default {
            Default::Required => None,
            default => Some(default.to_string()),
        },
        summary: parameter.summary,
    }
}

fn of_syntax(kind: &'static str, syntax: &Syntax) -> Page {
    let owned = |texts: &[&str]| texts.iter().copied().map(str::to_owned).collect();
    Page {
        name: syntax.opening.to_owned(),
        kind,
        form: syntax.form.to_owned(),
        summary: syntax.summary.to_owned(),
        details: syntax.details.to_owned(),
        arguments: syntax.settings.iter().map(of_setting).collect(),
        returns: syntax.returns.to_owned(),
        examples: owned(syntax.examples),
        errors: owned(syntax.errors),
    }
}

fn of_setting(setting: &Setting) -> Argument {
    Argument {
        name: setting.name,
        position: None,
        takes: setting.takes,
        unit: setting.unit,
        default: Some(setting.default.to_owned()),
        summary: setting.summary,
    }
}

/// As `.help` shows it.
impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  ({})", self.form, self.kind)?;
        wrapped(f, 2, 2, &self.summary)?;
        for paragraph in self.details.split("\n\n").filter(|text| !text.is_empty()) {
            f.write_str("\n")?;
            wrapped(f, 2, 2, paragraph)?;
        }
        if !self.arguments.is_empty() {
            let title = if self.kind == "statement" {
                "options"
            } else {
                "arguments"
            };
            write!(f, "\n\n  {title}")?;
        }
        if let Some(how) = self.by_position() {
            write!(f, ", {how}")?;
        }
        let names = self.arguments.iter().map(|argument| argument.name.len());
        let width = names.max().unwrap_or_default();
        for argument in &self.arguments {
            let line = format!("{:<width$}  {argument}", argument.name);
            wrapped(f, 4, 6 + width, &line)?;
        }
        f.write_str("\n")?;
        wrapped(f, 2, 4, &format!("returns  {}", self.returns))?;
        for (title, scripts) in [("examples", &self.examples), ("refused", &self.errors)] {
            if !scripts.is_empty() {
                write!(f, "\n\n  {title}")?;
            }
            for script in scripts {
                write!(f, "\n    {};", script.replace('\n', "\n    "))?;
            }
        }
        Ok(())
    }
}

/// What it is for, and in brackets what it takes and what it is without.
impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.summary, self.takes)?;
        if !self.unit.is_empty() {
            write!(f, " in {}", self.unit)?;
        }
        match self.default.as_deref() {
            None => f.write_str(", must be given)"),
            Some("NULL") => f.write_str(")"),
            Some(default) => write!(f, ", default {default})"),
        }
    }
}

/// Lines of a text on new lines, the first indented by `first` and the others by `rest`; a word is never broken, nor
/// are two spaces made one.
fn wrapped(f: &mut fmt::Formatter<'_>, first: usize, rest: usize, text: &str) -> fmt::Result {
    write!(f, "\n{:first$}", "")?;
    let mut column = first;
    for (index, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 && column + 1 + width > WIDTH {
            write!(f, "\n{:rest$}", "")?;
            column = rest;
        } else if index > 0 {
            f.write_str(" ")?;
            column += 1;
        }
        f.write_str(word)?;
        column += width;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_readable() {
        let page = Page {
            name: "area_of".into(),
            kind: "scalar",
            form: "area_of(patch, above = 50)".into(),
            summary: "An area".into(),
            details: "One paragraph.\n\nAnd another one.".into(),
            arguments: vec![
                Argument {
                    name: "patch",
                    position: Some(1),
                    takes: "PATCH",
                    unit: "",
                    default: None,
                    summary: "where",
                },
                Argument {
                    name: "above",
                    position: None,
                    takes: "number",
                    unit: "G",
                    default: Some("50".into()),
                    summary: "the least field",
                },
            ],
            returns: "DOUBLE in Mm2".into(),
            examples: vec!["SELECT 1;\nSELECT 2".into()],
            errors: vec![],
        };
        assert_eq!(
            page.to_string(),
            "\
area_of(patch, above = 50)  (scalar)
  An area

  One paragraph.

  And another one.

  arguments, as name => value; patch by position too
    patch  where (PATCH, must be given)
    above  the least field (number in G, default 50)

  returns  DOUBLE in Mm2

  examples
    SELECT 1;
    SELECT 2;"
        );
    }
}
