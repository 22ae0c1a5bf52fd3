//! What a `HelioQL` catalogue holds and where it lies.
//!
//! The crate stands between the language and the engine: it knows names, units, schemas and files, and
//! nothing of query plans or models, so that everything on disk can be read and checked without either.
//!
//! | module | owns |
//! |---|---|
//! | [`keyword`] | one row for every quantity that SQL can name: unit, formula, reference, what it needs |
//! | [`types`] | the Arrow fields of PATCH, LATENT and EMBEDDING, and the way back from a field |
//! | [`schema`] | the columns of the table `sharps` |
//! | [`fits`] | headers and images, read as JSOC writes them |
//! | [`record`] | segments grouped into SHARP records |
//! | [`bipole`] | separation and tilt of the polarities, from a header alone |
//! | [`geometry`] | a cylindrical equal-area patch on the Sun: pixel size, place, distance |
//! | [`store`] | the catalogue directory and its atomic commits |
//!
//! # Examples
//! ```
//! use helioql_catalog::keyword;
//!
//! let flux = keyword::find("TUF").expect("the paper's name is an alias");
//! assert_eq!((flux.name, flux.unit, flux.error), ("usflux", "Mx", Some("ERRVF")));
//! assert_eq!(keyword::closest("usflx").map(|k| k.name), Some("usflux"));
//! ```

pub mod bipole;
pub mod error;
pub mod fits;
pub mod geometry;
pub mod keyword;
pub mod record;
pub mod schema;
pub mod store;
pub mod types;

pub use crate::error::{Error, Result};
pub use crate::fits::{Header, Image, read_header, read_image};
pub use crate::geometry::{Geometry, Helioprojective, Projection};
pub use crate::keyword::{KEYWORDS, Keyword, Needs};
pub use crate::record::{Found, Record, RecordFiles, Rejected, Segment, SharpId, find_files, find_records};
pub use crate::store::{
    Catalogue, Fetch, FileId, Finding, IndexConfig, IndexEntry, IndexFiles, Lacking, Mirror, ModelEntry,
    ModelKind, NewIndex, Removed, Snapshot, TableEntry, TableFile, TableFiles, TableWriter, Transaction,
    check_name, checksum,
};
pub use crate::types::Grid;
