//! Memory beside that of DataFusion's operators: what statements of ours take, and what an engine keeps between
//! statements. It counts towards the same limit, so that what has no room is refused before it is taken; what is kept gives
//! way first.

mod pool;
mod shelf;

use std::{fmt, sync::Arc};

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use helioql_grammar::Diagnostic;

pub(crate) use self::shelf::{Held, Keep, Kept, Shelf};
use crate::session::Session;

/// What one statement has been granted; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Memory {
    reservation: MemoryReservation,
    hint: &'static str,
}

impl Memory {
    /// Nothing yet, for `what`. `hint` says how to need less.
    pub(crate) fn of(session: &Session, what: &str, hint: &'static str) -> Self {
        let pool = Arc::clone(&session.context().runtime_env().memory_pool);
        Self {
            reservation: MemoryConsumer::new(what).register(&pool),
            hint,
        }
    }

    /// Asks for `bytes` more, for `what`.
    ///
    /// # Errors
    /// When the limit leaves less: how much it would be with what was granted before.
    pub(crate) fn grow(&self, bytes: usize, what: impl fmt::Display) -> Result<(), Diagnostic> {
        let all = self.reservation.size().saturating_add(bytes);
        self.reservation
            .try_grow(bytes)
            .map_err(|_| refused(all, what).with_hint(self.hint))
    }
}

/// That `bytes` for `what` are more than there are.
pub(crate) fn refused(bytes: usize, what: impl fmt::Display) -> Diagnostic {
    let all = bytes.div_ceil(1_000_000);
    Diagnostic::error(format!(
        "about {all} MB are needed for {what}, more than the memory limit leaves"
    ))
}
