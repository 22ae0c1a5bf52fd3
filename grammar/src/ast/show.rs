//! `SHOW GENERATORS | ENCODERS | DIRECTIONS | INDEXES | KEYWORDS | FUNCTIONS | STATEMENTS | UNITS`

use std::fmt;

use crate::keywords::Syntax;

/// Lists what there is. `SHOW TABLES` and SQL's other forms stay SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Show {
    /// Generators of the catalogue.
    Generators,
    /// Encoders of the catalogue.
    Encoders,
    /// Directions, by generator and keyword.
    Directions,
    /// Vector indexes of the catalogue.
    Indexes,
    /// Physical keywords: their names, units and formulas.
    Keywords,
    /// Our functions and their arguments.
    Functions,
    /// Our statements and their forms.
    Statements,
    /// The units that a number can be written against.
    Units,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "SHOW",
    form: "SHOW GENERATORS | ENCODERS | DIRECTIONS | INDEXES | KEYWORDS | FUNCTIONS | STATEMENTS | UNITS",
    summary: "lists what there is",
    details: "\
What is listed are tables of the schema system, which queries can join: system.generators, system.encoders, \
system.directions, system.indexes, system.keywords, system.functions, system.statements, system.units; system.tables has the \
tables of the catalogue with their sizes, system.arguments the arguments of every function and the options of every statement, \
system.metrics the figures of EVALUATE. SHOW TABLES and SHOW ALL are SQL's.",
    settings: &[],
    returns: "A row for each; of functions and statements the columns that fit a screen.",
    examples: &[
        "SHOW UNITS",
        "\
SELECT name, type, unit, default, summary FROM system.arguments
  WHERE function = 'nearest' ORDER BY name",
    ],
    errors: &["SHOW GENERATOR"],
};

impl Show {
    /// Every form, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Generators,
        Self::Encoders,
        Self::Directions,
        Self::Indexes,
        Self::Keywords,
        Self::Functions,
        Self::Statements,
        Self::Units,
    ];

    /// The word behind `SHOW`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generators => "GENERATORS",
            Self::Encoders => "ENCODERS",
            Self::Directions => "DIRECTIONS",
            Self::Indexes => "INDEXES",
            Self::Keywords => "KEYWORDS",
            Self::Functions => "FUNCTIONS",
            Self::Statements => "STATEMENTS",
            Self::Units => "UNITS",
        }
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW {}", self.word())
    }
}
