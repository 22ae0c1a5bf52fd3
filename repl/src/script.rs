//! A text to run, and how it falls into SQL and meta-commands.
//!
//! A meta-command is a line that begins with a dot where a statement could begin. SQL keeps its line
//! numbers: each part of it is led by as many empty lines as stand before it in the source.

use std::{
    fs,
    io::{self, Read},
};

use helioql_grammar::is_complete;

use crate::{
    args::Input,
    error::{Error, Result},
};

/// A text and the name that errors in it are reported under.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// The file's name; a text from the command line or the prompt has none.
    pub(crate) name: Option<String>,
    /// What stands in it.
    pub(crate) text: String,
}

impl Source {
    /// A text without a file.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self {
            name: None,
            text: text.into(),
        }
    }

    /// The text of an input from the command line.
    ///
    /// # Errors
    /// When the file cannot be read as UTF-8.
    pub(crate) fn read(input: &Input) -> Result<Self> {
        match input {
            Input::Text(text) => Ok(Self::of(text)),
            Input::File(path) if path.as_os_str() == "-" => {
                let mut text = String::new();
                match io::stdin().read_to_string(&mut text) {
                    Ok(_) => Ok(Self {
                        name: Some("<stdin>".to_owned()),
                        text,
                    }),
                    Err(source) => Err(Error::File {
                        path: "standard input".into(),
                        source,
                    }),
                }
            }
            Input::File(path) => match fs::read_to_string(path) {
                Ok(text) => Ok(Self {
                    name: Some(path.display().to_string()),
                    text,
                }),
                Err(source) => Err(Error::File {
                    path: path.clone(),
                    source,
                }),
            },
        }
    }
}

/// A part of a script that is run as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Statements, behind as many empty lines as they stand below the first.
    Sql(String),
    /// A meta-command.
    Command {
        /// The line without surrounding space.
        text: String,
        /// The number of its line, from one.
        line: usize,
    },
}

/// Parts SQL from meta-commands, in order.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut sql = String::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('.') && is_complete(&sql) {
            pieces.push(Piece::Sql(std::mem::replace(&mut sql, "\n".repeat(index + 1))));
            pieces.push(Piece::Command {
                text: line.trim().to_owned(),
                line: index + 1,
            });
        } else {
            sql.push_str(line);
        }
    }
    pieces.push(Piece::Sql(sql));
    pieces.retain(|piece| !matches!(piece, Piece::Sql(text) if text.trim().is_empty()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(text: &str) -> Piece {
        Piece::Sql(text.to_owned())
    }

    fn command(text: &str, line: usize) -> Piece {
        Piece::Command {
            text: text.to_owned(),
            line,
        }
    }

    #[test]
    fn commands_are_lines_between_statements() {
        for (text, expected) in [
            ("", vec![]),
            ("SELECT 1", vec![sql("SELECT 1")]),
            (".tables", vec![command(".tables", 1)]),
            (
                "SELECT 1;\n  .show\nSELECT 2",
                vec![sql("SELECT 1;\n"), command(".show", 2), sql("\n\nSELECT 2")],
            ),
            ("-- note\n.quit\n", vec![sql("-- note\n"), command(".quit", 2)]),
            ("SELECT 1 +\n.5;", vec![sql("SELECT 1 +\n.5;")]),
            ("SELECT '\n.show\n';", vec![sql("SELECT '\n.show\n';")]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }
}
