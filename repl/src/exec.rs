//! Runs a text: the same path for the prompt, a script and an argument.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Instant,
};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use futures::StreamExt;
use helioql::{Session, datafusion::dataframe::DataFrame};
use helioql_grammar::{Statement, parse};
use tokio::sync::mpsc;

use crate::{
    command,
    error::{Failure, Result},
    images::Images,
    last::Collected,
    patches,
    render::magnetogram,
    script::{Piece, Source, pieces},
    shell::Shell,
    tasks::Tasks,
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
            let result = match piece {
                Piece::Sql(text) => self.script(&text).map(|()| Flow::Continue).map_err(|error| {
                    let name = source.name.clone();
                    Failure::within(Source { name, text }, error)
                }),
                Piece::Command { text, line } => {
                    command::run(self, &text).map_err(|failure| failure.or_at_line(source, line))
                }
            };
            // Results stand before the error that follows them, and before the next prompt.
            let flushed = self.finish();
            if result? == Flow::Quit {
                return Ok(Flow::Quit);
            }
            flushed?;
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
        self.result(|shell| shell.show_rows(statement))
    }

    /// Lets `write` write a result, which is whole or none at all: whether there is one is what it returns.
    fn result(&mut self, write: impl FnOnce(&mut Self) -> Result<bool>) -> Result<()> {
        if self.view.format.is_for_readers() {
            self.page();
        }
        let written = write(self);
        let ended = match written {
            Ok(true) => self.out.end_of_result(),
            Ok(false) | Err(_) => self.out.no_result(),
        };
        // A pager that is left early has shown what its reader wanted.
        match written.and(ended) {
            Err(error) if error.is_closed_pipe() && self.out.is_terminal() => Ok(()),
            result => result,
        }
    }

    /// Writes the rows of a statement, unless it has no columns.
    fn show_rows(&mut self, statement: Statement) -> Result<bool> {
        let view = self.look();
        let for_eyes = view.format.is_for_readers() && view.colour && view.screen.is_some();
        let draws = self.previews && for_eyes && view.images != Images::Off;
        let Self {
            session,
            tasks,
            meter,
            out,
            kept,
            ..
        } = self;
        let mut renderer = view.renderer();
        let (mut found, mut last) = (Vec::new(), Collected::default());
        let mut silent = true;
        let result = run(session, tasks, statement, |event| match event {
            // A statement without columns, such as CREATE VIEW, has nothing to show.
            Event::Schema(schema) => {
                silent = schema.fields().is_empty();
                if silent {
                    return Ok(());
                }
                if view.format.is_binary() {
                    out.begin_binary(view.format)?;
                }
                last.begin(&schema);
                renderer.begin(&schema, out)
            }
            Event::Rows(_) if silent => Ok(()),
            Event::Rows(batch) => {
                meter.end();
                patches::keep(&mut found, &batch)?;
                last.add(&batch);
                renderer.rows(&batch, out)
            }
        });
        meter.end();
        result?;
        if silent {
            return Ok(false);
        }
        last.register(session)?;
        renderer.end(out)?;
        if !found.is_empty() {
            *kept = found;
            if draws {
                magnetogram::strip(kept, &view, out)?;
            }
        }
        Ok(true)
    }

    /// Runs the statement that a meta-command stands for and gives its schema and rows to `receive`.
    ///
    /// # Errors
    /// When it fails, with the statement, and the errors of `receive`.
    pub(crate) fn query(
        &mut self,
        text: &str,
        mut receive: impl FnMut(Event) -> Result<()>,
    ) -> Result<(), Failure> {
        let mut run = || {
            let mut statements = parse(text)?.into_iter();
            statements.try_for_each(|statement| run(&self.session, &mut self.tasks, statement, &mut receive))
        };
        let result = run().map_err(|error| Failure::within(Source::of(text), error));
        self.meter.end();
        result
    }

    /// Runs the statement that a meta-command stands for and writes its rows.
    ///
    /// # Errors
    /// When it fails, with the statement, and when the output cannot be written.
    pub(crate) fn show_query(&mut self, text: &str) -> Result<(), Failure> {
        self.script(text)
            .map_err(|error| Failure::within(Source::of(text), error))
    }

    /// Lets a pager show what follows where it is longer than the screen, until the output's result ends.
    pub(crate) fn page(&mut self) {
        if let Some(screen) = self.view.screen.filter(|_| self.pager) {
            self.out.page(screen.height.saturating_sub(1));
        }
    }

    /// Writes all of a result that a meta-command made itself.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn show_batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.result(|shell| shell.show_all(batch))
    }

    fn show_all(&mut self, batch: &RecordBatch) -> Result<bool> {
        let mut view = self.look();
        if view.format.is_binary() {
            self.out.begin_binary(view.format)?;
        }
        if let Some(screen) = &mut view.screen {
            screen.rows = usize::MAX;
        }
        let mut renderer = view.renderer();
        renderer.begin(&batch.schema(), &mut self.out)?;
        renderer.rows(batch, &mut self.out)?;
        renderer.end(&mut self.out)?;
        let mut last = Collected::default();
        last.begin(&batch.schema());
        last.add(batch);
        last.register(&self.session)?;
        Ok(true)
    }
}

/// Runs `statement` on the engine's threads; Ctrl-C cancels it.
fn run(
    session: &Arc<Session>,
    tasks: &mut Tasks,
    statement: Statement,
    receive: impl FnMut(Event) -> Result<()>,
) -> Result<()> {
    let running = Arc::clone(session);
    let work = |sender: mpsc::Sender<Event>| async move {
        let frame = running.execute(&statement).await?;
        match send(frame, &sender).await {
            Ok(()) => Ok(()),
            Err(error) => Err(running.located(error, &statement).await),
        }
    };
    Ok(tasks.stream(|| session.cancel_handle().cancel(), work, receive)??)
}

/// Sends the rows of a frame as they are computed. Sending fails only when nobody listens any more, and then there is
/// no more to do.
async fn send(frame: DataFrame, sender: &mpsc::Sender<Event>) -> Result<(), helioql::Error> {
    let mut stream = frame.execute_stream().await?;
    let mut open = sender.send(Event::Schema(stream.schema())).await.is_ok();
    while open && let Some(batch) = stream.next().await {
        open = sender.send(Event::Rows(batch?)).await.is_ok();
    }
    Ok(())
}
