//! `CHECK CATALOG`

use crate::keywords::Syntax;

/// What help says of it.
pub(crate) const SYNTAX: Syntax = Syntax {
    opening: "CHECK CATALOG",
    form: "CHECK CATALOG",
    summary: "compares every file of the catalogue with what was written",
    details: "\
Sizes and checksums of all files, the rows and columns of tables, that sharps has one row for each harpnum and t_rec, \
and that embeddings are by the encoder that there is. Nothing is changed. A file that no commit names is left over from \
a change that was cut short, or is kept for a query; it does no harm, and goes by itself or with VACUUM.",
    settings: &[],
    returns: "A row for each file: the object it belongs to, the file, its bytes, and its problem with what to do, or NULL; a row \
              without file for what is wrong with a table as a whole. Nothing where all is in memory.",
    examples: &["CHECK CATALOG"],
    errors: &["CHECK CATALOGUES"],
};
