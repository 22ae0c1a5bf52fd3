//! The prompt: lines in, results out, until Ctrl-D. An error, an interruption or a panic ends a statement
//! and never the shell.

use std::{fs, io::Write, path::PathBuf, sync::Arc};

use helioql::Kind;
use rustyline::{ColorMode, CompletionType, Config, Editor, error::ReadlineError, history::DefaultHistory};

use crate::{
    error::{Failure, Result},
    exec::Flow,
    helper::ShellHelper,
    panics,
    render::{Screen, report},
    script::Source,
    shell::{Shell, colour_is_welcome},
    words::Words,
};

const PROMPT: &str = "helioql> ";
/// Names the history file, or none at all when it is empty.
const HISTORY_VARIABLE: &str = "HELIOQL_HISTORY";
const HISTORY_ENTRIES: usize = 10_000;

/// Reads and runs until the user leaves.
///
/// # Errors
/// When the terminal or the output fails; the errors of statements are shown and forgotten.
pub(crate) fn run(shell: &mut Shell) -> Result<(), Failure> {
    let mut editor = editor()?;
    let history = history();
    if let Some(path) = &history {
        // The first session has no history yet.
        let _ = editor.load_history(path);
    }
    writeln!(shell.out, "{}", banner(shell))?;
    loop {
        shell.finish()?;
        refresh(shell, &mut editor);
        let text = match editor.readline(PROMPT) {
            Ok(text) => text,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        remember(&mut editor, history.as_ref(), &text);
        match panics::guard(|| shell.run(&Source::of(text))) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Quit) => return Ok(()),
            Err(failure) if failure.error.is_closed_pipe() => return Err(failure),
            Err(failure) => {
                shell.meter.clear();
                report::print(&failure);
            }
        }
    }
}

fn editor() -> Result<Editor<ShellHelper, DefaultHistory>> {
    let colour = if colour_is_welcome() {
        ColorMode::Enabled
    } else {
        ColorMode::Disabled
    };
    let config = Config::builder()
        .color_mode(colour)
        .completion_type(CompletionType::List)
        .history_ignore_dups(true)?
        .history_ignore_space(true)
        .max_history_size(HISTORY_ENTRIES)?
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(ShellHelper::default()));
    Ok(editor)
}

/// Takes up the terminal's width, and the names that the last statement may have made or removed. Without
/// them the prompt works too: a table that cannot be read is told when it is queried.
fn refresh(shell: &mut Shell, editor: &mut Editor<ShellHelper, DefaultHistory>) {
    if let Some((width, _)) = editor.dimensions() {
        shell.view.screen = Some(Screen {
            width: width.into(),
            ..Screen::default()
        });
    }
    let session = Arc::clone(&shell.session);
    let words = shell.tasks.run(|| (), async move { Words::of(&session).await });
    if let (Some(helper), Ok(Ok(words))) = (editor.helper_mut(), words) {
        helper.completer.words = words;
    }
}

/// What is open.
fn banner(shell: &Shell) -> String {
    let engine = shell.session.engine();
    let open = match (engine.kind(), engine.catalogue()) {
        (Kind::Demo, _) => "the demo catalogue: its regions are SIMULATED, none was observed".to_owned(),
        (_, Some(catalogue)) => format!("catalogue {}", catalogue.root().display()),
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

/// Adds a statement to the history at once, so that a shell that is killed loses nothing. A history that
/// cannot be written is no reason to stop.
fn remember(editor: &mut Editor<ShellHelper, DefaultHistory>, history: Option<&PathBuf>, text: &str) {
    if text.trim().is_empty() || !editor.add_history_entry(text).unwrap_or(false) {
        return;
    }
    if let Some(path) = history {
        let _ = path.parent().map(fs::create_dir_all);
        let _ = editor.append_history(path);
    }
}
