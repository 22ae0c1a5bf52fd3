//! The shell's state: an open session, where results go and how they look.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use helioql::{Access, Engine, Kind, Session};
use helioql_grammar::Constant;

use crate::{
    args::{Colour, Invocation, Limits},
    error::{Error, Result},
    images::Protocol,
    output::Output,
    patches::Kept,
    progress::{Meter, Opening},
    render::{Screen, View, magnetogram::Means},
    tasks::Tasks,
    terminal,
};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A person at a prompt.
    Prompt,
    /// A script.
    Script,
}

/// Everything that running a statement or a meta-command needs.
pub(crate) struct Shell {
    /// What statements run in.
    pub(crate) session: Arc<Session>,
    /// What they run on.
    pub(crate) tasks: Tasks,
    /// What shows how far they are.
    pub(crate) meter: Arc<Meter>,
    /// Where results go.
    pub(crate) out: Output,
    /// How they look.
    pub(crate) view: View,
    /// The patches of the last result that had any.
    pub(crate) kept: Vec<Kept>,
    /// Whether the time of each statement is told.
    pub(crate) timer: bool,
    /// Whether what is longer than the screen goes to a pager.
    pub(crate) pager: bool,
    /// Whether the patches of a result are drawn small below it.
    pub(crate) previews: bool,
    /// Who is at the other end.
    pub(crate) mode: Mode,
    /// The parameters, by name.
    pub(crate) parameters: Vec<(String, Constant)>,
    /// What was typed at the prompt, now and before, the oldest first; nothing in a script.
    pub(crate) typed: Vec<String>,
    /// What the next prompt begins with.
    pub(crate) draft: Option<String>,
    /// Scripts that are being read inside one another.
    pub(crate) reading: usize,
    /// When colours are used.
    pub(crate) colour: Colour,
    access: Access,
    limits: Limits,
}

impl Shell {
    /// Opens what the arguments name.
    ///
    /// # Errors
    /// When the catalogue cannot be opened or the output file cannot be made.
    pub(crate) fn open(invocation: &Invocation, mode: Mode) -> Result<Self> {
        let talks = io::stderr().is_terminal() && !invocation.quiet;
        let (access, limits) = (invocation.access, invocation.limits);
        if let Some(threads) = limits.threads {
            // It fails only where the threads run already, and nothing has run yet.
            let _ = rayon::ThreadPoolBuilder::new()
                .num_threads(threads.get())
                .build_global();
        }
        let meter = Arc::new(Meter::new(talks));
        let mut tasks = Tasks::new(Arc::clone(&meter), limits.threads)?;
        let engine = engine(invocation.catalogue.as_deref(), access, &mut tasks, &meter)?;
        if talks && mode == Mode::Script && engine.kind() == Kind::Demo {
            writeln!(
                io::stderr(),
                "note: no catalogue was named, so this is the demo, whose regions are SIMULATED"
            )?;
        }
        let session = session(&engine, access, limits, &mut tasks, &meter)?;
        tasks.limit = limits.time;
        // Last, so that a file is not emptied by a catalogue that cannot be opened.
        let out = Output::new(invocation.output.as_deref())?;
        // Whether it is cut and coloured is decided for each result, by where that goes.
        let mut view = View::new(invocation.format, io::stdout().is_terminal(), false);
        view.images = invocation.images;
        let mut shell = Self {
            session: Arc::new(session),
            tasks,
            meter,
            out,
            view,
            kept: Vec::new(),
            timer: false,
            pager: mode == Mode::Prompt,
            previews: mode == Mode::Prompt,
            mode,
            parameters: Vec::new(),
            typed: Vec::new(),
            draft: None,
            reading: 0,
            colour: invocation.colour,
            access,
            limits,
        };
        for (name, value) in &invocation.parameters {
            shell.bind(name, value.clone());
        }
        shell.resize();
        Ok(shell)
    }

    /// Goes on with another catalogue; the parameters and the looks stay.
    ///
    /// # Errors
    /// When it cannot be opened; then the present one stays.
    pub(crate) fn open_catalogue(&mut self, path: Option<&Path>) -> Result<()> {
        let engine = engine(path, self.access, &mut self.tasks, &self.meter)?;
        let session = session(&engine, self.access, self.limits, &mut self.tasks, &self.meter)?;
        for (name, value) in &self.parameters {
            session.bind(name, value.clone());
        }
        self.session = Arc::new(session);
        self.kept.clear();
        Ok(())
    }

    /// Sets a parameter for the statements that follow.
    pub(crate) fn bind(&mut self, name: &str, value: Constant) {
        self.session.bind(name, value.clone());
        let name = name.to_lowercase();
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value));
        self.parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// Refuses what a safe session must not do; `what` is the command.
    ///
    /// # Errors
    /// In a safe session.
    pub(crate) fn check_files(&self, what: &str) -> Result<()> {
        if self.access.safe {
            let message =
                format!("`.{what}` would leave the catalogue, and the session was opened as a safe one");
            return Err(Error::command(message));
        }
        Ok(())
    }

    /// How the next result looks where it goes: cut and coloured on a screen, whole and plain elsewhere.
    pub(crate) fn look(&self) -> View {
        let on_terminal = self.out.is_terminal();
        View {
            screen: self.view.screen.filter(|_| on_terminal),
            colour: self.colour.on(on_terminal),
            ..self.view.clone()
        }
    }

    /// How pictures are drawn now; `None` for not at all.
    pub(crate) fn means(&self) -> Option<Means> {
        let on_terminal = self.out.is_terminal();
        let may_ask = on_terminal && self.mode == Mode::Prompt;
        let protocol = self.view.images.protocol(may_ask)?;
        // An image is for a terminal; whoever reads a file or a pipe gets characters.
        let protocol = if on_terminal { protocol } else { Protocol::Blocks };
        // Only a sixel is as large as its pixels are; the other protocols are told a size in characters.
        let cell = if may_ask && protocol == Protocol::Sixel {
            terminal::answers().cell
        } else {
            None
        };
        Some(Means { protocol, cell })
    }

    /// Takes up the size of the terminal, which may have changed.
    pub(crate) fn resize(&mut self) {
        if let Some(screen) = &mut self.view.screen {
            let usual = Screen::default();
            let (width, height) = terminal::size().unwrap_or((usual.width, usual.height));
            screen.width = terminal::columns().unwrap_or(width);
            screen.height = height.max(2);
        }
    }

    /// Writes out what is still buffered.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn finish(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

impl Colour {
    /// Whether colours are used on what is a terminal or not: <https://no-color.org>.
    pub(crate) fn on(self, terminal: bool) -> bool {
        match self {
            Self::Auto => terminal && colour_is_welcome(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

fn colour_is_welcome() -> bool {
    let is = |name: &str, test: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| test(&value));
    !is("NO_COLOR", |value| !value.is_empty()) && !is("TERM", |value| value == "dumb")
}

fn engine(path: Option<&Path>, access: Access, tasks: &mut Tasks, meter: &Arc<Meter>) -> Result<Engine> {
    let (path, opening) = (path.map(Path::to_owned), Arc::new(Opening::new(meter)));
    let observer = Arc::clone(&opening);
    let open = move || match path {
        // What is only read is not made.
        Some(path) if access.readonly && !Engine::is_url(&path) && !path.exists() => Err(missing(path)),
        Some(path) => Ok(Engine::open_with(path, &*observer)?),
        None => Ok(Engine::demo(&*observer)?),
    };
    let engine = tasks.run_blocking(|| opening.cancel(), open);
    meter.end();
    engine?
}

fn missing(path: PathBuf) -> Error {
    Error::File {
        path,
        source: io::Error::new(
            io::ErrorKind::NotFound,
            "there is no catalogue, and --readonly makes none",
        ),
    }
}

/// A session within the limits.
fn session(
    engine: &Engine,
    access: Access,
    limits: Limits,
    tasks: &mut Tasks,
    meter: &Arc<Meter>,
) -> Result<Session> {
    let engine = engine.clone();
    let open = async move {
        let session = engine.session_with(access).await?;
        // Past our own statements, which a safe session does not let change its limits.
        let context = session.context();
        if let Some(bytes) = limits.memory {
            let kilobytes = (bytes >> 10).max(1);
            let set = format!("SET datafusion.runtime.memory_limit = '{kilobytes}K'");
            context.sql(&set).await?;
        }
        if let Some(threads) = limits.threads {
            let set = format!("SET datafusion.execution.target_partitions = {threads}");
            context.sql(&set).await?;
        }
        Ok::<_, helioql::Error>(session)
    };
    let session = tasks.run(|| (), open)??;
    let reporter = Arc::clone(meter);
    session.on_progress(Some(Box::new(move |progress| {
        reporter.report(progress);
    })));
    let meter = Arc::clone(meter);
    session.on_warning(Some(Box::new(move |warning| {
        meter.pause();
        let _ = writeln!(io::stderr(), "warning: {warning}");
    })));
    Ok(session)
}
