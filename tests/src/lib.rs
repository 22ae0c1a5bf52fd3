//! What the tests of this crate share. The tests themselves stand beside this folder, one file for each way
//! of asking: `sqllogictest.rs` (what SQL can show), `golden_keywords.rs` (real observations),
//! `keyword_tables.rs`, `jsoc.rs` and `remote.rs` (servers on the loopback),
//! `determinism.rs`, `properties.rs`, `rules.rs` (plans before and after each analyzer rule), `metamorphic.rs` (what must
//! hold between answers), `documentation.rs` (what help texts promise), `cancel.rs`, `catalog.rs` (what a catalogue
//! survives), `hostile.rs` (tables that are no good), `shell.rs` (the program as a user runs it), `prompt.rs` (sessions at a terminal) and `tidy.rs` (the code itself).

pub mod bench;
pub mod folder;
pub mod observations;
pub mod program;
pub mod reference;
pub mod rows;
pub mod server;
pub mod terminal;

pub use self::bench::Bench;
