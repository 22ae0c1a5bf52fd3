//! The segments of a SHARP record.

use std::fmt;
use std::str::FromStr;

/// A segment of `hmi.sharp_cea_720s`, in the order in which a record's header is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Radial field, outward positive, in G.
    Br,
    /// Line-of-sight field, in G.
    Magnetogram,
    /// Westward field, in G.
    Bp,
    /// Southward field, in G: By = −Bt.
    Bt,
    /// Which pixels belong to the region: 30 and more do.
    Bitmap,
    /// Confidence of the azimuth's disambiguation: 90 is best, 0 is not disambiguated.
    ConfDisambig,
    /// Continuum intensity.
    Continuum,
    /// Velocity along the line of sight, in m/s.
    Dopplergram,
    /// Formal error of Br, in G.
    BrErr,
    /// Formal error of Bp, in G.
    BpErr,
    /// Formal error of Bt, in G.
    BtErr,
}

impl Segment {
    /// Every segment.
    pub const ALL: [Self; 11] = [
        Self::Br,
        Self::Magnetogram,
        Self::Bp,
        Self::Bt,
        Self::Bitmap,
        Self::ConfDisambig,
        Self::Continuum,
        Self::Dopplergram,
        Self::BrErr,
        Self::BpErr,
        Self::BtErr,
    ];

    /// Its name, as file names spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Br => "Br",
            Self::Magnetogram => "magnetogram",
            Self::Bp => "Bp",
            Self::Bt => "Bt",
            Self::Bitmap => "bitmap",
            Self::ConfDisambig => "conf_disambig",
            Self::Continuum => "continuum",
            Self::Dopplergram => "Dopplergram",
            Self::BrErr => "Br_err",
            Self::BpErr => "Bp_err",
            Self::BtErr => "Bt_err",
        }
    }

    /// All names, for messages.
    pub(crate) fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Segment {
    type Err = ();

    /// Reads a name, in any case: some systems fold the case of file names.
    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|segment| segment.as_str().eq_ignore_ascii_case(name))
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::Segment;

    #[test]
    fn names_are_read_as_they_are_written() {
        for segment in Segment::ALL {
            assert_eq!(segment.as_str().parse(), Ok(segment));
            assert_eq!(segment.as_str().to_uppercase().parse(), Ok(segment));
        }
        assert_eq!("azimuth".parse::<Segment>(), Err(()));
    }
}
