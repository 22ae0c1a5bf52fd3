//! DataFusion's messages and what we say instead, one row each.
//!
//! In `theirs`, `{}` stands for any text. In `ours` and `hint`, `{0}` is the first of these as SQL writes it, `{0t}`
//! the same as the name of a type, `{0s}` as several. `about` is what the statement is searched for to find the
//! place, the first alternative of `a|b` that stands in it.

/// Names of one kind, among which the one that was meant is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    None,
    /// A column where the planner does not tell which there are.
    Column,
    Table,
    Function,
    Relation,
    Setting,
    /// A value in quotes.
    Value,
    /// What SHOW can show.
    Shown,
    Type,
    /// A field of a SAMPLE.
    Field,
    /// A function that is there.
    Call,
    /// A named argument of one.
    Argument,
    /// None of these: it is the query as a whole that does not go together.
    Query,
}

/// One message of theirs and ours.
pub(super) struct Rule {
    pub(super) theirs: &'static str,
    pub(super) ours: &'static str,
    pub(super) hint: &'static str,
    pub(super) about: &'static str,
    pub(super) family: Family,
}

const fn rule(theirs: &'static str, ours: &'static str, hint: &'static str, about: &'static str) -> Rule {
    Rule {
        theirs,
        ours,
        hint,
        about,
        family: Family::None,
    }
}

const fn unknown(theirs: &'static str, ours: &'static str, family: Family) -> Rule {
    Rule {
        family,
        ..rule(theirs, ours, "", "{0}")
    }
}

const fn of_query(theirs: &'static str, ours: &'static str, hint: &'static str, about: &'static str) -> Rule {
    Rule {
        family: Family::Query,
        ..rule(theirs, ours, hint, about)
    }
}

const AS_OTHER: &str = "`AS other_name` behind one of them gives it another name";

/// The first that matches is taken.
pub(super) const RULES: &[Rule] = &[
    // Names.
    rule(
        "column '{}' not found in '{}'",
        "unknown column `{1}.{0}`",
        "",
        "{1}.{0}|{0}",
    ),
    rule("column '{}' not found", "unknown column `{0}`", "", "{0}"),
    rule("column '{}' is ambiguous", "column `{0}` is ambiguous", "", "{0}"),
    rule(
        "No field named {}.{}Valid fields are {}",
        "unknown column `{0}`",
        "",
        "{0}",
    ),
    rule("No field named {}.", "unknown column `{0}`", "", "{0}"),
    rule("No field named {}", "unknown column `{0}`", "", "{0}"),
    rule(
        "Invalid qualifier {}",
        "unknown table `{0}`",
        "a table with an alias is known by its alias alone",
        "{0}",
    ),
    unknown(
        "table 'datafusion.public.{}' not found",
        "unknown table `{0}`",
        Family::Table,
    ),
    unknown("table '{}' not found", "unknown table `{0}`", Family::Table),
    unknown("No table named '{}'", "unknown table `{0}`", Family::Table),
    unknown("Table '{}' doesn't exist.", "unknown table `{0}`", Family::Table),
    unknown("View '{}' doesn't exist.", "unknown view `{0}`", Family::Table),
    rule(
        "Table '{}' already exists",
        "table `{0}` is there already",
        "CREATE OR REPLACE TABLE writes over it",
        "{0}",
    ),
    rule(
        "Column '{}' is declared as non-nullable but contains null values",
        "`{0}` cannot be NULL",
        "",
        "{0}",
    ),
    rule(
        "Temporary tables not supported",
        "temporary tables are not supported",
        "a view lasts as long as its session: CREATE VIEW name AS query",
        "",
    ),
    unknown(
        "Invalid function '{}'",
        "unknown function `{0}`",
        Family::Function,
    ),
    unknown(
        "table function '{}' not found",
        "unknown function `{0}` in FROM",
        Family::Relation,
    ),
    rule(
        "Prepared statement '{}' does not exist",
        "unknown prepared statement `{0}`",
        "PREPARE name AS … makes one",
        "{0}",
    ),
    rule(
        "Placeholder '{}' was not provided a value for execution.",
        "the parameter `{0}` has no value",
        "",
        "{0}",
    ),
    rule(
        "WITH query name \"{}\" specified more than once",
        "the name `{0}` is given twice in WITH",
        "",
        "{0}",
    ),
    of_query(
        "Projections require unique expression names but the expression \"{} AS {}\" at position {} and \"{}\" at position {} have the same name.{}",
        "two columns are called `{1}`",
        AS_OTHER,
        "{1}",
    ),
    of_query(
        "Projections require unique expression names but the expression \"{}\" at position {} and \"{}\" at position {} have the same name.{}",
        "two columns are called `{0}`",
        AS_OTHER,
        "{0}",
    ),
    of_query(
        "Schema contains qualified field name {} and unqualified field name {} which would be ambiguous",
        "two columns are called `{1}`",
        AS_OTHER,
        "{1}",
    ),
    rule(
        "Schema contains duplicate qualified field name {}.{}",
        "two tables are called `{0}`",
        AS_OTHER,
        "{0}",
    ),
    rule(
        "Schema contains duplicate unqualified field name {}",
        "two columns are called `{0}`",
        AS_OTHER,
        "{0}",
    ),
    unknown(
        "could not find config namespace for key \"{}\"",
        "unknown setting `{0}`",
        Family::Setting,
    ),
    unknown(
        "Config value \"{}\" not found on {}",
        "unknown setting `{0}`",
        Family::Setting,
    ),
    unknown(
        "Could not find config namespace \"{}\"",
        "unknown setting `{0}`",
        Family::Setting,
    ),
    unknown(
        "'{}' is not a variable which can be viewed with 'SHOW'",
        "unknown setting `{0}`",
        Family::Shown,
    ),
    rule(
        "Error parsing '{}' as {}",
        "the setting takes {1t}, found `{0}`",
        "",
        "{0}",
    ),
    unknown("Unsupported SQL type {}", "unknown type `{0}`", Family::Type),
    rule(
        "Unsupported type '{}'. Must be{}",
        "unknown type `{0}`",
        "types are named as in 'Int32' or 'Timestamp(ns)'",
        "{0}",
    ),
    rule(
        "There is no registered file format with ext {}",
        "unknown file format `{0}`",
        "the formats are parquet, csv, json and arrow",
        "",
    ),
    // Arguments.
    rule(
        "Function '{}' failed to match any signature{}",
        "`{0}` does not take these arguments",
        "",
        "{0}",
    ),
    rule(
        "'{}' does not support zero arguments.",
        "`{0}` needs arguments, found none",
        "",
        "{0}",
    ),
    rule(
        "Function '{}' expects {} arguments but received {}",
        "`{0}` takes {1} argument(s), found {2}",
        "",
        "{0}",
    ),
    rule(
        "Function '{}' expects {} but received {}",
        "`{0}` takes {1t}, found {2t}",
        "",
        "{0}",
    ),
    rule(
        "Failed to coerce arguments to satisfy a call to '{}' function: coercion from {} to the signature {} failed.",
        "`{0}` does not take {1t}",
        "",
        "{0}",
    ),
    rule(
        "Function 'make_array' user-defined coercion failed with: {}make_array: [{}].",
        "the elements of a list have one type, found {1s}",
        "",
        "[",
    ),
    rule(
        "Function '{}' user-defined coercion failed with: {}",
        "`{0}` does not take these arguments: {1}",
        "",
        "{0}",
    ),
    rule(
        "{} does not support type {}.",
        "`{0}` does not take {1t}",
        "",
        "{0}|[",
    ),
    rule(
        "Argument #{} must be an INTEGER or NULL, got Literal({}, None)",
        "argument {0} takes a whole number, found {1}",
        "",
        "generate_series|range",
    ),
    rule(
        "Argument #{} must be an INTEGER or NULL, got {}",
        "argument {0} takes a whole number, found {1}",
        "",
        "generate_series|range",
    ),
    rule(
        "{} function requires {} arguments",
        "`{0}` takes {1} arguments",
        "",
        "{0}",
    ),
    rule(
        "Percentile value must be between 0.0 and 1.0 inclusive, {} is invalid",
        "a percentile lies between 0 and 1, found {0}",
        "",
        "{0}",
    ),
    rule("Expected an integer value", "a whole number was expected", "", ""),
    rule(
        "{} takes two vectors{}",
        "`{0}` takes two vectors{1}",
        "",
        "{0}|&&|<=>",
    ),
    rule(
        "Unsupported date_trunc granularity: '{}'. Supported values are: {}",
        "unknown unit of time `{0}`",
        "it is one of {1}",
        "{0}",
    ),
    rule(
        "Date part '{}' not supported",
        "unknown unit of time `{0}`",
        "it is one of year, quarter, month, week, day, doy, dow, hour, minute, second",
        "{0}",
    ),
    rule(
        "[return_type] {} not supported for {}",
        "`{0}` does not take {1t}",
        "",
        "{0}",
    ),
    rule(
        "COUNT DISTINCT with multiple arguments",
        "count(DISTINCT …) takes one expression",
        "the rows of a subquery with SELECT DISTINCT can be counted",
        "count",
    ),
    // Types.
    rule(
        "expressions have incompatible types",
        "the two sides have types that do not go together",
        "",
        "",
    ),
    rule(
        "Cannot coerce arithmetic expression {} to valid types",
        "`{0}` has types that do not go together",
        "",
        "",
    ),
    rule(
        "There isn't a common type to coerce {} and {} in {} expression",
        "{2} compares texts, found {0t} and {1t}",
        "",
        "{2}",
    ),
    rule(
        "NOT cannot be used with {}",
        "NOT takes true or false, found {0t}",
        "a condition such as `x > 0` is true or false",
        "NOT",
    ),
    rule(
        "Cannot create filter with non-boolean predicate '{}' returning {}",
        "a condition is true or false, found {1t}",
        "a condition such as `x > 0` is true or false",
        "{0}|WHERE|HAVING",
    ),
    rule(
        "Unsupported CAST from {} to {}",
        "{0t} cannot be cast to {1t}",
        "",
        "CAST|::",
    ),
    unknown(
        "Cannot cast string '{}' to value of {} type",
        "`'{0}'` is not {1t}",
        Family::Value,
    ),
    rule(
        "Can't cast value {} to type {}",
        "{0} is out of the range of {1}",
        "",
        "{0}|CAST|::",
    ),
    rule(
        "Error parsing timestamp from '{}': {}",
        "`'{0}'` is no time: {1}",
        "a time is written '2011-02-15 01:59:26'",
        "{0}",
    ),
    rule(
        "Invalid input syntax for type interval: \"{}\"",
        "`'{0}'` is no interval",
        "an interval is written INTERVAL '12 minutes'",
        "{0}",
    ),
    rule(
        "Cannot access field at argument 1: type {} is not Struct, Map, or Null",
        "{0t} has no fields",
        "",
        "",
    ),
    unknown(
        "Field {} not found in struct",
        "there is no field `{0}`",
        Family::Field,
    ),
    of_query(
        "Incompatible inputs for Union: Previous inputs were of type {}, but got incompatible type {} on column '{}'",
        "the sides of UNION have different types: {0t} and {1t}",
        "",
        "UNION",
    ),
    of_query(
        "UNION queries have different number of columns",
        "the two sides of UNION have different numbers of columns",
        "",
        "UNION",
    ),
    rule(
        "the rows have vectors of {} numbers, the list has {}",
        "the rows have vectors of {0} numbers, the list has {1}",
        "",
        "[",
    ),
    rule(
        "Parquet error: NYI: Attempting to write an Arrow interval type {} to parquet that is not yet implemented",
        "a Parquet file holds no INTERVAL",
        "CAST(… AS VARCHAR) makes a text of it",
        "INTERVAL",
    ),
    rule(
        "Physical plan does not support logical expression InSubquery({}",
        "IN (subquery) is not known here",
        "WHERE and the columns of SELECT take it; elsewhere, a sub-select can make a column of it first",
        "IN",
    ),
    rule(
        "Physical plan does not support logical expression Exists({}",
        "EXISTS is not known here",
        "WHERE and the columns of SELECT take it; elsewhere, a sub-select can make a column of it first",
        "EXISTS",
    ),
    rule(
        "Physical plan does not support logical expression ScalarSubquery({}",
        "a subquery cannot be answered for each row",
        "what ties it to the row is an equality, as in WHERE a.harpnum = s.harpnum, and nothing but its WHERE speaks of the row",
        "",
    ),
    rule(
        "Physical plan does not support logical expression OuterReferenceColumn({}",
        "a column of the outer query cannot be read that deep",
        "a join or LATERAL brings it in",
        "",
    ),
    // Aggregates and clauses.
    of_query(
        "HAVING clause references: {} must appear in the GROUP BY clause or be used in an aggregate function",
        "HAVING speaks of `{0}`, which is neither grouped nor aggregated",
        "a condition on single rows stands in WHERE",
        "HAVING",
    ),
    of_query(
        "LATERAL syntax is not supported for FULL OUTER and RIGHT [OUTER | ANTI | SEMI] joins",
        "what reads the rows to its left cannot stand in a FULL or RIGHT JOIN",
        "CROSS JOIN and LEFT JOIN … ON TRUE take it",
        "FULL|RIGHT",
    ),
    of_query(
        "TOP",
        "TOP is not known",
        "LIMIT at the end of the query gives the first rows",
        "TOP",
    ),
    of_query(
        "'{}' must appear in GROUP BY clause because it's not an aggregate expression",
        "column `{0}` is neither grouped nor aggregated",
        "add it to GROUP BY, or take an aggregate such as `max({0})`",
        "{0}",
    ),
    of_query(
        "Column in {} must be in GROUP BY or an aggregate function: {} \"{}\"{}",
        "column `{2}` is neither grouped nor aggregated",
        "add it to GROUP BY, or take an aggregate such as `max({2})`",
        "{2}",
    ),
    of_query(
        "Aggregate functions are not allowed in the WHERE clause. Consider using HAVING instead",
        "an aggregate cannot stand in WHERE",
        "a condition on an aggregate stands in HAVING",
        "WHERE",
    ),
    of_query(
        "Aggregate function calls cannot be nested",
        "an aggregate cannot stand in an aggregate",
        "the inner one can stand in a subquery in FROM",
        "",
    ),
    of_query(
        "Too many columns! The subquery should only return one column",
        "a subquery that stands for a value has one column",
        "",
        "(",
    ),
    of_query(
        "Scalar subquery returned more than one row",
        "a subquery that stands for a value has one row",
        "`LIMIT 1` takes the first",
        "",
    ),
    of_query(
        "More than one row returned by a subquery used as an expression",
        "a subquery that stands for a value has one row",
        "`LIMIT 1` takes the first",
        "",
    ),
    of_query(
        "Order by column out of bounds, specified: {}, max: {}",
        "ORDER BY names column {0}, the query has {1}",
        "",
        "{0}",
    ),
    of_query(
        "Cannot find column with position {} in SELECT clause. Valid columns: 1 to {}",
        "GROUP BY names column {0}, the query has {1}",
        "",
        "{0}",
    ),
    of_query(
        "LIMIT must be >= 0, '{}' was provided",
        "LIMIT takes a whole number from 0, found {0}",
        "",
        "{0}|LIMIT",
    ),
    of_query(
        "OFFSET must be >=0, '{}' was provided",
        "OFFSET takes a whole number from 0, found {0}",
        "",
        "{0}|OFFSET",
    ),
    of_query(
        "Expected LIMIT to be an integer or null, but got {}",
        "LIMIT takes a whole number from 0, found {0t}",
        "",
        "LIMIT",
    ),
    of_query(
        "Expected OFFSET to be an integer or null, but got {}",
        "OFFSET takes a whole number from 0, found {0t}",
        "",
        "OFFSET",
    ),
    of_query(
        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
        "ORDER BY must begin with the expressions of DISTINCT ON",
        "",
        "DISTINCT",
    ),
    of_query(
        "Inconsistent data length across values list: got {} values in row {} but expected {}",
        "a row of VALUES has {0} value(s), {2} were expected",
        "",
        "VALUES",
    ),
    // While it runs.
    rule(
        "Divide by zero error",
        "division by zero",
        "`x / nullif(y, 0)` is NULL where y is zero",
        "/|%",
    ),
    rule(
        "Regular expression did not compile: {}",
        "the regular expression cannot be read",
        "",
        "",
    ),
    rule(
        "string size overflow on repeat, max size is {}, but got {}",
        "the text is too long: at most {0} bytes, found {1}",
        "",
        "{1}",
    ),
];
