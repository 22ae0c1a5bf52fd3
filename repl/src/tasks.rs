//! The engine's threads, and waiting for them with an ear for Ctrl-C.
//!
//! Two runtimes: statements run on the workers, this thread waits on a small one of its own, so that work
//! which computes for seconds without a pause blocks its worker but never the waiting. After Ctrl-C such
//! work may still hold every worker (a nested-loop join in `DataFusion` 55 does), so they are left to end
//! by themselves, at their next pause or look at the cancel flag, and the next statement gets new ones.
//!
//! Workers have large stacks, because planning recurses with the depth of a query.

use std::{io, panic::resume_unwind};

use tokio::{
    runtime::{Builder, Runtime},
    signal::ctrl_c,
    sync::mpsc,
    task::{JoinError, spawn_blocking},
};

use crate::error::{Error, Result};

const STACK_BYTES: usize = 16 << 20;
/// Batches that may wait to be written, so that the engine computes the next while one is written.
const AHEAD: usize = 2;

/// Runs work on the engine's threads.
#[derive(Debug)]
pub(crate) struct Tasks {
    workers: Workers,
    waiting: Runtime,
}

impl Tasks {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            workers: Workers::new()?,
            waiting: Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// Runs `work` on a worker and gives what it sends to `receive` on this thread. Ctrl-C, and an error
    /// of `receive`, call `cancel` and abandon the work.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C, and the errors of `receive`.
    ///
    /// # Panics
    /// As the work does; [`crate::panics::guard`] makes an error of it.
    pub(crate) fn stream<T, F>(
        &mut self,
        cancel: impl Fn(),
        work: impl FnOnce(mpsc::Sender<T>) -> F,
        mut receive: impl FnMut(T) -> Result<()>,
    ) -> Result<F::Output>
    where
        T: Send,
        F: Future<Output: Send> + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let mut task = self.workers.runtime().spawn(work(sender));
        let result = self.waiting.block_on(async {
            let mut interrupt = std::pin::pin!(ctrl_c());
            loop {
                tokio::select! {
                    biased;
                    _ = &mut interrupt => return Err(Error::Interrupted),
                    item = receiver.recv() => match item {
                        Some(item) => receive(item)?,
                        None => break,
                    },
                }
            }
            tokio::select! {
                biased;
                _ = &mut interrupt => Err(Error::Interrupted),
                result = &mut task => result.map_err(unwind),
            }
        });
        if result.is_err() {
            cancel();
            self.workers = Workers::new()?;
        }
        result
    }

    /// Runs `work` on a worker until it is done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C.
    pub(crate) fn run<F>(&mut self, cancel: impl Fn(), work: F) -> Result<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        // The sender lives as long as the work, so that its end is the end of the stream.
        let work = |sender: mpsc::Sender<()>| async move {
            let _sender = sender;
            work.await
        };
        self.stream(cancel, work, Ok)
    }

    /// Runs `work`, which does not know of tasks, on a thread of its own until it is done.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C.
    pub(crate) fn run_blocking<R: Send + 'static>(
        &mut self,
        cancel: impl Fn(),
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R> {
        let work = async move { spawn_blocking(work).await.map_err(unwind) };
        self.run(cancel, work)?
    }
}

/// Threads that are never waited for: dropping them abandons what they do.
#[derive(Debug)]
struct Workers(Option<Runtime>);

impl Workers {
    fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    fn runtime(&self) -> &Runtime {
        self.0
            .as_ref()
            .expect("the runtime is taken only when it is dropped")
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A panic goes on where it is waited for; a task ends otherwise only when it is abandoned.
fn unwind(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(payload) => resume_unwind(payload),
        Err(_) => Error::Interrupted,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        panic::{AssertUnwindSafe, catch_unwind},
        thread,
        time::Duration,
    };

    use super::*;

    #[test]
    fn what_is_sent_arrives_in_order_before_the_result() {
        let mut tasks = Tasks::new().expect("threads");
        let mut received = Vec::new();
        let work = |sender: mpsc::Sender<u32>| async move {
            for item in 0..10 {
                sender.send(item).await.expect("the receiver waits");
            }
            "done"
        };
        let result = tasks.stream(
            || (),
            work,
            |item| {
                received.push(item);
                Ok(())
            },
        );
        assert_eq!(result.expect("no error"), "done");
        assert_eq!(received, (0..10).collect::<Vec<_>>());
    }

    #[test]
    fn a_failing_receiver_cancels_endless_work() {
        let mut tasks = Tasks::new().expect("threads");
        let cancelled = Cell::new(false);
        let work = |sender: mpsc::Sender<()>| async move { while sender.send(()).await.is_ok() {} };
        let full = |()| Err(io::Error::from(io::ErrorKind::StorageFull).into());
        assert!(matches!(
            tasks.stream(|| cancelled.set(true), work, full),
            Err(Error::Output(_))
        ));
        assert!(cancelled.get());
    }

    #[test]
    fn a_panic_of_the_work_arrives() {
        let mut tasks = Tasks::new().expect("threads");
        let run = || tasks.run_blocking(|| (), || -> u8 { panic!("on purpose") });
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(tasks.run_blocking(|| (), || 7).expect("the threads go on"), 7);
    }

    #[test]
    fn work_that_never_pauses_leaves_the_next_its_threads() {
        let mut tasks = Tasks::new().expect("threads");
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let work = |sender: mpsc::Sender<()>| async move {
            for _ in 0..threads {
                tokio::spawn(async { thread::sleep(Duration::from_mins(1)) });
            }
            sender.send(()).await
        };
        let stop = |()| Err(Error::Interrupted);
        assert!(matches!(tasks.stream(|| (), work, stop), Err(Error::Interrupted)));
        assert_eq!(tasks.run(|| (), async { 7 }).expect("new threads"), 7);
    }
}
