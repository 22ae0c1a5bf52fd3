//! The progress of long statements as one line on standard error, with rate and time left: only for people who
//! watch it.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use helioql::{Observer, Progress};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// Queries that take longer than this show that they run.
const SHORT: Duration = Duration::from_secs(1);
/// What is shown of a statement that reports nothing itself.
const RUNNING: &str = "running";

/// Draws one bar at a time, the latest task's; draws nothing when it is made hidden.
#[derive(Debug)]
pub(crate) struct Meter {
    visible: bool,
    /// Rows are being written, among which a bar would stand, or nothing runs.
    hushed: AtomicBool,
    bar: Mutex<Option<(String, ProgressBar)>>,
}

impl Meter {
    /// A meter that is seen, or not.
    pub(crate) fn new(visible: bool) -> Self {
        Self {
            visible,
            hushed: AtomicBool::new(false),
            bar: Mutex::default(),
        }
    }

    /// Starts with a statement.
    pub(crate) fn begin(&self) {
        self.hushed.store(false, Ordering::Relaxed);
    }

    /// Says that a statement runs, once it has for a while and unless it says more itself.
    pub(crate) fn tick(&self, elapsed: Duration) {
        let mut current = self.bar();
        if elapsed < SHORT || !self.is_drawing() {
            return;
        }
        let (_, bar) = current.get_or_insert_with(|| (RUNNING.to_owned(), spinner(elapsed)));
        bar.tick();
    }

    /// Shows how far a task is.
    pub(crate) fn report(&self, progress: &Progress) {
        let mut current = self.bar();
        if !self.is_drawing() {
            return;
        }
        if current.as_ref().is_none_or(|(task, _)| *task != progress.task) {
            if let Some((_, old)) = current.take() {
                old.finish_and_clear();
            }
            *current = Some((progress.task.clone(), bar(progress)));
        }
        if let Some((_, bar)) = current.as_ref() {
            bar.set_message(metrics(progress));
            bar.set_position(progress.step);
        }
    }

    /// Takes the bar away until the next report, since a line is written where it stands.
    pub(crate) fn pause(&self) {
        if let Some((_, bar)) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    /// Takes the bar away until the next statement: rows are written, or this one has ended. What was cancelled may
    /// report once more.
    pub(crate) fn end(&self) {
        if !self.hushed.load(Ordering::Relaxed) {
            let mut current = self.bar();
            self.hushed.store(true, Ordering::Relaxed);
            if let Some((_, bar)) = current.take() {
                bar.finish_and_clear();
            }
        }
    }

    fn is_drawing(&self) -> bool {
        self.visible && !self.hushed.load(Ordering::Relaxed)
    }

    fn bar(&self) -> MutexGuard<'_, Option<(String, ProgressBar)>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What watches the opening of a catalogue, and can cancel it.
#[derive(Debug)]
pub(crate) struct Opening {
    meter: Arc<Meter>,
    cancelled: AtomicBool,
}

impl Opening {
    /// Reports to `meter`.
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        Self {
            meter: Arc::clone(meter),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Asks what is opening to stop.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

impl Observer for Opening {
    fn report(&self, progress: &Progress) {
        if !self.is_cancelled() {
            self.meter.report(progress);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

fn bar(progress: &Progress) -> ProgressBar {
    if progress.steps > 0 {
        let template = "{prefix} [{bar:30}] {pos}/{len} {rate} eta {eta} {wide_msg}";
        ProgressBar::new(progress.steps)
            .with_style(style(template))
            .with_prefix(progress.task.clone())
    } else {
        ProgressBar::new_spinner()
            .with_style(style("{spinner} {prefix} {pos} {rate} {elapsed} {wide_msg}"))
            .with_prefix(progress.task.clone())
    }
}

fn spinner(elapsed: Duration) -> ProgressBar {
    ProgressBar::new_spinner()
        .with_style(style("{spinner} {prefix} {elapsed}, Ctrl-C cancels"))
        .with_prefix(RUNNING)
        .with_elapsed(elapsed)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants, which a test draws")
        .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
            // Nothing is left to be done where a bar cannot be written.
            let _ = write!(out, "{:.1}/s", state.per_sec());
        })
        .progress_chars("━╸ ")
}

/// `loss 0.123, r1 0.0456`
fn metrics(progress: &Progress) -> String {
    let figures: Vec<String> = progress
        .metrics
        .iter()
        .map(|(name, value)| format!("{name} {value:.3}"))
        .collect();
    figures.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(task: &str, steps: u64) -> Progress {
        Progress {
            task: task.to_owned(),
            step: 1,
            steps,
            metrics: vec![("loss", 0.12345)],
        }
    }

    #[test]
    fn bars_follow_the_task_and_go_with_it() {
        let meter = Meter::new(true);
        for report in [progress("reading", 0), progress("training", 10)] {
            meter.report(&report);
            assert_eq!(
                meter.bar().as_ref().map(|(task, _)| task.clone()),
                Some(report.task)
            );
        }
        meter.pause();
        assert!(meter.bar().is_none());
        meter.report(&progress("training", 10));
        assert!(meter.bar().is_some());
        meter.end();
        // A straggler of a statement that was cancelled.
        meter.report(&progress("training", 10));
        assert!(meter.bar().is_none());
        meter.begin();
        meter.report(&progress("reading", 0));
        assert!(meter.bar().is_some());
    }

    #[test]
    fn a_long_query_says_that_it_runs_until_rows_come() {
        let meter = Meter::new(true);
        meter.begin();
        meter.tick(Duration::from_millis(100));
        assert!(meter.bar().is_none());
        meter.tick(Duration::from_secs(2));
        assert_eq!(
            meter.bar().as_ref().map(|(task, _)| task.clone()),
            Some(RUNNING.to_owned())
        );
        meter.end();
        meter.tick(Duration::from_secs(3));
        meter.report(&progress("reading", 0));
        assert!(meter.bar().is_none());
    }

    #[test]
    fn a_hidden_meter_draws_nothing() {
        let meter = Meter::new(false);
        meter.report(&progress("training", 10));
        assert!(meter.bar().is_none());
    }

    #[test]
    fn an_opening_is_cancelled_by_itself() {
        let meter = Arc::new(Meter::new(true));
        let (first, second) = (Opening::new(&meter), Opening::new(&meter));
        first.cancel();
        first.report(&progress("making the demo", 10));
        assert!(first.is_cancelled() && meter.bar().is_none());
        second.report(&progress("making the demo", 10));
        assert!(!second.is_cancelled() && meter.bar().is_some());
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(metrics(&progress("training", 10)), "loss 0.123");
    }
}
