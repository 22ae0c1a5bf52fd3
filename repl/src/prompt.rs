//! The prompt: lines in, results out, until Ctrl-D or Ctrl-C twice. An error, an interruption or a panic ends a
//! statement and never the shell.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use helioql::Kind;
use rustyline::{ColorMode, CompletionType, Config, Editor, error::ReadlineError, history::DefaultHistory};

use crate::{
    args::{Init, Input},
    error::{Failure, Result},
    exec::Flow,
    helper::ShellHelper,
    panics,
    render::report,
    script::Source,
    shell::Shell,
    terminal::Silence,
    words::Vocabulary,
};

const PROMPT: &str = "helioql> ";
/// Names the history file, or none at all when it is empty.
const HISTORY_VARIABLE: &str = "HELIOQL_HISTORY";
const HISTORY_ENTRIES: usize = 10_000;

/// Reads and runs until the user leaves.
///
/// # Errors
/// When the terminal or the output fails; the errors of statements are shown and forgotten.
pub(crate) fn run(shell: &mut Shell, init: &Init) -> Result<(), Failure> {
    let vocabulary = Vocabulary::default();
    let mut editor = editor(shell, &vocabulary)?;
    let _silence = Silence::begin();
    let history = history();
    if let Some(path) = &history {
        recall(&mut editor, path);
        shell.typed = editor.history().iter().cloned().collect();
    }
    writeln!(io::stdout(), "{}", banner(shell))?;
    if prepare(shell, init) == Flow::Quit {
        return Ok(());
    }
    let refresh = |shell: &Shell| {
        let session = Arc::clone(&shell.session);
        shell.tasks.spawn(vocabulary.clone().refresh(session));
    };
    refresh(shell);
    let mut leaving = false;
    loop {
        shell.finish()?;
        shell.resize();
        let read = match shell.draft.take() {
            Some(draft) => editor.readline_with_initial(PROMPT, (&draft, "")),
            None => editor.readline(PROMPT),
        };
        let text = match read {
            Ok(text) => text,
            // A draft is let go of, and nothing else.
            Err(ReadlineError::Interrupted) if editor.helper().is_some_and(ShellHelper::is_drafting) => {
                leaving = false;
                continue;
            }
            Err(ReadlineError::Interrupted) if leaving => return Ok(()),
            Err(ReadlineError::Interrupted) => {
                leaving = true;
                writeln!(
                    io::stdout(),
                    "(Ctrl-C once more leaves; so do Ctrl-D and `.quit`)"
                )?;
                continue;
            }
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        leaving = false;
        if remember(&mut editor, history.as_ref(), &text) {
            shell.typed.push(text.clone());
        }
        match panics::guard(|| shell.run(&Source::of(text))) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Quit) => return Ok(()),
            Err(failure) if failure.error.is_closed_pipe() => return Err(failure),
            Err(failure) => {
                shell.meter.end();
                report::print(&failure, shell.colour);
            }
        }
        refresh(shell);
    }
}

/// Runs the script that comes first. One that fails is told of, and the prompt opens all the same.
fn prepare(shell: &mut Shell, init: &Init) -> Flow {
    let path = match init {
        Init::Nothing => return Flow::Continue,
        Init::File(path) => path.clone(),
        Init::Usual => match usual_init() {
            Some(path) if path.exists() => path,
            _ => return Flow::Continue,
        },
    };
    let run = || shell.run(&Source::read(&Input::File(path.clone()))?);
    match panics::guard(run) {
        Ok(flow) => flow,
        Err(failure) => {
            report::print(&failure, shell.colour);
            // Nothing is left to be done when even that cannot be written.
            let _ = writeln!(io::stderr(), "note: the rest of {} was not run", path.display());
            Flow::Continue
        }
    }
}

/// `init.sql` of the user's configuration.
fn usual_init() -> Option<PathBuf> {
    Some(dirs::config_dir()?.join("helioql").join("init.sql"))
}

fn editor(shell: &Shell, vocabulary: &Vocabulary) -> Result<Editor<ShellHelper, DefaultHistory>> {
    let colour = if shell.colour.on(true) {
        ColorMode::Enabled
    } else {
        ColorMode::Disabled
    };
    let config = Config::builder()
        .color_mode(colour)
        .completion_type(CompletionType::List)
        .bracketed_paste(true)
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .max_history_size(HISTORY_ENTRIES)?
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(ShellHelper::new(vocabulary)));
    Ok(editor)
}

/// What is open.
fn banner(shell: &Shell) -> String {
    let engine = shell.session.engine();
    let open = match (engine.kind(), engine.catalogue()) {
        (Kind::Demo, _) => "the demo catalogue: its regions are SIMULATED, none was observed".to_owned(),
        (_, Some(catalogue)) => match catalogue.origin() {
            Some(origin) => format!("catalogue {origin}, to be read only"),
            None => format!("catalogue {}", catalogue.root().display()),
        },
        (_, None) => "an empty catalogue in memory".to_owned(),
    };
    format!(
        "HelioQL {}, {open}.\nStatements end with a semicolon; `.help` shows more.",
        env!("CARGO_PKG_VERSION")
    )
}

/// The history file: that of [`HISTORY_VARIABLE`], else one under the user's state or data directory.
fn history() -> Option<PathBuf> {
    match std::env::var_os(HISTORY_VARIABLE) {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(path.into()),
        None => Some(
            dirs::state_dir()
                .or_else(dirs::data_local_dir)?
                .join("helioql")
                .join("history"),
        ),
    }
}

/// Reads the history and writes it back without what is in it more than once, of which the last stays.
fn recall(editor: &mut Editor<ShellHelper, DefaultHistory>, path: &Path) {
    // The first session has no history yet, and one that cannot be read is no reason to stop.
    if editor.load_history(path).is_err() {
        return;
    }
    let mut seen = BTreeSet::new();
    let all: Vec<String> = editor.history().iter().cloned().collect();
    let mut kept: Vec<String> = all
        .iter()
        .rev()
        .filter(|entry| seen.insert(*entry))
        .cloned()
        .collect();
    if kept.len() == all.len() || editor.clear_history().is_err() {
        return;
    }
    while let Some(entry) = kept.pop() {
        let _ = editor.add_history_entry(entry);
    }
    let _ = editor.save_history(path);
}

/// Adds a statement to the history at once, so that a shell that is killed loses nothing; whether it is a new one. A
/// history that cannot be written is no reason to stop.
fn remember(editor: &mut Editor<ShellHelper, DefaultHistory>, history: Option<&PathBuf>, text: &str) -> bool {
    if text.trim().is_empty() || !editor.add_history_entry(text).unwrap_or(false) {
        return false;
    }
    if let Some(path) = history {
        let _ = path.parent().map(fs::create_dir_all);
        let _ = editor.append_history(path);
    }
    true
}
