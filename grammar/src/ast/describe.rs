//! `DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::keywords::Syntax;

/// Shows the model card of a model. `DESCRIBE table` stays SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Describe {
    /// One generator.
    Generator(Ident),
    /// One encoder.
    Encoder(Ident),
    /// The directions of one generator, or of all.
    Directions {
        /// The generator.
        generator: Option<Ident>,
    },
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "DESCRIBE",
    form: "DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]",
    summary: "shows the model card of a model",
    details: "\
All that is kept with a model: its network, the statement that made it, what it was trained on, its calibration, and \
the figures of EVALUATE. Directions without a generator are those of sun. DESCRIBE table and DESCRIBE query are SQL's.",
    settings: &[],
    returns: "A table of fact and value.",
    examples: &["IMPORT GENERATOR theirs FROM 'gan.ckpt';\nDESCRIBE GENERATOR theirs"],
    errors: &["DESCRIBE GENERATOR moon"],
};

impl fmt::Display for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generator(name) => write!(f, "DESCRIBE GENERATOR {name}"),
            Self::Encoder(name) => write!(f, "DESCRIBE ENCODER {name}"),
            Self::Directions {
                generator: Some(name),
            } => write!(f, "DESCRIBE DIRECTIONS FOR GENERATOR {name}"),
            Self::Directions { generator: None } => f.write_str("DESCRIBE DIRECTIONS"),
        }
    }
}
