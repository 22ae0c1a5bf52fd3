//! Fuzzes models: files of weights, as IMPORT takes them, and the descriptions and weights of a catalogue.
//!
//! The engine's modules that read them are compiled here by themselves: DataFusion with libFuzzer's flags takes
//! hours, and has no part in this.

#![no_main]
#![allow(dead_code, unused_imports)]

mod bounded;
#[path = "checks/models.rs"]
mod check;

#[path = "../../engine/src"]
mod engine {
    pub mod directions;
    pub mod encoder;
    pub mod generator;
    pub mod nn;
    pub mod patch;
    pub mod physics;
    pub mod picture;
    pub mod progress;
}

/// What EXPLAIN ANALYZE tells is an operator's, and there is none.
mod meter {
    pub fn drew(_images: usize, _time: std::time::Duration) {}
}

use engine::{directions, encoder, generator, nn, patch, physics, picture, progress};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check::check(bytes));
