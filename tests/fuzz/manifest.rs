//! Fuzzes the manifest of a catalogue: any bytes.

#![no_main]

mod bounded;
#[path = "checks/manifest.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
