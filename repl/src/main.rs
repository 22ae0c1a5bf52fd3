//! The `helioql` binary: everything is in the library, so that it can be tested there.

use std::process::ExitCode;

/// Where candle reads how many threads its elementwise operations use.
const CANDLE_THREADS: &str = "CANDLE_NUM_THREADS";

fn main() -> ExitCode {
    if std::env::var_os(CANDLE_THREADS).is_none() {
        // The engine spreads whole images over threads. candle's own pool below that waits by spinning and
        // cost a third more processor time in training.
        #[expect(unsafe_code, reason = "candle reads this setting from the environment only")]
        // SAFETY: no other thread exists yet that could read the environment meanwhile.
        unsafe {
            std::env::set_var(CANDLE_THREADS, "1");
        }
    }
    helioql_repl::run()
}
