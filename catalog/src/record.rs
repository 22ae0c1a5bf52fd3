//! SHARP records: the segments of one active region patch at one time, found in many files.
//!
//! JSOC delivers a record as up to eleven files, one for each segment, named
//! `hmi.sharp_cea_720s.<HARPNUM>.<YYYYMMDD_HHMMSS>_TAI.<segment>.fits`. Which record a file belongs to is
//! read from its header, since names change on the way; the name counts only where the header is silent.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

mod find;
mod segment;

pub use self::find::{Found, Rejected, find_files, find_records};
pub use self::segment::Segment;

use helioql_grammar::TRec;

use crate::error::{RecordError, Result};
use crate::fits::{self, Header, Image};
use crate::geometry::Projection;
use crate::keyword::{Keyword, Needs};

/// What tells one SHARP record from another: the prime keys of the series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharpId {
    /// The HARP's number.
    pub harpnum: i64,
    /// The record's nominal time.
    pub t_rec: TRec,
}

impl fmt::Display for SharpId {
    /// As a DRMS record set names it: `[377][2011.02.15_02:00:00_TAI]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}][{}]", self.harpnum, self.t_rec)
    }
}

/// The files of one record.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordFiles {
    /// Which record.
    pub id: SharpId,
    /// The file of each segment that is there.
    pub segments: BTreeMap<Segment, PathBuf>,
    /// What is odd about the files, but does no harm.
    pub warnings: Vec<String>,
}

/// A record with the segments that were asked for.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which record.
    pub id: SharpId,
    /// The cards of its principal segment; all segments of a record have the same keywords.
    pub header: Header,
    /// The images, all of one shape.
    pub segments: BTreeMap<Segment, Image>,
    /// The file that the header was read from.
    pub path: PathBuf,
    /// What is odd about the files, but does no harm.
    pub warnings: Vec<String>,
}

impl RecordFiles {
    /// Decodes the segments that are wanted and there; the others are left out of the record.
    ///
    /// # Errors
    /// When a file cannot be read, or its image has not the shape of the others.
    pub fn read(&self, wanted: &[Segment]) -> Result<Record> {
        let mut segments = BTreeMap::new();
        for segment in wanted {
            if let Some(path) = self.segments.get(segment) {
                segments.insert(*segment, fits::read_image(path)?);
            }
        }
        self.check_shapes(&segments)?;
        let Some((principal, path)) = self.segments.iter().next() else {
            return Err(RecordError::Empty { id: self.id }.into());
        };
        let header = match segments.get(principal) {
            Some(image) => image.header.clone(),
            None => fits::read_header(path)?,
        };
        Ok(Record {
            id: self.id,
            header,
            segments,
            path: path.clone(),
            warnings: self.warnings.clone(),
        })
    }

    /// Names the file whose shape is not that of most.
    fn check_shapes(&self, images: &BTreeMap<Segment, Image>) -> Result<(), RecordError> {
        let count = |shape| images.values().filter(|image| image.shape() == shape).count();
        // Of equals the first: the segments are in order of their importance.
        let usual = images.iter().rev().max_by_key(|(_, image)| count(image.shape()));
        let Some((usual, expected)) = usual.map(|(segment, image)| (segment, image.shape())) else {
            return Ok(());
        };
        match images.iter().find(|(_, image)| image.shape() != expected) {
            None => Ok(()),
            Some((odd, image)) => Err(RecordError::Shape {
                id: self.id,
                path: self.segments[odd].clone(),
                found: image.shape(),
                other: self.segments[usual].clone(),
                expected,
            }),
        }
    }
}

impl Record {
    /// The header's value of a number keyword: nothing where the card is missing or NaN.
    pub fn keyword(&self, keyword: &Keyword) -> Option<f64> {
        match keyword.fits? {
            "NOAA_AR" => noaa_ar(&self.header).map(|number| number as f64),
            card => self.header.real(card),
        }
    }

    /// The header's formal error of a keyword.
    pub fn keyword_error(&self, keyword: &Keyword) -> Option<f64> {
        self.header.real(keyword.error?)
    }

    /// Where the pixels lie on the Sun.
    ///
    /// # Errors
    /// When the record is in none of the projections of JSOC's series.
    pub fn projection(&self) -> Result<Projection, RecordError> {
        Projection::from_header(self.id, &self.header)
    }

    /// The image of a segment, if it was asked for and is there.
    pub fn image(&self, segment: Segment) -> Option<&Image> {
        self.segments.get(&segment)
    }

    /// Whether the decoded segments suffice to compute a keyword.
    pub fn has(&self, needs: Needs) -> bool {
        needs
            .segments()
            .is_some_and(|needed| needed.iter().all(|segment| self.segments.contains_key(segment)))
    }
}

impl Needs {
    /// The segments a keyword is computed from; nothing where no segment will do.
    pub fn segments(self) -> Option<&'static [Segment]> {
        match self {
            Self::Patch | Self::Squashed => Some(&[Segment::Br]),
            Self::LineOfSight => Some(&[Segment::Magnetogram, Segment::Bitmap]),
            Self::Vector => Some(&[
                Segment::Br,
                Segment::Bp,
                Segment::Bt,
                Segment::Bitmap,
                Segment::ConfDisambig,
            ]),
            Self::Header => None,
        }
    }
}

/// The NOAA region that a record matches best. Headers write 0 where none does.
pub(crate) fn noaa_ar(header: &Header) -> Option<i64> {
    header.integer("NOAA_AR").filter(|number| *number != 0)
}

/// Which record a file belongs to, with a warning where its header and its name do not agree. `harpnum` is the
/// number of a file that has none.
fn identify(
    path: &Path,
    header: &Header,
    harpnum: Option<i64>,
) -> Result<(SharpId, Option<String>), RecordError> {
    let name = name_parts(path);
    // A region of SMARP has its number under another name.
    let in_header = header.integer("HARPNUM").or_else(|| header.integer("TARPNUM"));
    let known = in_header.or(harpnum);
    let harpnum = known.or(name.and_then(|name| name.harpnum.parse().ok()));
    let written = header.text("T_REC").and_then(|text| text.parse().ok());
    let t_rec = written.or_else(|| name.and_then(|name| name.t_rec()));
    let (Some(harpnum), Some(t_rec)) = (harpnum, t_rec) else {
        return Err(RecordError::Identity {
            path: path.to_owned(),
            expected: "the cards HARPNUM, a whole number (or `WITH (harpnum = …)`), and T_REC, as '2011.02.15_02:00:00_TAI'",
            found: format!(
                "HARPNUM: {}, T_REC: {}",
                header.found("HARPNUM"),
                header.found("T_REC")
            ),
        });
    };
    let id = SharpId { harpnum, t_rec };
    let from_name = known.is_none() || written.is_none();
    let warning = if from_name {
        Some(format!(
            "`{}` is record {id} by its name only: the header does not say",
            path.display()
        ))
    } else {
        let named = name.and_then(|name| {
            Some(SharpId {
                harpnum: name.harpnum.parse().ok()?,
                t_rec: name.t_rec()?,
            })
        });
        named.filter(|named| *named != id).map(|named| {
            format!(
                "`{}` is named as record {named}, but its header says {id}",
                path.display()
            )
        })
    };
    Ok((id, warning))
}

/// The parts of a file name that JSOC gives a meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct NameParts<'a> {
    harpnum: &'a str,
    time: &'a str,
}

/// `series.with.dots.<HARPNUM>.<YYYYMMDD_HHMMSS>_TAI.<segment>.fits`.
fn name_parts(path: &Path) -> Option<NameParts<'_>> {
    let mut parts = stem(path)?.rsplit('.');
    let (_segment, time, harpnum) = (parts.next()?, parts.next()?, parts.next()?);
    Some(NameParts { harpnum, time })
}

/// The name without `.fits` or `.fits.gz`.
fn stem(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(".gz").unwrap_or(name);
    Path::new(name).file_stem()?.to_str()
}

impl NameParts<'_> {
    fn t_rec(&self) -> Option<TRec> {
        let (date, time) = self.time.strip_suffix("_TAI")?.split_once('_')?;
        let digits = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(date, 8) || !digits(time, 6) {
            return None;
        }
        let text = format!(
            "{}.{}.{}_{}:{}:{}_TAI",
            &date[..4],
            &date[4..6],
            &date[6..],
            &time[..2],
            &time[2..4],
            &time[4..]
        );
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests;
