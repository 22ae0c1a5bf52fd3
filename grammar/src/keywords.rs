//! The words our statements and literals add to SQL, for completion and highlighting, and the form
//! of each statement, for help and for error messages. One table each is the truth.

use crate::{
    ast::{
        check_catalog, check_index, create_directions, create_index, create_model, describe, drop_index,
        drop_model, evaluate, explain, export_sharps, import_model, import_sharps, rename_table, show,
        vacuum,
    },
    literal::{quantity, t_rec},
};

/// Words that SQL does not have, or not as keywords, sorted.
pub const KEYWORDS: &[&str] = &[
    "DIRECTIONS",
    "ENCODER",
    "ENCODERS",
    "EVALUATE",
    "EXPORT",
    "FUNCTIONS",
    "GENERATOR",
    "GENERATORS",
    "HNSW",
    "IMPORT",
    "INDEXES",
    "JSOC",
    "KEYWORDS",
    "QUANTITY",
    "SHARPS",
    "STATEMENTS",
    "T_REC",
    "UNITS",
];

/// How a statement or a literal is written, and what it does. Each stands beside the syntax that it documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// The words it begins with.
    pub opening: &'static str,
    /// Its form: words in capitals as they are, others in their place, `[…]` optional.
    pub form: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// What else there is to know, in paragraphs with an empty line between them.
    pub details: &'static str,
    /// What `WITH (…)` takes.
    pub settings: &'static [Setting],
    /// What it answers, with units.
    pub returns: &'static str,
    /// Scripts that run; what is shown of one is the answer to its last statement.
    pub examples: &'static [&'static str],
    /// Scripts whose last statement is refused, with a report worth knowing.
    pub errors: &'static [&'static str],
}

/// An option of `WITH (…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name, lower case.
    pub name: &'static str,
    /// What it takes, in a word or two.
    pub takes: &'static str,
    /// The unit of a number, empty where it has none.
    pub unit: &'static str,
    /// What it is when not given, as it would be written or in words.
    pub default: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
}

/// A [`Setting`] in a line.
pub(crate) const fn setting(
    name: &'static str,
    takes: &'static str,
    unit: &'static str,
    default: &'static str,
    summary: &'static str,
) -> Setting {
    Setting {
        name,
        takes,
        unit,
        default,
        summary,
    }
}

/// Every statement of ours, in the order in which they are met.
pub const STATEMENTS: &[Syntax] = &[
    import_sharps::SYNTAX,
    export_sharps::SYNTAX,
    import_model::GENERATOR,
    import_model::ENCODER,
    create_model::GENERATOR,
    create_model::ENCODER,
    create_directions::SYNTAX,
    create_index::SYNTAX,
    evaluate::SYNTAX,
    explain::SYNTAX,
    show::SYNTAX,
    describe::SYNTAX,
    drop_model::SYNTAX,
    drop_index::SYNTAX,
    rename_table::SYNTAX,
    vacuum::SYNTAX,
    check_catalog::SYNTAX,
    check_index::SYNTAX,
];

/// What our language writes as literals where SQL has none.
pub const LITERALS: &[Syntax] = &[quantity::SYNTAX, t_rec::SYNTAX];

/// The form of the statement that begins with these words.
pub(crate) fn form_of(opening: &str) -> Option<&'static str> {
    STATEMENTS
        .iter()
        .find(|syntax| syntax.opening == opening)
        .map(|syntax| syntax.form)
}

/// Words that a statement may begin with: ours, and those of `sqlparser`'s generic dialect and of
/// `DataFusion`, so that any other word can be refused with a suggestion.
pub(crate) const OPENINGS: &[&str] = &[
    "IMPORT",
    "EXPORT",
    "EVALUATE",
    "SELECT",
    "WITH",
    "VALUES",
    "FROM",
    "TABLE",
    "CREATE",
    "DROP",
    "SHOW",
    "DESCRIBE",
    "DESC",
    "EXPLAIN",
    "COPY",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "SET",
    "RESET",
    "PREPARE",
    "EXECUTE",
    "EXEC",
    "DEALLOCATE",
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "START",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "END",
    "TRUNCATE",
    "USE",
    "CALL",
    "GRANT",
    "REVOKE",
    "DENY",
    "KILL",
    "FLUSH",
    "CASE",
    "IF",
    "WHILE",
    "RAISE",
    "RAISERROR",
    "THROW",
    "ATTACH",
    "DETACH",
    "MSCK",
    "CACHE",
    "UNCACHE",
    "DISCARD",
    "DECLARE",
    "FETCH",
    "REPLACE",
    "OPEN",
    "CLOSE",
    "ASSERT",
    "LISTEN",
    "UNLISTEN",
    "NOTIFY",
    "PRAGMA",
    "UNLOAD",
    "RENAME",
    "INSTALL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "COMMENT",
    "PRINT",
    "WAITFOR",
    "RETURN",
    "VACUUM",
    "CHECK",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_cover_the_statements() {
        assert!(KEYWORDS.is_sorted());
        for syntax in STATEMENTS {
            assert!(
                syntax
                    .form
                    .starts_with(syntax.opening.split(' ').next().unwrap_or_default()),
                "{}",
                syntax.form
            );
        }
    }
}
