//! HelioQL: an embedded query engine for solar active regions.
//!
//! In ordinary SQL it generates a magnetic patch that has the physical quantities that are asked for,
//! steers it along one of them, and finds the real observations that look like it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), helioql::Error> {
//! let session = helioql::Engine::in_memory().session().await?;
//! let frame = session.sql("SELECT usflux, psep FROM GENERATE(usflux => 1e22Mx, seed => 7)").await?;
//! let rows = frame.collect().await.map_err(helioql::Error::from)?;
//! assert_eq!(rows[0].num_columns(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine`] opens a catalogue, [`Session`] runs statements over it. Below them lie, each usable alone:
//! [`patch`] and [`physics`] (what is measured), [`simulator`], [`generator`], [`encoder`], [`directions`],
//! [`target`], [`steer`] and [`invert`] (the method of arXiv:2502.05351), and [`picture`].

mod access;
mod analyzer;
mod cache;
mod cancel;
mod changes;
mod clauses;
mod contains;
mod copy_to;
mod demo;
mod draw;
mod engine;
mod error;
mod files;
mod functions;
mod index;
mod jsoc;
mod memory;
mod meter;
mod mistakes;
mod models;
mod nearest;
mod operators;
mod options;
mod planner;
mod relations;
mod remote;
mod session;
mod shipped;
mod simulated;
mod stack;
mod statements;
mod tables;
mod types;

pub mod directions;
pub mod documentation;
pub mod encoder;
pub mod evaluate;
pub mod generator;
pub mod invert;
pub mod nn;
pub mod patch;
pub mod physics;
pub mod picture;
pub mod progress;
pub mod simulator;
pub mod steer;
pub mod target;

pub use datafusion;

pub use crate::{
    access::Access,
    cancel::CancelHandle,
    engine::{Engine, Kind},
    error::{Error, Result},
    models::{DEFAULT_ENCODER, DEFAULT_GENERATOR, ProgressCallback, WarningCallback},
    nearest::metric::Metric,
    progress::{Observer, Progress, Silent},
    session::{Parameter, Session},
    types::Sample,
};
