//! The words our statements and literals add to SQL, for completion and highlighting, and the form
//! of each statement, for help and for error messages. One table each is the truth.

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
    "IMPORT",
    "JSOC",
    "KEYWORDS",
    "QUANTITY",
    "SHARPS",
    "T_REC",
];

/// How a statement is written, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Syntax {
    /// The words it begins with.
    pub opening: &'static str,
    /// Its form: words in capitals as they are, others in their place, `[…]` optional.
    pub form: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
}

/// Every statement of ours, in the order in which they are met.
pub const STATEMENTS: &[Syntax] = &[
    Syntax {
        opening: "IMPORT SHARPS",
        form: "IMPORT SHARPS FROM 'files' [, …] | JSOC 'record set' [INTO table] [WITH (name = value, …)]",
        summary: "reads SHARP records from FITS files, and their keywords from CSV, JSON, Parquet or JSOC, into a table",
    },
    Syntax {
        opening: "EXPORT SHARPS",
        form: "EXPORT SHARPS TO 'directory' [WITH (name = value, …)] AS query",
        summary: "writes the segments of simulated records to FITS files as JSOC's are",
    },
    Syntax {
        opening: "IMPORT GENERATOR",
        form: "IMPORT [OR REPLACE] GENERATOR name FROM 'file' [WITH (name = value, …)]",
        summary: "takes a generator from a safetensors file or a PyTorch checkpoint",
    },
    Syntax {
        opening: "IMPORT ENCODER",
        form: "IMPORT [OR REPLACE] ENCODER name FROM 'file' [WITH (name = value, …)]",
        summary: "takes an encoder from a safetensors file or a PyTorch checkpoint",
    },
    Syntax {
        opening: "CREATE GENERATOR",
        form: "CREATE [OR REPLACE] GENERATOR name [WITH (name = value, …)] AS query",
        summary: "trains a generator on the patches that a query returns",
    },
    Syntax {
        opening: "CREATE ENCODER",
        form: "CREATE [OR REPLACE] ENCODER name [WITH (name = value, …)] AS query",
        summary: "trains an encoder on the patches that a query returns",
    },
    Syntax {
        opening: "CREATE DIRECTIONS",
        form: "CREATE [OR REPLACE] DIRECTIONS FOR GENERATOR name (keyword, …) [WITH (name = value, …)]",
        summary: "finds the directions in which a generator's patches change a keyword",
    },
    Syntax {
        opening: "EVALUATE",
        form: "EVALUATE GENERATOR | ENCODER name ON (query) [WITH (held_out = 'predicate', name = value, …)]",
        summary: "measures a model on the patches that a query returns and keeps the figures in system.metrics",
    },
    Syntax {
        opening: "SHOW",
        form: "SHOW GENERATORS | ENCODERS | DIRECTIONS | KEYWORDS | FUNCTIONS",
        summary: "lists what there is",
    },
    Syntax {
        opening: "DESCRIBE",
        form: "DESCRIBE GENERATOR name | ENCODER name | DIRECTIONS [FOR GENERATOR name]",
        summary: "shows the model card of a model",
    },
    Syntax {
        opening: "DROP",
        form: "DROP GENERATOR | ENCODER | DIRECTIONS [IF EXISTS] name",
        summary: "removes a model; the directions of a generator go by its name",
    },
];

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
