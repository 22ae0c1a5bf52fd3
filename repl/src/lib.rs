//! The `HelioQL` shell: a prompt, scripts and one-off queries over the engine.
//!
//! This is the only crate that prints, and the only one that knows the terminal, colours and exit codes.
//! Whatever a user gives (a query, a script, a line at the prompt) takes one way: `args` → `script` (SQL
//! and meta-commands apart) → `exec` (on the engine's threads, `tasks`) → `render` (batch by batch, on
//! this thread) → standard output or `-o FILE`.

mod args;
mod command;
mod completer;
mod error;
mod exec;
mod exit;
mod helper;
mod highlighter;
mod hinter;
mod images;
mod last;
mod output;
mod pager;
mod panics;
mod patches;
mod progress;
mod prompt;
mod render;
mod script;
mod settings;
mod shell;
mod tasks;
mod terminal;
mod validator;
mod words;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use crate::{
    args::{Init, Input, Invocation, Task},
    error::Failure,
    exec::Flow,
    exit::Exit,
    script::Source,
    shell::Shell,
};

/// Runs the shell with the arguments of the process; the result is its exit code.
pub fn run() -> ExitCode {
    panics::install();
    let invocation = match Invocation::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => {
            // Help and version are answers; whether anyone reads them is not ours to judge.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
            .into();
        }
    };
    match panics::guard(|| start(&invocation)) {
        Ok(()) => Exit::Success.into(),
        Err(failure) if failure.error.is_closed_pipe() => Exit::Success.into(),
        Err(failure) => {
            render::report::print(&failure, invocation.colour);
            failure.error.exit().into()
        }
    }
}

/// Opens the catalogue and runs what the arguments ask for: the inputs in their order, else the prompt,
/// else, when nobody is at a terminal, standard input as a script.
fn start(invocation: &Invocation) -> Result<(), Failure> {
    if let Some(task) = &invocation.task {
        return perform(task);
    }
    let piped = invocation.inputs.is_empty() && !io::stdin().is_terminal();
    if invocation.inputs.is_empty() && !piped {
        let mut shell = Shell::open(invocation, shell::Mode::Prompt)?;
        prompt::run(&mut shell, &invocation.init)?;
        return Ok(shell.out.finish()?);
    }
    let mut shell = Shell::open(invocation, shell::Mode::Script)?;
    let init = match &invocation.init {
        Init::File(path) => Some(Input::File(path.clone())),
        Init::Usual | Init::Nothing => None,
    };
    let stdin = [Input::File("-".into())];
    let inputs = if piped { &stdin[..] } else { &invocation.inputs };
    for input in init.iter().chain(inputs) {
        let source = Source::read(input)?;
        if shell.run(&source)? == Flow::Quit {
            break;
        }
    }
    Ok(shell.out.finish()?)
}

/// Does what takes no catalogue.
fn perform(task: &Task) -> Result<(), Failure> {
    let mut out = io::stdout();
    match task {
        Task::Help { name } => command::help_without_catalogue(&name.join(" "), &mut out)?,
        Task::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut args::command(), "helioql", &mut script);
            out.write_all(&script)?;
        }
        Task::Man => clap_mangen::Man::new(args::command()).render(&mut out)?,
    }
    Ok(())
}
