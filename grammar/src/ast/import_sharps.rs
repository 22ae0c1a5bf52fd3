//! `IMPORT SHARPS FROM 'files' [, …] | JSOC 'record set' [INTO table] [WITH (name = value, …)]`

use std::fmt;

use sqlparser::ast::Ident;

use crate::{
    ast::{Options, quoted, write_options},
    keywords::{Syntax, setting},
    literal::RecordSet,
    span::Span,
};

/// Reads SHARP records from files, or their keywords from JSOC, into a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportSharps {
    /// Where they come from.
    pub from: SharpSource,
    /// The table; `sharps` when not said.
    pub into: Option<Ident>,
    /// `WITH (…)`
    pub options: Options,
}

/// Where SHARP records come from.
#[derive(Debug, Clone, PartialEq)]
pub enum SharpSource {
    /// Files, at least one pattern.
    Files(Vec<Pattern>),
    /// JSOC, asked for the keywords of a record set.
    Jsoc(RecordSet),
}

/// A path, in which `*`, `?`, `[…]` and `**` match as in a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The path as written.
    pub glob: String,
    /// Where it stands, its quotes included.
    pub span: Span,
}

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "IMPORT SHARPS",
    form: "IMPORT SHARPS FROM 'files' [, …] | JSOC 'record set' [INTO table] [WITH (name = value, …)]",
    summary: "reads SHARP records from FITS files, and their keywords from CSV, JSON, Parquet or JSOC, into a table",
    details: "\
Segments of hmi.sharp_cea_720s are grouped into records by HARPNUM and T_REC. A keyword is computed from the \
segments where they suffice for it, by JSOC's definition and with its error; the others are the header's, and NULL \
where it has none. Images as they were seen (hmi.sharp_720s, cut-outs and whole disks of hmi.M_720s) are mapped by \
their WCS; regions of SMARP keep the keywords of their headers.

A record that is there already is replaced, or stays where nothing of it differs. A table of keywords (CSV, JSON, \
Parquet, JSOC's reply) has no pixels: it updates the values that it has and leaves the rest of the record, above \
all its patch.

FROM JSOC asks the public jsoc_info for keywords, a page at a time and politely, and never orders an export. \
Replies are kept, so that an import that was stopped goes on where it was. The catalogue changes once, at the end.",
    settings: &[
        setting("harpnum", "whole number", "", "the header's", "the region of files that name none"),
        setting("lon_fwt", "number", "deg", "the header's", "the place to cut out of an image of the disk: its longitude from the central meridian"),
        setting("lat_fwt", "number", "deg", "the header's", "its latitude"),
        setting("patches", "boolean", "", "true", "whether pixels are read; without them keywords are the header's"),
        setting("keys", "list", "", "all keywords", "FROM JSOC: the keywords to ask for"),
        setting("page", "whole number", "", "1000", "FROM JSOC: the most records of one question"),
        setting("pause", "number", "s", "0.5", "FROM JSOC: the time before each question"),
        setting("timeout", "number", "s", "60", "FROM JSOC: how long an answer may take; it is asked for up to four times"),
        setting("refresh", "boolean", "", "false", "FROM JSOC: ask again what is kept from before"),
        setting("cache", "text", "", "the user's cache", "FROM JSOC: the directory where replies are kept"),
        setting("url", "text", "", "JSOC's own", "FROM JSOC: another server"),
    ],
    returns: "A row for each record and each file that could not be used: record, outcome (imported, replaced, updated, \
              unchanged or skipped), harpnum, header_difference (the largest relative difference of a computed \
              keyword from the header's) and detail.",
    examples: &["\
EXPORT SHARPS TO 'fits' AS SELECT * FROM SIMULATE(n => 2, seed => 7);
IMPORT SHARPS FROM 'fits/*.fits';
SELECT harpnum, t_rec, usflux, totusjz FROM sharps WHERE path LIKE 'fits%' ORDER BY t_rec"],
    errors: &["IMPORT SHARPS FROM folder"],
};

impl fmt::Display for ImportSharps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IMPORT SHARPS FROM ")?;
        match &self.from {
            SharpSource::Files(patterns) => {
                let patterns: Vec<String> = patterns.iter().map(|pattern| quoted(&pattern.glob)).collect();
                f.write_str(&patterns.join(", "))?;
            }
            SharpSource::Jsoc(records) => write!(f, "JSOC {}", quoted(&records.to_string()))?,
        }
        if let Some(table) = &self.into {
            write!(f, " INTO {table}")?;
        }
        write_options(f, &self.options)
    }
}
