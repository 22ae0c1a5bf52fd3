//! The engine's threads, and waiting for them with an ear for Ctrl-C.
//!
//! Two runtimes: statements run on the workers, this thread waits on a small one of its own, so that work
//! which computes for seconds without a pause blocks its worker but never the waiting. After Ctrl-C such
//! work may still hold every worker (a nested-loop join in `DataFusion` 55 does), so they are left to end
//! by themselves, at their next pause or look at the cancel flag, and the next statement gets new ones.
//!
//! Workers have large stacks, because planning recurses with the depth of a query.

use std::{
    io,
    num::NonZeroUsize,
    panic::resume_unwind,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    signal::ctrl_c,
    sync::mpsc,
    task::{JoinError, spawn_blocking},
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    error::{Error, Result},
    progress::Meter,
};

const STACK_BYTES: usize = 16 << 20;
/// Batches that may wait to be written, so that the engine computes the next while one is written.
const AHEAD: usize = 2;

/// How often the meter is told how long the work has run.
const TICK: Duration = Duration::from_millis(100);
/// Longer than any work: a limit where none is set.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 30);

/// Runs work on the engine's threads.
#[derive(Debug)]
pub(crate) struct Tasks {
    workers: Workers,
    waiting: Runtime,
    meter: Arc<Meter>,
    /// How long a piece of work may run.
    pub(crate) limit: Option<Duration>,
}

impl Tasks {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub(crate) fn new(meter: Arc<Meter>, threads: Option<NonZeroUsize>) -> io::Result<Self> {
        Ok(Self {
            workers: Workers::new(threads)?,
            waiting: Builder::new_current_thread().enable_all().build()?,
            meter,
            limit: None,
        })
    }

    /// Runs `work` on a worker and gives what it sends to `receive` on this thread. Ctrl-C, the end of its
    /// time and an error of `receive` call `cancel` and abandon the work.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C, [`Error::TimedOut`], and the errors of `receive`.
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
        let (limit, meter) = (self.limit, &self.meter);
        let result = self.waiting.block_on(async {
            let start = Instant::now();
            let mut interrupt = std::pin::pin!(ctrl_c());
            let mut end = std::pin::pin!(sleep(limit.unwrap_or(FOREVER)));
            let timed_out = || Err(Error::TimedOut(limit.unwrap_or(FOREVER)));
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            meter.begin();
            loop {
                tokio::select! {
                    biased;
                    _ = &mut interrupt => return Err(Error::Interrupted),
                    () = &mut end => return timed_out(),
                    _ = ticks.tick() => meter.tick(start.elapsed()),
                    item = receiver.recv() => match item {
                        Some(item) => receive(item)?,
                        None => break,
                    },
                }
            }
            tokio::select! {
                biased;
                _ = &mut interrupt => Err(Error::Interrupted),
                () = &mut end => timed_out(),
                result = &mut task => result.map_err(unwind),
            }
        });
        if result.is_err() {
            cancel();
            self.workers = Workers::new(self.workers.threads)?;
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

    /// Runs `work` beside everything else; nobody waits for it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.workers.runtime().spawn(work);
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
struct Workers {
    runtime: Option<Runtime>,
    threads: Option<NonZeroUsize>,
}

impl Workers {
    fn new(threads: Option<NonZeroUsize>) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_stack_size(STACK_BYTES).enable_all();
        if let Some(threads) = threads {
            builder.worker_threads(threads.get());
        }
        Ok(Self {
            runtime: Some(builder.build()?),
            threads,
        })
    }

    fn runtime(&self) -> &Runtime {
        self.runtime
            .as_ref()
            .expect("the runtime is taken only when it is dropped")
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
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

    fn tasks() -> Tasks {
        Tasks::new(Arc::new(Meter::new(false)), None).expect("threads")
    }

    #[test]
    fn work_ends_with_its_time() {
        let mut tasks = tasks();
        tasks.limit = Some(Duration::from_millis(20));
        let cancelled = Cell::new(false);
        let endless = std::future::pending::<()>();
        let result = tasks.run(|| cancelled.set(true), endless);
        assert!(matches!(result, Err(Error::TimedOut(_))), "{result:?}");
        assert!(cancelled.get());
        tasks.limit = None;
        assert_eq!(tasks.run(|| (), async { 7 }).expect("new threads"), 7);
    }

    #[test]
    fn what_is_sent_arrives_in_order_before_the_result() {
        let mut tasks = tasks();
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
        let mut tasks = tasks();
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
        let mut tasks = tasks();
        let run = || tasks.run_blocking(|| (), || -> u8 { panic!("on purpose") });
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(tasks.run_blocking(|| (), || 7).expect("the threads go on"), 7);
    }

    #[test]
    fn work_that_never_pauses_leaves_the_next_its_threads() {
        let mut tasks = tasks();
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
