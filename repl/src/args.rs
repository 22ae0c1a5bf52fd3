//! The command line: `helioql [CATALOGUE] [-c SQL]… [-f FILE]… [--param k=v]… [--format F] [-o FILE] …`.
//!
//! Queries and files run in the order in which they stand, whichever of the two they are, so the
//! parsed values are joined with their places.

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell as CompletionShell;
use helioql_grammar::Constant;

use crate::{images::Images, render::Format};

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// What is done instead of running anything.
    pub(crate) task: Option<Task>,
    /// The catalogue's directory; the demo without one.
    pub(crate) catalogue: Option<PathBuf>,
    /// What to run, in order; the prompt when there is nothing.
    pub(crate) inputs: Vec<Input>,
    /// Parameters for `$name`.
    pub(crate) parameters: Vec<(String, Constant)>,
    /// How rows are written.
    pub(crate) format: Format,
    /// Where rows are written; standard output without one.
    pub(crate) output: Option<PathBuf>,
    /// What statements may touch.
    pub(crate) access: helioql::Access,
    /// What a statement may use.
    pub(crate) limits: Limits,
    /// What runs before everything else.
    pub(crate) init: Init,
    /// How patches are drawn.
    pub(crate) images: Images,
    /// When colours are used.
    pub(crate) colour: Colour,
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

/// What a statement may use; as much as there is where nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes that queries keep at once.
    pub(crate) memory: Option<u64>,
    /// How long a statement may run.
    pub(crate) time: Option<Duration>,
    /// Threads that compute.
    pub(crate) threads: Option<NonZeroUsize>,
}

/// A script that runs before everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Init {
    /// The user's own at the prompt, nothing in scripts.
    Usual,
    /// This one.
    File(PathBuf),
    /// Nothing.
    Nothing,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal that knows them, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What the program can do besides running statements.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Task {
    /// Explain a statement, function, keyword or command: `helioql help NEAREST`
    Help {
        /// What to explain; everything in a line each without it
        name: Vec<String>,
    },
    /// Print the completion script of a shell
    Completions {
        /// Whose
        #[arg(value_enum)]
        shell: CompletionShell,
    },
    /// Print the manual page
    Man,
}

/// An SQL engine for solar active regions: generate, steer and find magnetic patches.
///
/// Without -c and -f a prompt opens, or a script is read from a pipe. Scripts stop at the first error.
#[derive(Debug, Parser)]
#[command(
    name = "helioql",
    version,
    disable_help_flag = true,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    override_usage = "helioql [CATALOGUE] [OPTIONS]\n       helioql help [NAME] | completions SHELL | man",
    after_help = "Exit codes: 0 done, 1 a statement failed, 2 wrong arguments, 3 a file or model is missing or damaged,\n            \
                  124 out of time, 130 interrupted."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Args {
    #[command(subcommand)]
    task: Option<Task>,
    /// Its directory, made where nothing stands, or its URL, to be read [default: the demo, simulated]
    #[arg(value_name = "CATALOGUE", value_hint = ValueHint::DirPath)]
    catalogue: Option<PathBuf>,
    /// Run these statements or commands
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    commands: Vec<String>,
    /// Run a script; `-` reads standard input
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Set `$name`: a number, quantity, time, true, false or text
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, Constant)>,
    /// Form: table, box, vertical, markdown, latex, html, csv, tsv, json, jsonl, arrow, parquet
    #[arg(long, value_enum, default_value_t = Format::Table, hide_possible_values = true, hide_default_value = true)]
    format: Format,
    /// Write results to a file, each whole or not at all
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Refuse to change the catalogue
    #[arg(long)]
    readonly: bool,
    /// Refuse to touch anything outside of the catalogue
    #[arg(long)]
    safe: bool,
    /// Memory that queries may use, such as 4GB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory_limit: Option<u64>,
    /// Time that a statement may take, such as 30s
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Threads that compute
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Run this script first; the prompt runs init.sql of the user's configuration
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "no_init")]
    init: Option<PathBuf>,
    /// Run no script first
    #[arg(long)]
    no_init: bool,
    /// How patches are drawn: auto, kitty, iterm, sixel, blocks, off
    #[arg(long, value_enum, default_value_t = Images::Auto, hide_possible_values = true, hide_default_value = true)]
    images: Images,
    /// When colours are used: auto, always, never
    #[arg(long, value_enum, default_value_t = Colour::Auto, hide_possible_values = true, hide_default_value = true)]
    color: Colour,
    /// Show neither progress nor notes
    #[arg(short, long)]
    quiet: bool,
    // Both flags show what fits a screen.
    /// Print help
    #[arg(short, long, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

impl Invocation {
    /// Reads the arguments, the first of which is the program.
    ///
    /// # Errors
    /// For arguments that are not understood, and for `--help` and `--version`, which are clap's to print.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = command().try_get_matches_from(arguments)?;
        let places = |name: &str| matches.indices_of(name).into_iter().flatten();
        let args = Args::from_arg_matches(&matches)?;
        let texts = places("commands").zip(args.commands.into_iter().map(Input::Text));
        let files = places("files").zip(args.files.into_iter().map(Input::File));
        let mut inputs: Vec<(usize, Input)> = texts.chain(files).collect();
        inputs.sort_by_key(|(place, _)| *place);
        Ok(Self {
            task: args.task,
            catalogue: args.catalogue,
            inputs: inputs.into_iter().map(|(_, input)| input).collect(),
            parameters: args.parameters,
            format: args.format,
            output: args.output,
            access: helioql::Access {
                readonly: args.readonly,
                safe: args.safe,
            },
            limits: Limits {
                memory: args.memory_limit,
                time: args.timeout,
                threads: args.threads,
            },
            init: match args.init {
                Some(path) => Init::File(path),
                None if args.no_init => Init::Nothing,
                None => Init::Usual,
            },
            images: args.images,
            colour: args.color,
            quiet: args.quiet,
        })
    }
}

/// The command line as clap knows it, for completion scripts and the manual page.
pub(crate) fn command() -> clap::Command {
    Args::command()
}

/// `name=value`; the name is one that can stand behind `$`.
///
/// # Errors
/// In words, when it has another form.
pub(crate) fn parameter(text: &str) -> Result<(String, Constant), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE, found no `=`")?;
    check_name(name)?;
    Ok((name.to_owned(), constant(value)?))
}

/// Refuses what cannot stand behind `$`.
///
/// # Errors
/// In words.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_');
    if begins && letters.all(|letter| letter.is_alphanumeric() || letter == '_') {
        Ok(())
    } else {
        Err(format!(
            "a name of letters, digits and `_` was expected, found `{name}`"
        ))
    }
}

/// The value of a parameter.
///
/// # Errors
/// In words, for a number with a wrong unit.
pub(crate) fn constant(text: &str) -> Result<Constant, String> {
    Constant::read(text).map_err(|error| format!("{error}; a text stands in single quotes: `'{text}'`"))
}

/// `4GB`, `512M`, `1.5GiB` or bytes; a G is 1024 times an M, as memory is counted.
///
/// # Errors
/// In words.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let power = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return Err("expected a size such as 512MB or 4GB".to_owned()),
    };
    match digits.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok((number * 1024_f64.powi(power)) as u64),
        _ => Err("expected a size such as 512MB or 4GB".to_owned()),
    }
}

/// `30s`, `500ms`, `2min`, or seconds.
///
/// # Errors
/// In words.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = || {
        text.parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    };
    humantime::parse_duration(text)
        .ok()
        .or_else(seconds)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 30s, 500ms or 2min".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Invocation, clap::Error> {
        Invocation::parse(["helioql"].iter().chain(arguments).map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
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
    fn a_parameter_has_a_name_and_a_value() {
        let text = |text: &str| Constant::Text(text.to_owned());
        for (source, expected) in [
            ("flux=1e22", Constant::Number("1e22".to_owned())),
            ("psep=60Mm", Constant::Quantity("60Mm".parse().expect("a length"))),
            ("x=a=b", text("a=b")),
            ("x=", text("")),
        ] {
            assert_eq!(parameter(source).expect(source).1, expected, "{source}");
        }
        for source in ["flux", "=1", "1st=2", "a b=1", "psep=60mm"] {
            assert!(parameter(source).is_err(), "{source}");
        }
    }

    #[test]
    fn sizes_and_times_have_units() {
        for (text, expected) in [("512", 512), ("4GB", 4 << 30), ("1.5kib", 1536), ("2 M", 2 << 20)] {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["", "GB", "-1GB", "4XB", "inf"] {
            assert!(size(text).is_err(), "{text}");
        }
        for (text, millis) in [("30s", 30_000), ("500ms", 500), ("2min", 120_000), ("1.5", 1500)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "0", "nan", "1e300"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn help_fits_a_screen() {
        let help = command().render_help().to_string();
        assert!(help.lines().count() <= 40, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 120), "{help}");
        let names = |all: Vec<String>| all.join(", ");
        for values in [
            names(Format::value_variants().iter().map(ToString::to_string).collect()),
            names(Images::value_variants().iter().map(ToString::to_string).collect()),
        ] {
            assert!(help.contains(&values), "{values} in {help}");
        }
    }

    #[test]
    fn wrong_arguments_are_usage_errors() {
        for arguments in [
            &["--format", "xml"][..],
            &["-x"],
            &["a.helio", "b.helio"],
            &["--param", "flux"],
            &["--memory-limit", "much"],
            &["--timeout", "-1s"],
            &["--threads", "0"],
            &["--init", "a.sql", "--no-init"],
            &["--images", "braille"],
            &["completions", "csh"],
        ] {
            assert!(
                parse(arguments).is_err_and(|error| error.exit_code() == 2),
                "{arguments:?}"
            );
        }
    }
}
