//! Memory that statements of ours take beside DataFusion's operators: it counts towards the same limit, so that what
//! has no room is refused before it is taken.

use std::fmt;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use helioql_grammar::Diagnostic;

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
        let context = session.context().task_ctx();
        Self {
            reservation: MemoryConsumer::new(what).register(context.memory_pool()),
            hint,
        }
    }

    /// Asks for `bytes` more, for `what`.
    ///
    /// # Errors
    /// When the limit leaves less: how much it would be with what was granted before.
    pub(crate) fn grow(&self, bytes: usize, what: impl fmt::Display) -> Result<(), Diagnostic> {
        self.reservation.try_grow(bytes).map_err(|_| {
            let all = self.reservation.size().saturating_add(bytes).div_ceil(1_000_000);
            let message = format!("about {all} MB are needed for {what}, more than the memory limit leaves");
            Diagnostic::error(message).with_hint(self.hint)
        })
    }
}
