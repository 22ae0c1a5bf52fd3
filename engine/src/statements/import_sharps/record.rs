//! One SHARP record as a row of `sharps`: its keywords, its patch, its embedding.

use std::collections::BTreeMap;

use helioql_catalog::{
    Header, Helioprojective, Image, Projection, Record, RecordFiles, Segment, fits::Value, keyword,
    schema::SharpRow,
};

use super::settings::Settings;
use crate::{
    DEFAULT_ENCODER, Result,
    models::Handle,
    patch::{Grid, Patch},
    physics::{
        self,
        reproject::{self, EqualArea},
        resample,
        sharp::{self, PixelScale, Segments},
    },
    simulated,
    tables::sharps,
};

/// The segments that a row is made of.
const WANTED: [Segment; 9] = [
    Segment::Br,
    Segment::Magnetogram,
    Segment::Bp,
    Segment::Bt,
    Segment::Bitmap,
    Segment::ConfDisambig,
    Segment::BrErr,
    Segment::BpErr,
    Segment::BtErr,
];
/// The fraction of the flux outside the patch from which the report mentions it.
const WORTH_SAYING: f64 = 0.01;
/// Relative difference from the header up to which a computed keyword agrees with it: headers of 2011 print
/// some keywords with three digits after the point.
const AGREES: f64 = 1e-4;
/// The row of a record, and what the report says about it.
pub(super) struct Made {
    pub(super) row: SharpRow,
    pub(super) detail: String,
    pub(super) header_difference: Option<f64>,
}

pub(super) fn row(models: &Handle, files: &RecordFiles, settings: &Settings) -> Result<Made> {
    let record = files.read(if settings.patches { &WANTED } else { &[] })?;
    row_of(models, &record, settings)
}

/// The row of a record, wherever its segments are from.
pub(super) fn row_of(models: &Handle, record: &Record, settings: &Settings) -> Result<Made> {
    let mut notes = record.warnings.clone();
    let projection = record.projection()?;
    let is_smarp = record.header.integer("TARPNUM").is_some();
    let (mut header, header_difference) = match projection {
        _ if !settings.patches => (record.header.clone(), None),
        // MDI's masks are others, and what was not mapped has no pixels of one area.
        _ if is_smarp => (record.header.clone(), None),
        Projection::Helioprojective(_) => (record.header.clone(), None),
        Projection::EqualArea(_) => measured_header(record, &mut notes)?,
    };
    if let Some([longitude, latitude]) = settings.centre {
        header = with_cards(&header, [("LON_FWT", longitude), ("LAT_FWT", latitude)]);
    }
    let source = match is_smarp {
        true => "smarp",
        // One that was exported still is a simulated one.
        false if simulated::is_simulated(&record.header) => simulated::SOURCE,
        false => "jsoc",
    };
    let mut row = SharpRow {
        id: record.id,
        header,
        patch_component: None,
        patch: None,
        embedding: None,
        source: source.to_owned(),
        path: Some(record.path.display().to_string()),
    };
    let component = [(Segment::Magnetogram, "los"), (Segment::Br, "br")];
    let found = component
        .into_iter()
        .find_map(|(segment, name)| Some((record.image(segment)?, name)));
    match found {
        Some((image, component)) => {
            let patch = patch(models, image, &projection, settings, &mut notes)?;
            row.embedding = models.encoder(DEFAULT_ENCODER)?.embed(&[&patch])?.pop();
            row.patch = Some(patch.into_gauss());
            row.patch_component = Some(component);
        }
        None if settings.patches => notes.push("no magnetogram and no Br: no patch".to_owned()),
        None => notes.push("only headers were read: no patch".to_owned()),
    }
    Ok(Made {
        row,
        detail: notes.join("; "),
        header_difference,
    })
}

/// The image on the grid of the models, with notes on what it lacks and what it leaves out.
fn patch(
    models: &Handle,
    image: &Image,
    projection: &Projection,
    settings: &Settings,
    notes: &mut Vec<String>,
) -> Result<Patch> {
    let grid = sharps::grid(models)?;
    let scaled = match projection {
        Projection::EqualArea(geometry) => resample::true_scale(
            &image.pixels,
            image.width,
            image.height,
            geometry.pixel_mm(),
            grid,
        )?,
        Projection::Helioprojective(disk) => {
            let frame = frame(image, disk, settings, grid)?;
            let mapped =
                reproject::equal_area(&image.pixels, image.shape(), &frame, |place| disk.pixel_of(place))?;
            let pixel_mm = frame.pixel_deg.to_radians() * disk.rsun_ref_m / 1e6;
            resample::true_scale(&mapped, frame.width, frame.height, pixel_mm, grid)?
        }
    };
    if scaled.covered_fraction < 1.0 - WORTH_SAYING {
        notes.push(format!(
            "{:.0} % of the patch observed",
            100.0 * scaled.covered_fraction
        ));
    }
    if scaled.flux_outside_fraction > WORTH_SAYING {
        notes.push(format!(
            "{:.0} % of the flux lies outside the patch",
            100.0 * scaled.flux_outside_fraction
        ));
    }
    Ok(scaled.patch)
}

/// The part of the disk to map: all of the image, or as much about a place as the patch shows.
fn frame(image: &Image, disk: &Helioprojective, settings: &Settings, grid: Grid) -> Result<EqualArea> {
    let pixel_deg = disk.pixel_deg();
    Ok(match settings.centre {
        None => EqualArea::around(image.shape(), pixel_deg, |pixel| disk.place_of(pixel))?,
        Some(centre) => {
            let pixel_mm = pixel_deg.to_radians() * disk.rsun_ref_m / 1e6;
            let pixels = |cells: usize| (cells as f64 * grid.cell_mm / pixel_mm).ceil() as usize;
            EqualArea::new(centre, pixel_deg, [pixels(grid.width), pixels(grid.height)])?
        }
    })
}

/// A header with other values of some cards.
fn with_cards<K: Into<String>>(header: &Header, cards: impl IntoIterator<Item = (K, f64)>) -> Header {
    let cards: BTreeMap<String, f64> = cards
        .into_iter()
        .map(|(card, value)| (card.into(), value))
        .collect();
    let others: Vec<_> = header
        .iter()
        .filter(|(name, _)| !cards.contains_key(*name))
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    let new = cards.into_iter().map(|(card, value)| (card, Value::Real(value)));
    Header::from_cards(others.into_iter().chain(new))
}

/// The record's cards with all keywords that its segments suffice for computed from them, and the largest
/// relative difference of one of these from the card that was there.
fn measured_header(record: &Record, notes: &mut Vec<String>) -> Result<(Header, Option<f64>)> {
    let computed = match scale(&record.header) {
        Ok(scale) => sharp::keywords(&segments(record), scale)?,
        Err(error) => {
            notes.push(format!("no keyword is computed: {error}"));
            return Ok((record.header.clone(), None));
        }
    };
    notes.extend(left_to_the_header(&computed));
    let mut cards = BTreeMap::new();
    let mut largest: Option<(f64, &str)> = None;
    for measured in computed {
        let Some(keyword) = keyword::find(measured.name) else {
            continue;
        };
        let there = keyword.fits.and_then(|card| record.header.real(card));
        // The difference from a value of zero is not a relative one.
        if let Some(there) = there.filter(|there| *there != 0.0) {
            let difference = (measured.value / there - 1.0).abs();
            if largest.is_none_or(|(known, _)| difference > known) {
                largest = Some((difference, measured.name));
            }
        }
        cards.insert(keyword.card_name(), measured.value);
        if let Some(card) = keyword.error.filter(|_| measured.error.is_finite()) {
            cards.insert(card.to_owned(), measured.error);
        }
    }
    if let Some((difference, name)) = largest.filter(|(difference, _)| *difference > AGREES) {
        notes.push(format!(
            "{} differs from the header by {difference:.1e}",
            name.to_uppercase()
        ));
    }
    Ok((
        with_cards(&record.header, cards),
        largest.map(|(difference, _)| difference),
    ))
}

/// What of a record the keywords are computed from.
fn segments(record: &Record) -> Segments<'_> {
    let pixels = |segment| record.image(segment).map(|image| image.pixels.as_slice());
    let (width, height) = record.segments.values().next().map_or((0, 0), Image::shape);
    Segments {
        width,
        height,
        br: pixels(Segment::Br),
        bp: pixels(Segment::Bp),
        bt: pixels(Segment::Bt),
        br_err: pixels(Segment::BrErr),
        bp_err: pixels(Segment::BpErr),
        bt_err: pixels(Segment::BtErr),
        magnetogram: pixels(Segment::Magnetogram),
        bitmap: pixels(Segment::Bitmap),
        conf_disambig: pixels(Segment::ConfDisambig),
    }
}

/// The scale of the record's pixels; a card that is missing counts as NaN, and is named.
fn scale(header: &Header) -> Result<PixelScale, physics::Error> {
    let card = |name: &str| header.real(name).unwrap_or(f64::NAN);
    PixelScale::from_header(
        card("CDELT1"),
        card("RSUN_REF"),
        card("RSUN_OBS"),
        card("DSUN_OBS"),
    )
}

/// Says which keywords are the header's because segments are missing.
fn left_to_the_header(computed: &[sharp::Measured]) -> Option<String> {
    let has = |name: &str| computed.iter().any(|measured| measured.name == name);
    let (vector, los) = (has("totusjz"), has("usfluxl"));
    let missing = match (has("usflux"), vector, los) {
        (true, true, true) => return None,
        (false, _, false) => {
            "keywords are the header's: computing them needs the bitmap with the magnetogram, or with Br and conf_disambig"
        }
        (false, _, true) => {
            "vector keywords are the header's: Br, bitmap and conf_disambig are not all there"
        }
        (true, false, _) => "keywords that need Bp and Bt are the header's",
        (true, true, false) => "keywords of the line of sight are the header's: there is no magnetogram",
    };
    Some(missing.to_owned())
}
