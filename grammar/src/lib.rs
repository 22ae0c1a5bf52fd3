//! The language of `HelioQL`: text to typed statements with spans, diagnostics as data.
//!
//! This crate does no I/O, knows no tables and never panics, whatever the text. What it cannot
//! decide from the text alone, such as which functions exist, it leaves to its caller, who hands
//! the answer back through [`Signatures`].
//!
//! # The way of a text
//! 1. [`parse`] splits a script into statements. The few that SQL lacks become typed values, all
//!    others stay tokens for `DataFusion`'s parser.
//! 2. In those tokens, literals that SQL lacks are written out in SQL ([`desugar()`]): `1e22Mx` is a
//!    quantity, `T_REC '2011.02.15_02:00:00_TAI'` is a timestamp.
//! 3. [`bind_placeholders`] puts values in the place of `$name`. Once the SQL is parsed, [`bind_calls`]
//!    puts named arguments into their places, fills in defaults and checks dimensions.
//! 4. Whatever goes wrong on this way is a [`Diagnostic`]; [`Diagnostic::render`] draws its caret.
//!
//! # Examples
//! ```
//! use helioql_grammar::{StatementKind, parse};
//!
//! let script = "IMPORT SHARPS FROM 'data/*.fits'; SELECT usflux FROM sharps WHERE usflux > 1e22Mx;";
//! let statements = parse(script)?;
//! assert!(matches!(statements[0].kind, StatementKind::ImportSharps(_)));
//! assert!(matches!(statements[1].kind, StatementKind::Sql(_)));
//! assert_eq!(statements[0].text, "IMPORT SHARPS FROM 'data/*.fits'");
//! # Ok::<(), helioql_grammar::ParseError>(())
//! ```
//!
//! A mistake is pointed at, and helped with:
//! ```
//! let source = "SELECT usflux FROM sharps WHERE usflux > 1e22mx";
//! let error = helioql_grammar::parse(source).unwrap_err();
//! assert_eq!(error.0.render(source, None), "\
//! error: unknown unit `mx`
//!  --> line 1, column 46
//!   |
//! 1 | SELECT usflux FROM sharps WHERE usflux > 1e22mx
//!   |                                              ^^ units are case-sensitive
//! note: the units are Mx, Wb, G, kG, mT, T, Mm, km, m, cm, deg, rad, arcmin, arcsec, Mm2, uHem, A
//! hint: did you mean `1e22Mx`?");
//! ```

pub mod ast;
pub mod bind;
pub mod desugar;
pub mod diagnostic;
pub mod error;
pub mod keywords;
pub mod literal;
mod nesting;
mod parser;
pub mod script;
pub mod span;
pub mod suggest;
pub mod unit;

/// The parser whose tokens and syntax tree this crate speaks, in the version `DataFusion` uses.
pub use sqlparser;
pub use sqlparser::{ast::Ident, tokenizer::TokenWithSpan};

pub use ast::{
    CreateDirections, CreateModel, Describe, DropModel, Evaluate, ExportSharps, ImportModel, ImportSharps,
    ModelKind, OptionValue, Options, Pattern, RenameTable, SharpSource, Show, Statement, StatementKind,
    Vacuum,
};
pub use bind::{
    CallSignature, Constant, Default, Kind, Parameter, QuantityLiteral, Signatures, bind_arguments,
    bind_calls, bind_placeholders, fold_quantities,
};
pub use desugar::desugar;
pub use diagnostic::{Diagnostic, Severity, from_sql_error, lower_first, sql_error};
pub use error::ParseError;
pub use literal::{Quantity, RecordSet, TRec};
pub use script::{is_complete, parse};
pub use span::{LineIndex, Location, Span};
pub use suggest::closest;
pub use unit::{Dimension, Unit};
