//! Progress of a long task, and the way to stop it.
//!
//! Training, importing and indexing run for minutes; whoever started them wants to see them move and to
//! be able to stop them. The engine never prints: it reports to an [`Observer`], and asks it between two
//! steps whether to go on.

/// How far a task has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// What is being done, in a few words: `training generator`.
    pub task: String,
    /// Steps done.
    pub step: u64,
    /// Steps in all; 0 when that is not known.
    pub steps: u64,
    /// Named figures of the moment, such as losses, in the order in which they are to be shown.
    pub metrics: Vec<(&'static str, f64)>,
}

/// Receives the progress of a task and may ask it to stop.
pub trait Observer: Send + Sync {
    /// Called now and then from the thread that does the work; it should return quickly.
    fn report(&self, progress: &Progress);

    /// Asked between two steps; after `true` the task stops at the next safe point.
    fn is_cancelled(&self) -> bool;
}

/// An observer that shows nothing and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn report(&self, _progress: &Progress) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}
