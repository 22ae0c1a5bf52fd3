//! `CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::ast::{Options, or_replace, write_options};

/// Finds the directions in a generator's latent space along which keywords change.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateDirections {
    /// The generator.
    pub generator: Ident,
    /// Which keywords, at least one.
    pub keywords: Vec<Ident>,
    /// Whether directions that are already there are replaced.
    pub or_replace: bool,
    /// `WITH (…)`
    pub options: Options,
}

impl fmt::Display for CreateDirections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keywords: Vec<String> = self.keywords.iter().map(ToString::to_string).collect();
        write!(
            f,
            "CREATE {}DIRECTIONS FOR GENERATOR {} ({})",
            or_replace(self.or_replace),
            self.generator,
            keywords.join(", ")
        )?;
        write_options(f, &self.options)
    }
}
