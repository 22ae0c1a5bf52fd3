//! `SHOW GENERATORS | ENCODERS | DIRECTIONS | KEYWORDS | FUNCTIONS`

use std::fmt;

/// Lists what there is. `SHOW TABLES` and SQL's other forms stay SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Show {
    /// Generators of the catalogue.
    Generators,
    /// Encoders of the catalogue.
    Encoders,
    /// Directions, by generator and keyword.
    Directions,
    /// Physical keywords: their names, units and formulas.
    Keywords,
    /// Our functions and their arguments.
    Functions,
}

impl Show {
    /// Every form, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Generators,
        Self::Encoders,
        Self::Directions,
        Self::Keywords,
        Self::Functions,
    ];

    /// The word behind `SHOW`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generators => "GENERATORS",
            Self::Encoders => "ENCODERS",
            Self::Directions => "DIRECTIONS",
            Self::Keywords => "KEYWORDS",
            Self::Functions => "FUNCTIONS",
        }
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHOW {}", self.word())
    }
}
