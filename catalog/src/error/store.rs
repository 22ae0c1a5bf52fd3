//! Why a catalogue directory could not be read or written.

use std::io;
use std::path::PathBuf;

/// A catalogue that cannot be used, or a change that cannot be made to it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The change is made, but the system could not promise to keep it.
    #[error(
        "the change is made, but `{}` could not be written through: {source}; a loss of power may still undo it, so \
         check the disk",
        path.display()
    )]
    Unsynced {
        /// The directory of the catalogue.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The catalogue lies elsewhere, and this is a copy to read.
    #[error("`{origin}` is read only: what is here is a copy of it")]
    Copy {
        /// Where the catalogue lies.
        origin: String,
    },
    /// There is nothing at the path.
    #[error("no catalogue at `{}`: expected a directory with a `manifest.json`", path.display())]
    Missing {
        /// The path given.
        path: PathBuf,
    },
    /// The path is in use by something else.
    #[error("`{}` is not a catalogue: found {found}; choose a new path", path.display())]
    Foreign {
        /// The path given.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// `create` was asked for a path that has a catalogue.
    #[error("`{}` is a catalogue already; open it instead", path.display())]
    Exists {
        /// The path given.
        path: PathBuf,
    },
    /// The manifest was written by a later version.
    #[error(
        "`{}` has format {found}; this version of HelioQL reads up to format {supported}, so a newer one is needed",
        path.display()
    )]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The last format that this version reads.
        supported: u64,
    },
    /// The manifest does not parse, or is not what was written.
    #[error("the manifest `{}` is damaged: {reason}", path.display())]
    DamagedManifest {
        /// The manifest.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A table or model is not what was written.
    #[error("{what} is damaged: `{}` {reason}; restore the file, or drop and make it again", path.display())]
    Damaged {
        /// The table or model, by name.
        what: String,
        /// Its file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// Another transaction is open.
    #[error("the catalogue `{}` is being written by {holder}; only one writer at a time", path.display())]
    Locked {
        /// The catalogue.
        path: PathBuf,
        /// Who holds the lock, as far as the lock file tells.
        holder: String,
    },
    /// The name would not do as a file name on every system.
    #[error(
        "`{name}` cannot name {kind}: expected at most 60 of a-z, 0-9 and `_`, beginning with a letter or `_`"
    )]
    Name {
        /// As given.
        name: String,
        /// What was to be named, with its article.
        kind: &'static str,
    },
    /// Nothing has this name.
    #[error("no {kind} `{name}` in the catalogue{}", closest.as_ref().map(|c| format!("; did you mean `{c}`?")).unwrap_or_default())]
    Unknown {
        /// What was looked for.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The nearest name there is.
        closest: Option<String>,
    },
    /// A table is to have the name of another.
    #[error("there is a table `{name}` already; drop it first, or choose another name")]
    Taken {
        /// The name.
        name: String,
    },
    /// A batch has not the schema that its table was begun with.
    #[error("a batch does not fit the schema of table `{table}`: {source}")]
    Schema {
        /// The table.
        table: String,
        /// What does not fit.
        source: arrow::error::ArrowError,
    },
    /// Parquet could not be written or read.
    #[error("cannot {action} table `{table}`: {source}")]
    Parquet {
        /// What was tried, as a verb.
        action: &'static str,
        /// The table.
        table: String,
        /// The reason.
        source: parquet::errors::ParquetError,
    },
    /// A model's config is not JSON that can be written.
    #[error("cannot write the config of {what}: {source}")]
    Config {
        /// The model, by name.
        what: String,
        /// The reason.
        source: serde_json::Error,
    },
}

impl StoreError {
    /// Whether a file is missing or is not what was written.
    pub fn is_missing_or_damaged(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. }
                | Self::Foreign { .. }
                | Self::NewerFormat { .. }
                | Self::DamagedManifest { .. }
                | Self::Damaged { .. }
        )
    }
}
