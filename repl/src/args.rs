//! The command line: `helioql [CATALOGUE] [-c SQL]… [-f FILE]… [--param k=v]… [--format F] [-o FILE] [--quiet]`.
//!
//! Queries and files run in the order in which they stand, whichever of the two they are, so the
//! parsed values are joined with their places.

use std::{ffi::OsString, path::PathBuf};

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::render::Format;

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The catalogue's directory; the demo without one.
    pub(crate) catalogue: Option<PathBuf>,
    /// What to run, in order; the prompt when there is nothing.
    pub(crate) inputs: Vec<Input>,
    /// Parameters for `$name`.
    pub(crate) parameters: Vec<(String, Value)>,
    /// How rows are written.
    pub(crate) format: Format,
    /// Where rows are written; standard output without one.
    pub(crate) output: Option<PathBuf>,
    /// Neither progress nor notes.
    pub(crate) quiet: bool,
}

/// A script from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// The text itself.
    Text(String),
    /// A file; `-` is standard input.
    File(PathBuf),
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// Anything else, and what stands in single quotes.
    Text(String),
}

/// An SQL engine for solar active regions: generate, steer and find magnetic patches.
///
/// Without -c and -f a prompt opens, or a script is read from a pipe. Scripts stop at the first error.
#[derive(Debug, Parser)]
#[command(
    name = "helioql",
    version,
    after_help = "Exit codes: 0 done, 1 a statement failed, 2 wrong arguments, \
                  3 a file or model is missing or damaged, 130 interrupted."
)]
struct Args {
    /// Directory of the catalogue, created where nothing stands [default: the demo, which is simulated]
    #[arg(value_name = "CATALOGUE")]
    catalogue: Option<PathBuf>,
    /// Run these statements or meta-commands
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    commands: Vec<String>,
    /// Run a script; `-` reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Set `$name` in statements: a number, true, false or a text
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Value)>,
    /// Form of the results
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Write results to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show neither progress nor notes
    #[arg(short, long)]
    quiet: bool,
}

impl Invocation {
    /// Reads the arguments, the first of which is the program.
    ///
    /// # Errors
    /// For arguments that are not understood, and for `--help` and `--version`, which are clap's to print.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Args::command().try_get_matches_from(arguments)?;
        let places = |name: &str| matches.indices_of(name).into_iter().flatten();
        let args = Args::from_arg_matches(&matches)?;
        let texts = places("commands").zip(args.commands.into_iter().map(Input::Text));
        let files = places("files").zip(args.files.into_iter().map(Input::File));
        let mut inputs: Vec<(usize, Input)> = texts.chain(files).collect();
        inputs.sort_by_key(|(place, _)| *place);
        Ok(Self {
            catalogue: args.catalogue,
            inputs: inputs.into_iter().map(|(_, input)| input).collect(),
            parameters: args.parameters,
            format: args.format,
            output: args.output,
            quiet: args.quiet,
        })
    }
}

/// `name=value`; the name is one that can stand behind `$`.
fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, found no `=`")?;
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    if !begins || letters.any(|letter| !letter.is_alphanumeric() && letter != '_') {
        return Err(format!(
            "a name of letters, digits and `_` was expected, found `{name}`"
        ));
    }
    Ok((name.to_owned(), Value::parse(value)))
}

impl Value {
    fn parse(text: &str) -> Self {
        if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Self::Text(quoted.to_owned());
        }
        // `f64` would also read `nan` and `infinity`, which are words here.
        let is_number = text.contains(|letter: char| letter.is_ascii_digit());
        match text {
            "true" => Self::Boolean(true),
            "false" => Self::Boolean(false),
            _ => match (text.parse(), text.parse()) {
                (Ok(integer), _) => Self::Integer(integer),
                (_, Ok(real)) if is_number => Self::Real(real),
                _ => Self::Text(text.to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Invocation, clap::Error> {
        Invocation::parse(["helioql"].iter().chain(arguments).map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn inputs_keep_their_order() {
        let invocation = parse(&["-c", "one", "-f", "two.sql", "sun.helio", "-c", "three"]).expect("valid");
        let expected = [
            Input::Text("one".into()),
            Input::File("two.sql".into()),
            Input::Text("three".into()),
        ];
        assert_eq!(invocation.inputs, expected);
        assert_eq!(invocation.catalogue, Some("sun.helio".into()));
    }

    #[test]
    fn parameters_are_typed_by_their_form() {
        for (text, expected) in [
            ("flux=1e22", Value::Real(1e22)),
            ("n=5", Value::Integer(5)),
            ("n=-5", Value::Integer(-5)),
            ("on=true", Value::Boolean(true)),
            ("where=sharps", Value::Text("sharps".into())),
            ("id='377'", Value::Text("377".into())),
            ("x=nan", Value::Text("nan".into())),
            ("x=a=b", Value::Text("a=b".into())),
            ("x=", Value::Text(String::new())),
        ] {
            assert_eq!(parameter(text).expect(text).1, expected, "{text}");
        }
        for text in ["flux", "=1", "1st=2", "a b=1"] {
            assert!(parameter(text).is_err(), "{text}");
        }
    }

    #[test]
    fn wrong_arguments_are_usage_errors() {
        for arguments in [
            &["--format", "xml"][..],
            &["-x"],
            &["a.helio", "b.helio"],
            &["--param", "flux"],
        ] {
            assert!(
                parse(arguments).is_err_and(|error| error.exit_code() == 2),
                "{arguments:?}"
            );
        }
    }
}
