//! Runs a text: the same path for the prompt, a script and an argument.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Instant,
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use futures::StreamExt;
use helioql_grammar::{Diagnostic, Location, Span, Statement, parse};

use crate::{
    command,
    error::{Error, Failure, Result},
    patches,
    script::{Piece, Source, pieces},
    shell::Shell,
};

/// Whether there is more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Go on with the next statement.
    Continue,
    /// Leave the shell.
    Quit,
}

/// What a running statement hands over: its schema, once, then its rows.
#[derive(Debug)]
pub(crate) enum Event {
    /// The columns.
    Schema(SchemaRef),
    /// Some rows.
    Rows(RecordBatch),
}

impl Shell {
    /// Runs every statement and meta-command of a text; stops at the first that fails.
    ///
    /// # Errors
    /// What failed, with the text that its place counts in.
    pub(crate) fn run(&mut self, source: &Source) -> Result<Flow, Failure> {
        for piece in pieces(&source.text) {
            let (result, text) = match piece {
                Piece::Sql(text) => (self.script(&text).map(|()| Flow::Continue), text),
                Piece::Command { text, line } => {
                    let result = command::run(self, &text).map_err(|error| place(error, line));
                    (result, source.text.clone())
                }
            };
            // Results stand before the error that follows them, and before the next prompt.
            let flushed = self.finish();
            match result.and_then(|flow| flushed.map(|()| flow)) {
                Ok(Flow::Continue) => {}
                Ok(Flow::Quit) => return Ok(Flow::Quit),
                Err(error) => {
                    return Err(Failure {
                        error,
                        source: Source {
                            name: source.name.clone(),
                            text,
                        },
                    });
                }
            }
        }
        Ok(Flow::Continue)
    }

    /// Runs the statements of a text without meta-commands.
    fn script(&mut self, text: &str) -> Result<()> {
        for statement in parse(text)? {
            let start = Instant::now();
            self.show(statement)?;
            if self.timer {
                self.finish()?;
                writeln!(io::stderr(), "({:.3} s)", start.elapsed().as_secs_f64())?;
            }
        }
        Ok(())
    }

    /// Runs one statement and writes its rows.
    fn show(&mut self, statement: Statement) -> Result<()> {
        let Self {
            session,
            tasks,
            meter,
            out,
            view,
            patches,
            ..
        } = self;
        let mut renderer = view.renderer();
        let mut found = Vec::new();
        let mut silent = true;
        let result = run(session, tasks, statement, |event| match event {
            // A statement without columns, such as CREATE VIEW, has nothing to show.
            Event::Schema(schema) => {
                silent = schema.fields().is_empty();
                if silent {
                    Ok(())
                } else {
                    renderer.begin(&schema, out)
                }
            }
            Event::Rows(_) if silent => Ok(()),
            Event::Rows(batch) => {
                patches::keep(&mut found, &batch)?;
                renderer.rows(&batch, out)
            }
        });
        meter.clear();
        result?;
        if !found.is_empty() {
            *patches = found;
        }
        if silent { Ok(()) } else { renderer.end(out) }
    }

    /// Runs one statement and gives its schema and rows to `receive`.
    ///
    /// # Errors
    /// When it is not a statement or fails, and the errors of `receive`.
    pub(crate) fn query(&mut self, text: &str, receive: impl FnMut(Event) -> Result<()>) -> Result<()> {
        let [statement] = <[Statement; 1]>::try_from(parse(text)?)
            .map_err(|_| Error::command("one statement was expected"))?;
        let result = run(&self.session, &self.tasks, statement, receive);
        self.meter.clear();
        result
    }

    /// Runs one statement, such as a meta-command stands for, and writes its rows.
    ///
    /// # Errors
    /// As [`Shell::query`], and when the output cannot be written.
    pub(crate) fn show_query(&mut self, text: &str) -> Result<()> {
        parse(text)?
            .into_iter()
            .try_for_each(|statement| self.show(statement))
    }
}

/// Runs `statement` on the engine's threads; Ctrl-C cancels it.
fn run(
    session: &Arc<helioql::Session>,
    tasks: &crate::tasks::Tasks,
    statement: Statement,
    receive: impl FnMut(Event) -> Result<()>,
) -> Result<()> {
    let running = Arc::clone(session);
    let work = |sender: tokio::sync::mpsc::Sender<Event>| async move {
        let frame = running.execute(&statement).await?;
        let mut stream = frame.execute_stream().await?;
        // Sending fails only when nobody listens any more, and then there is no more to do.
        if sender.send(Event::Schema(stream.schema())).await.is_err() {
            return Ok(());
        }
        while let Some(batch) = stream.next().await {
            if sender.send(Event::Rows(batch?)).await.is_err() {
                break;
            }
        }
        Ok::<(), helioql::Error>(())
    };
    Ok(tasks.stream(|| session.cancel_handle().cancel(), work, receive)??)
}

/// Gives the mistakes of a meta-command the place of its line.
fn place(error: Error, line: usize) -> Error {
    match error {
        Error::Command(Diagnostic { span: None, .. }) => {
            let Error::Command(diagnostic) = error else {
                return error;
            };
            let at = |column| Location::new(line as u64, column);
            Error::Command(diagnostic.with_span(Span::new(at(1), at(u64::MAX))))
        }
        other => other,
    }
}
