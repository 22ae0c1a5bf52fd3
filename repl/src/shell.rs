//! The shell's state: an open session, where results go and how they look.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    sync::Arc,
};

use helioql::{Engine, Kind, Session, patch::Patch};

use crate::{
    args::{Invocation, Value},
    error::{Error, Result},
    progress::Meter,
    render::View,
    tasks::Tasks,
};

/// Who is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A person at a terminal, who sees a part of large results.
    Prompt,
    /// A script, whose results are written whole.
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
    pub(crate) out: Box<dyn Write>,
    /// How they look.
    pub(crate) view: View,
    /// The patches of the last result that had any.
    pub(crate) patches: Vec<Patch>,
    /// Whether the time of each statement is told.
    pub(crate) timer: bool,
}

impl Shell {
    /// Opens what the arguments name.
    ///
    /// # Errors
    /// When the catalogue cannot be opened or the output file cannot be made.
    pub(crate) fn open(invocation: &Invocation, mode: Mode) -> Result<Self> {
        let out = output(invocation)?;
        let talks = io::stderr().is_terminal() && !invocation.quiet;
        let (mut tasks, meter) = (Tasks::new()?, Arc::new(Meter::new(talks)));
        let engine = engine(invocation, &mut tasks, &meter)?;
        if talks && mode == Mode::Script && engine.kind() == Kind::Demo {
            writeln!(
                io::stderr(),
                "note: no catalogue was named, so this is the demo, whose regions are SIMULATED"
            )?;
        }
        let session = tasks.run(|| (), async move { engine.session().await })??;
        for (name, value) in &invocation.parameters {
            bind(&session, name, value);
        }
        let reporter = Arc::clone(&meter);
        session.on_progress(talks.then(|| -> Box<dyn Fn(&_) + Send + Sync> {
            Box::new(move |progress| helioql::Observer::report(&*reporter, progress))
        }));
        let colour = invocation.output.is_none() && io::stdout().is_terminal() && colour_is_welcome();
        let view = View::new(invocation.format, mode == Mode::Prompt, colour);
        Ok(Self {
            session: Arc::new(session),
            tasks,
            meter,
            out,
            view,
            patches: Vec::new(),
            timer: false,
        })
    }

    /// Writes out what is still buffered.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn finish(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }
}

/// Whether colours may be used on a terminal: <https://no-color.org>.
pub(crate) fn colour_is_welcome() -> bool {
    let is = |name: &str, test: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| test(&value));
    !is("NO_COLOR", |value| !value.is_empty()) && !is("TERM", |value| value == "dumb")
}

fn output(invocation: &Invocation) -> Result<Box<dyn Write>> {
    match &invocation.output {
        None => Ok(Box::new(BufWriter::new(io::stdout()))),
        Some(path) => match File::create(path) {
            Ok(file) => Ok(Box::new(BufWriter::new(file))),
            Err(source) => Err(Error::File {
                path: path.clone(),
                source,
            }),
        },
    }
}

fn engine(invocation: &Invocation, tasks: &mut Tasks, meter: &Arc<Meter>) -> Result<Engine> {
    let (catalogue, observer) = (invocation.catalogue.clone(), Arc::clone(meter));
    let open = move || match catalogue {
        Some(path) => Engine::open(path),
        None => Engine::demo(&*observer),
    };
    let engine = tasks.run_blocking(|| meter.cancel(), open)?;
    meter.clear();
    Ok(engine?)
}

fn bind(session: &Session, name: &str, value: &Value) {
    match value {
        Value::Integer(value) => session.bind(name, *value),
        Value::Real(value) => session.bind(name, *value),
        Value::Boolean(value) => session.bind(name, *value),
        Value::Text(value) => session.bind(name, value.as_str()),
    }
}
