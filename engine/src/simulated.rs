//! Simulated records as rows of `sharps`: what stands between the simulator, which knows physics alone, and
//! tables and files.
//!
//! A record is made again from its seed and its number whenever its segments are wanted, so a row keeps only
//! these, in `path`.

mod header;
mod table;

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr};

use helioql_catalog::{Header, Image, Record, Segment, SharpId, fits::Value, schema::SharpRow};
use helioql_grammar::TRec;

pub(crate) use self::{header::cards, table::SimulatedTable};

use crate::{
    Result,
    models::Handle,
    simulator::vector::{Identity, SimulatedSegments, identify, simulate_segments},
    statements::import_sharps,
};

/// What `source` says of simulated records.
pub(crate) const SOURCE: &str = "simulated";

/// How `path` of a simulated record begins.
const SCHEME: &str = "simulate:";

/// What a simulated record follows from: written `simulate:<seed>/<index>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) seed: u64,
    pub(crate) index: u64,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.seed, self.index)
    }
}

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (seed, index) = text
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.split_once('/'))
            .ok_or(())?;
        let number = |digits: &str| digits.parse().map_err(|_| ());
        Ok(Self {
            seed: number(seed)?,
            index: number(index)?,
        })
    }
}

/// The segments of a record.
pub(crate) fn segments(origin: Origin) -> SimulatedSegments {
    simulate_segments(origin.seed, origin.index)
}

/// The key of a record, which is known before it is painted.
pub(crate) fn sharp_id(identity: &Identity) -> SharpId {
    SharpId {
        harpnum: identity.harpnum,
        t_rec: TRec::from_unix_micros(identity.t_rec * 1_000_000),
    }
}

/// A whole row, by the way that an imported record goes: keywords from the segments, the patch on the grid of the
/// shipped generator, its embedding.
pub(crate) fn row(models: &Handle, origin: Origin) -> Result<SharpRow> {
    let made = segments(origin);
    let header = Header::from_cards(cards(&made, origin));
    let id = sharp_id(&made.identity);
    let image = |pixels: Vec<f32>| Image {
        width: made.width,
        height: made.height,
        pixels,
        header: Header::default(),
    };
    let segments = BTreeMap::from([
        (Segment::Br, image(made.br)),
        (Segment::Bp, image(made.bp)),
        (Segment::Bt, image(made.bt)),
        (Segment::BrErr, image(made.br_err)),
        (Segment::BpErr, image(made.bp_err)),
        (Segment::BtErr, image(made.bt_err)),
        (Segment::Magnetogram, image(made.magnetogram)),
        (Segment::Bitmap, image(made.bitmap)),
        (Segment::ConfDisambig, image(made.conf_disambig)),
    ]);
    let record = Record {
        id,
        header,
        segments,
        path: PathBuf::from(origin.to_string()),
        warnings: Vec::new(),
    };
    import_sharps::row_of(models, &record)
}

/// A row with what is known before the record is painted: its key, where it comes from, its number.
pub(crate) fn bare_row(origin: Origin) -> SharpRow {
    let identity = identify(origin.seed, origin.index);
    SharpRow {
        id: sharp_id(&identity),
        header: Header::from_cards(header::numbers(&identity)),
        patch_component: Some("los"),
        patch: None,
        embedding: None,
        source: SOURCE.to_owned(),
        path: Some(origin.to_string()),
    }
}

/// What a bare row has; whoever asks for more needs the whole record.
pub(crate) const BARE_COLUMNS: [&str; 9] = [
    "harpnum",
    "t_rec",
    "t_rec_tai",
    "noaa_ar",
    "noaa_ars",
    "noaa_num",
    "patch_component",
    "source",
    "path",
];

/// Whether a header is that of a simulated record.
pub(crate) fn is_simulated(header: &Header) -> bool {
    matches!(header.get(header::SEED), Some(Value::Integer(_) | Value::Text(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_as_it_is_written() {
        let origin = Origin {
            seed: u64::MAX,
            index: 12,
        };
        assert_eq!(origin.to_string().parse(), Ok(origin));
        for other in [
            "",
            "simulate:",
            "simulate:1",
            "simulate:-1/2",
            "simulate:1/2/3",
            "fits/a.fits",
        ] {
            assert_eq!(other.parse::<Origin>(), Err(()), "{other}");
        }
    }

    #[test]
    fn a_bare_row_is_what_the_whole_one_says() -> Result<()> {
        let store = std::sync::Arc::new(crate::models::ModelStore::new(None));
        let models = Handle::new(store);
        let origin = Origin { seed: 3, index: 7 };
        let (bare, whole) = (bare_row(origin), row(&models, origin)?);
        assert_eq!(
            (bare.id, &bare.path, &bare.source),
            (whole.id, &whole.path, &whole.source)
        );
        assert_eq!(bare.patch_component, whole.patch_component);
        for (card, value) in bare.header.iter() {
            assert_eq!(whole.header.get(card), Some(value), "{card}");
        }
        Ok(())
    }
}
