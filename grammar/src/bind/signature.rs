//! What a function can be called with. The engine's registry of functions says it; grammar reads it.

use std::fmt;

use crate::unit::Dimension;

/// The parameters of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSignature {
    /// The function's name in lower case.
    pub name: &'static str,
    /// In positional order.
    pub parameters: Vec<Parameter>,
    /// How many of them may be given by position; the others must be named.
    pub positional: usize,
}

impl CallSignature {
    /// The name as it is written in messages: `GENERATE`.
    pub fn title(&self) -> String {
        self.name.to_uppercase()
    }

    /// The names of the parameters, in positional order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.parameters.iter().map(|parameter| parameter.name)
    }
}

/// As help shows it: `steer(sample, …, by, tolerance = 0.02)`.
impl fmt::Display for CallSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<String> = self.parameters.iter().map(ToString::to_string).collect();
        write!(f, "{}({})", self.name, parameters.join(", "))
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.default {
            Default::Required => f.write_str(self.name),
            Default::Null => write!(f, "[{}]", self.name),
            default => write!(f, "{} = {default}", self.name),
        }
    }
}

/// One parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in lower case.
    pub name: &'static str,
    /// What literals it takes; other expressions are checked by type, later.
    pub kind: Kind,
    /// What a number given for it measures, in the dimension's base unit; `None` for plain numbers.
    pub dimension: Option<Dimension>,
    /// What it is when not given.
    pub default: Default,
    /// What it takes, where `kind` says too little: `PATCH or SAMPLE`.
    takes: &'static str,
    /// What it is for, in one line; empty for functions that only the planner calls.
    pub summary: &'static str,
}

impl Parameter {
    /// The same parameter with its line of documentation.
    #[must_use]
    pub const fn about(self, summary: &'static str) -> Self {
        Self { summary, ..self }
    }

    /// The same parameter with a closer word for what it takes.
    #[must_use]
    pub const fn taking(self, takes: &'static str) -> Self {
        Self { takes, ..self }
    }

    /// The same parameter as a number that measures `dimension`.
    #[must_use]
    pub const fn measuring(self, dimension: Dimension) -> Self {
        Self {
            kind: Kind::Number,
            dimension: Some(dimension),
            ..self
        }
    }

    /// What it takes, in words.
    ///
    /// ```
    /// use helioql_grammar::bind::{Kind, Parameter};
    ///
    /// let patch = Parameter::required("patch", Kind::Any);
    /// assert_eq!(patch.takes(), "any value");
    /// assert_eq!(patch.taking("PATCH or SAMPLE").takes(), "PATCH or SAMPLE");
    /// ```
    pub const fn takes(&self) -> &'static str {
        if self.takes.is_empty() {
            self.kind.word()
        } else {
            self.takes
        }
    }

    /// A parameter that must be given.
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            dimension: None,
            default: Default::Required,
            takes: "",
            summary: "",
        }
    }

    /// A parameter that may be left out.
    pub const fn optional(name: &'static str, kind: Kind, default: Default) -> Self {
        Self {
            name,
            kind,
            dimension: None,
            default,
            takes: "",
            summary: "",
        }
    }

    /// A number that measures `dimension`, or is left out.
    pub const fn measure(name: &'static str, dimension: Dimension) -> Self {
        Self {
            name,
            kind: Kind::Number,
            dimension: Some(dimension),
            default: Default::Null,
            takes: "",
            summary: "",
        }
    }
}

/// What literals a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any: patches, samples, tables, …
    Any,
    /// A number, with a unit if the parameter has a dimension.
    Number,
    /// A whole number.
    Integer,
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A list such as `['psep', 'r_value']`.
    List,
}

impl Kind {
    /// The kind in a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Number => "number",
            Self::Integer => "whole number",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::List => "list",
        }
    }
}

/// What stands in the place of an argument that is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Default {
    /// Nothing: the call is an error.
    Required,
    /// NULL
    Null,
    /// A number, in the base unit of the parameter's dimension.
    Number(f64),
    /// A text
    Text(&'static str),
    /// True or false
    Bool(bool),
}

/// As it would be written; a parameter that must be given has nothing.
impl fmt::Display for Default {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Required => Ok(()),
            Self::Null => f.write_str("NULL"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "'{text}'"),
            Self::Bool(bool) => write!(f, "{bool}"),
        }
    }
}

/// The functions whose calls are bound.
pub trait Signatures {
    /// The signature of a function, by its name in lower case; `None` leaves its calls alone.
    fn get(&self, name: &str) -> Option<&CallSignature>;
}

/// For tests and small sets.
impl Signatures for [CallSignature] {
    fn get(&self, name: &str) -> Option<&CallSignature> {
        self.iter().find(|signature| signature.name == name)
    }
}

impl Signatures for Vec<CallSignature> {
    fn get(&self, name: &str) -> Option<&CallSignature> {
        Signatures::get(self.as_slice(), name)
    }
}
