//! The progress of long statements as a bar on standard error: only for people who watch it.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use helioql::{Observer, Progress};
use indicatif::{ProgressBar, ProgressStyle};

/// Draws one bar at a time, the latest task's; draws nothing when it is made hidden.
#[derive(Debug)]
pub(crate) struct Meter {
    visible: bool,
    cancelled: AtomicBool,
    bar: Mutex<Option<(String, ProgressBar)>>,
}

impl Meter {
    /// A meter that is seen, or not.
    pub(crate) fn new(visible: bool) -> Self {
        Self {
            visible,
            cancelled: AtomicBool::new(false),
            bar: Mutex::default(),
        }
    }

    /// Takes the bar away; called when a statement ends.
    pub(crate) fn clear(&self) {
        if let Some((_, bar)) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    /// Asks the task that reports here to stop.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    fn bar(&self) -> MutexGuard<'_, Option<(String, ProgressBar)>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Meter {
    fn report(&self, progress: &Progress) {
        if !self.visible {
            return;
        }
        let mut current = self.bar();
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

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

fn bar(progress: &Progress) -> ProgressBar {
    let (bar, template) = if progress.steps > 0 {
        (
            ProgressBar::new(progress.steps),
            "{prefix} [{bar:30}] {pos}/{len} {msg} {eta}",
        )
    } else {
        (ProgressBar::new_spinner(), "{prefix} {spinner} {pos} {msg}")
    };
    let style =
        ProgressStyle::with_template(template).expect("the template is a constant, which a test draws");
    bar.with_style(style.progress_chars("━╸ "))
        .with_prefix(progress.task.clone())
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
        meter.clear();
        assert!(meter.bar().is_none());
    }

    #[test]
    fn a_hidden_meter_draws_nothing_but_cancels() {
        let meter = Meter::new(false);
        meter.report(&progress("training", 10));
        assert!(meter.bar().is_none());
        meter.cancel();
        assert!(meter.is_cancelled());
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(metrics(&progress("training", 10)), "loss 0.123");
    }
}
