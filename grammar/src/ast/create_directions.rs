//! `CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, or_replace, write_options},
    keywords::{Syntax, setting},
};

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

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "CREATE DIRECTIONS",
    form: "CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (name = value, …)]",
    summary: "finds the directions in which a generator's patches change a keyword",
    details: "\
Patches are drawn and measured, and for each keyword the normal of a hyperplane in latent space is fitted, along which \
it grows. GENERATE needs the directions to meet targets, STEER to move along them; the quantities to be held are \
projected out of the direction. Any quantity that can be measured on a patch can be named; SHOW KEYWORDS lists them.",
    settings: &[
        setting(
            "samples",
            "whole number",
            "",
            "10000",
            "patches that are drawn and measured",
        ),
        setting("seed", "whole number", "", "0", "that of the samples"),
        setting(
            "method",
            "text",
            "",
            "'svm'",
            "'svm' (linear SVM), 'ridge' (regression on the values) or 'linfa' (the SVM of linfa, slow, for checking)",
        ),
        setting(
            "cost",
            "number",
            "",
            "0.01",
            "the SVM's cost of a sample on the wrong side",
        ),
        setting("penalty", "number", "", "0.001", "the ridge's penalty"),
    ],
    returns: "A table of fact and value: for each keyword the held-out accuracy, R² and the reach, in its unit.",
    examples: &["\
CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (usflux, psep) WITH (samples = 400, method = 'ridge');
SELECT name, origin FROM system.directions"],
    errors: &["CREATE OR REPLACE DIRECTIONS FOR GENERATOR sun (usflx)"],
};

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
