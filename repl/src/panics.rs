//! Panics are mistakes of ours: they become an error of the statement, and the shell goes on.
//!
//! The hook keeps the message instead of printing it, because a panic may happen on any thread and
//! in the middle of a line. With `RUST_BACKTRACE` set the usual report is printed too.

use std::{
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{Mutex, PoisonError},
};

use crate::error::{Error, Failure};

static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Installs the hook; called once, before anything else runs.
pub(crate) fn install() {
    let usual = std::env::var_os("RUST_BACKTRACE").map(|_| panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(describe(info));
        if let Some(usual) = &usual {
            usual(info);
        }
    }));
}

/// Runs `work`; a panic in it is an [`Error::Internal`].
///
/// What `work` had borrowed stays usable: the shell's state is replaced statement by statement.
pub(crate) fn guard<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let message = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        Err(Error::Internal(message.unwrap_or_else(|| "a panic without a message".to_owned())).into())
    })
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    info.location()
        .map_or_else(|| message.to_owned(), |place| format!("{message} ({place})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        let failure = guard::<()>(|| panic!("on purpose")).expect_err("the closure panics");
        assert!(matches!(failure.error, Error::Internal(_)));
    }
}
