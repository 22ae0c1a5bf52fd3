//! Where results go: standard output, a file, or a pager at the prompt. All that is written passes here, so
//! that `.output` and `.once` can lead it elsewhere.

mod whole;

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    path::Path,
};

pub(crate) use self::whole::WholeFile;
use crate::{
    error::{Error, Result},
    pager::Pager,
};

/// The place that results are written to.
pub(crate) struct Output {
    target: Target,
    /// What `.once` or a pager put aside, and the results on it.
    usual: Option<Box<(Target, usize)>>,
    /// Whole results on this target: a binary format holds one.
    results: usize,
}

enum Target {
    Standard(BufWriter<io::Stdout>),
    File(WholeFile),
    Pager(Pager),
}

impl Output {
    /// Standard output, or a file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn new(path: Option<&Path>) -> Result<Self> {
        Ok(Self {
            target: Target::new(path)?,
            usual: None,
            results: 0,
        })
    }

    /// Leads what follows to a file, or back to standard output.
    ///
    /// # Errors
    /// When what was written cannot be finished or the file cannot be made; then nothing changes.
    pub(crate) fn redirect(&mut self, path: Option<&Path>) -> Result<()> {
        self.finish()?;
        *self = Self::new(path)?;
        Ok(())
    }

    /// Leads the next result to a file, as [`Output::end_of_result`] is told.
    ///
    /// # Errors
    /// As [`Output::redirect`].
    pub(crate) fn redirect_once(&mut self, path: &Path) -> Result<()> {
        self.flush()?;
        let once = Target::new(Some(path))?;
        self.put_aside(once);
        Ok(())
    }

    /// Ends a file, which holds nothing where no result came; a pending `.once` has none then.
    ///
    /// # Errors
    /// When what was written cannot be finished.
    pub(crate) fn finish(&mut self) -> Result<()> {
        if let Some(usual) = self.usual.take() {
            (self.target, self.results) = *usual;
        }
        Ok(self.keep()?)
    }

    /// Lets a pager show what follows until [`Output::end_of_result`], where it is longer than the screen.
    pub(crate) fn page(&mut self, lines: usize) {
        if self.usual.is_none() && self.is_terminal() {
            self.put_aside(Target::Pager(Pager::new(lines)));
        }
    }

    /// Goes on with another target for a while. The second of two takes the place of the first.
    fn put_aside(&mut self, target: Target) {
        let before = std::mem::replace(&mut self.target, target);
        let results = std::mem::take(&mut self.results);
        self.usual.get_or_insert_with(|| Box::new((before, results)));
    }

    /// Ends a result, and with it what holds for one result only.
    ///
    /// # Errors
    /// When what was written cannot be finished.
    pub(crate) fn end_of_result(&mut self) -> Result<()> {
        let kept = self.keep();
        if let Some(usual) = self.usual.take() {
            let (target, results) = *usual;
            self.results = results;
            if let Target::Pager(pager) = std::mem::replace(&mut self.target, target) {
                pager.finish()?;
            }
        }
        Ok(kept?)
    }

    /// Ends a statement that had no result, or that failed within it. A file is as it was before, and `.once` waits
    /// for the next.
    ///
    /// # Errors
    /// When what was written cannot be taken back.
    pub(crate) fn no_result(&mut self) -> Result<()> {
        match &mut self.target {
            Target::File(file) => {
                let taken_back = file.take_back();
                taken_back.map_err(|error| self.target.named(error).into())
            }
            Target::Standard(_) => Ok(self.flush()?),
            // What came before the error is shown.
            Target::Pager(_) => self.end_of_result(),
        }
    }

    /// Writes out what was written, as a whole result.
    fn keep(&mut self) -> io::Result<()> {
        self.results += 1;
        match &mut self.target {
            Target::File(file) => {
                let kept = file.keep();
                kept.map_err(|error| self.target.named(error))
            }
            Target::Standard(_) | Target::Pager(_) => self.flush(),
        }
    }

    /// Begins a result of a binary format.
    ///
    /// # Errors
    /// When there is one already, or when a terminal would show it.
    pub(crate) fn begin_binary(&self, format: impl std::fmt::Display) -> Result<()> {
        if self.is_terminal() {
            return Err(Error::command(format!(
                "{format} is for files and pipes, not for a terminal; `-o FILE` or `.once FILE` writes a file"
            )));
        }
        if self.results > 0 {
            return Err(Error::command(format!(
                "{format} holds one result, found another for the same output; `.once FILE` gives each its own"
            )));
        }
        Ok(())
    }

    /// Whether a person reads what is written.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.target, Target::Standard(_) | Target::Pager(_)) && io::stdout().is_terminal()
    }
}

impl Target {
    fn new(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Standard(BufWriter::new(io::stdout())));
        };
        match WholeFile::create(path) {
            Ok(file) => Ok(Self::File(file)),
            Err(source) => Err(Error::File {
                path: path.to_owned(),
                source,
            }),
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Standard(out) => out,
            Self::File(out) => out,
            Self::Pager(out) => out,
        }
    }

    /// The error with the name of the file that it is about.
    fn named(&self, error: io::Error) -> io::Error {
        match self {
            Self::File(file) => io::Error::new(error.kind(), format!("{}: {error}", file.path().display())),
            Self::Standard(_) | Self::Pager(_) => error,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.target.writer().write(bytes);
        written.map_err(|error| self.target.named(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.target.writer().flush();
        flushed.map_err(|error| self.target.named(error))
    }
}
