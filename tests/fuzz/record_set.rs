//! Fuzzes record sets: any text that is UTF-8.

#![no_main]

#[path = "checks/record_set.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|text: &str| check::check(text));
