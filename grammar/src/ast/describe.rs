//! `DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]`

use std::fmt;

use sqlparser::ast::Ident;

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
