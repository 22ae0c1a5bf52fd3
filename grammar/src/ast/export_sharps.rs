//! `EXPORT SHARPS TO 'directory' [WITH (name = value, …)] AS query`

use std::fmt;

use sqlparser::tokenizer::TokenWithSpan;

use crate::{
    ast::{Options, quoted, write_options},
    keywords::{Syntax, setting},
    span::Span,
};

/// Writes the records that a query returns to FITS files.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportSharps {
    /// The directory as written.
    pub directory: String,
    /// Where it stands, its quotes included.
    pub directory_span: Span,
    /// `WITH (…)`
    pub options: Options,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "EXPORT SHARPS",
    form: "EXPORT SHARPS TO 'directory' [WITH (name = value, …)] AS query",
    summary: "writes the segments of simulated records to FITS files as JSOC's are",
    details: "\
The rows of the query say which records: their columns source and path, as SIMULATE has them, from which each is \
made again at full resolution. A row that was not simulated has no segments to write and is refused. Files are named \
sim.sharp_cea_720s…, so that nobody takes them for observations, and have the cards that JSOC's have; IMPORT SHARPS \
reads the same keywords from them. All names are looked at before the first file is written.",
    settings: &[setting(
        "overwrite",
        "boolean",
        "",
        "false",
        "whether files that are there are replaced",
    )],
    returns: "A row for each record: record, files (ten segments) and bytes.",
    examples: &["\
EXPORT SHARPS TO 'fits' AS SELECT * FROM SIMULATE(n => 2, seed => 7);
IMPORT SHARPS FROM 'fits/*.fits';
SELECT count(*) AS read_again FROM sharps WHERE path LIKE 'fits%'"],
    errors: &["EXPORT SHARPS TO 'fits' AS SELECT harpnum FROM sharps"],
};

impl fmt::Display for ExportSharps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXPORT SHARPS TO {}", quoted(&self.directory))?;
        write_options(f, &self.options)?;
        write!(f, " AS {}", self.query_text)
    }
}
