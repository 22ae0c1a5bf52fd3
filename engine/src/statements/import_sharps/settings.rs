//! `IMPORT SHARPS … WITH (harpnum = 377, lon_fwt = 13deg, lat_fwt = -20deg, patches = false)`
//!
//! The first three are for images of the disk, whose headers name no region: which record the image is, and
//! the place to cut out of it.

use helioql_grammar::{Diagnostic, Dimension, ast::Options};

use crate::{Result, physics::reproject::Place};

/// What `WITH` said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settings {
    /// The number of records whose files have none.
    pub(super) harpnum: Option<i64>,
    /// The place to cut out of an image of the disk.
    pub(super) centre: Option<Place>,
    /// Whether pixels are read; without them keywords are the header's.
    pub(super) patches: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            harpnum: None,
            centre: None,
            patches: true,
        }
    }
}

impl Settings {
    pub(super) fn read(options: &Options) -> Result<Self> {
        let mut given = options.clone();
        let harpnum = given.take_u64("harpnum")?.map(|number| number as i64);
        let longitude = given.take_quantity("lon_fwt", Dimension::Angle)?;
        let latitude = given.take_quantity("lat_fwt", Dimension::Angle)?;
        let patches = given.take_bool("patches")?.unwrap_or(true);
        given.finish(&["harpnum", "lon_fwt", "lat_fwt", "patches"])?;
        let centre = match (longitude, latitude) {
            (Some(longitude), Some(latitude)) => Some([longitude, latitude]),
            (None, None) => None,
            (Some(_), None) => return Err(half_a_place("lon_fwt", "lat_fwt")),
            (None, Some(_)) => return Err(half_a_place("lat_fwt", "lon_fwt")),
        };
        Ok(Self {
            harpnum,
            centre,
            patches,
        })
    }
}

fn half_a_place(given: &str, missing: &str) -> crate::Error {
    Diagnostic::error(format!(
        "`{given}` is half a place: expected `{missing}` beside it"
    ))
    .into()
}
