//! Fuzzes the reading of FITS files, and their grouping into records: any bytes.

#![no_main]

mod bounded;
#[path = "checks/fits.rs"]
mod check;

// What the decoder panics at is an error of ours, which is no end of the run; a panic that nobody catches still is.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| ())),
    |bytes: &[u8]| check::check(bytes)
);
