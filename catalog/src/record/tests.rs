//! Files to records: grouping, names that lie, segments that do not fit.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::error::Error;
use crate::fits::sample;
use crate::keyword;

const T_REC: &str = "2011.02.15_02:00:00_TAI";

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn write(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).expect("a temporary file can be written");
    path
}

fn pattern(directory: &Path, pattern: &str) -> Vec<String> {
    vec![directory.join(pattern).display().to_string()]
}

#[test]
fn real_files_make_real_records() -> Result<()> {
    let Some(data) = sample::real_files() else {
        return Ok(());
    };
    let directory = data.join("fits");
    let found = find_records(&pattern(&directory, "*.fits"), None)?;
    assert!(found.rejected.is_empty(), "{:?}", found.rejected);
    let harps: Vec<_> = found
        .records
        .iter()
        .map(|record| (record.id.harpnum, record.segments.len()))
        .collect();
    let expected = [
        (377, 11),
        (2875, 4),
        (2875, 4),
        (2875, 4),
        (6060, 3),
        (6060, 3),
        (6060, 3),
        (13171, 5),
        (13561, 5),
        (13641, 5),
        (13773, 5),
        (13777, 5),
        (13845, 5),
    ];
    assert_eq!(harps, expected);

    let record = found.records[0].read(&Segment::ALL)?;
    assert_eq!(record.id.to_string(), "[377][2011.02.15_02:00:00_TAI]");
    assert!(record.warnings.is_empty(), "{:?}", record.warnings);
    assert!(record.segments.values().all(|image| image.shape() == (744, 377)));
    assert!(record.has(Needs::Vector) && record.has(Needs::LineOfSight) && record.has(Needs::Patch));
    let Projection::EqualArea(geometry) = record.projection()? else {
        panic!("a CEA record");
    };
    assert!(
        (geometry.pixel_mm() - 0.364_424_7).abs() < 1e-6,
        "{}",
        geometry.pixel_mm()
    ); // 0.03° of 696 Mm
    let value = |name: &str| record.keyword(keyword::find(name).expect("a row of the registry"));
    assert_eq!(value("usflux"), Some(2.714_760e22));
    assert_eq!(value("noaa_ar"), Some(11158.0));
    assert_eq!(value("r_value"), None); // the file has nan
    let flux = keyword::find("usflux").expect("a row of the registry");
    assert_eq!(record.keyword_error(flux), Some(6.891_751e18));
    Ok(())
}

#[test]
fn every_card_of_the_registry_stands_in_real_headers() -> Result<()> {
    let Some(data) = sample::real_files() else {
        return Ok(());
    };
    let directory = data.join("fits");
    let header = crate::read_header(directory.join("hmi.sharp_cea_720s.13171.20250504_150000_TAI.Br.fits"))?;
    let missing: Vec<_> = keyword::KEYWORDS
        .iter()
        .filter(|keyword| keyword.fits.is_some())
        .flat_map(|keyword| keyword.fits.into_iter().chain(keyword.error))
        .filter(|card| header.get(card).is_none())
        .collect();
    assert!(missing.is_empty(), "not in the header: {missing:?}");
    Ok(())
}

#[test]
fn segments_are_grouped_by_their_headers_and_not_by_their_names() -> Result<()> {
    let directory = directory();
    let file = sample::segment(377, T_REC, 4, 3);
    write(directory.path(), "renamed.Br.fits", &file);
    write(
        directory.path(),
        "hmi.sharp_cea_720s.999.20110215_020000_TAI.magnetogram.fits",
        &file,
    );
    write(
        directory.path(),
        "later.magnetogram.fits",
        &sample::segment(377, "2011.02.15_02:12:00.000_TAI", 4, 3),
    );
    let found = find_records(&pattern(directory.path(), "*"), None)?;
    let records: Vec<_> = found
        .records
        .iter()
        .map(|record| (record.id.to_string(), record.segments.len()))
        .collect();
    assert_eq!(
        records,
        [
            (format!("[377][{T_REC}]"), 2),
            ("[377][2011.02.15_02:12:00_TAI]".to_owned(), 1)
        ]
    );
    let [warning] = found.records[0].warnings.as_slice() else {
        panic!("one name lies: {:?}", found.records[0])
    };
    assert!(warning.ends_with("is named as record [999][2011.02.15_02:00:00_TAI], but its header says [377][2011.02.15_02:00:00_TAI]"), "{warning}");
    Ok(())
}

#[test]
fn a_name_helps_where_the_header_is_silent() -> Result<()> {
    let directory = directory();
    let file = sample::plain(&[], 2, 2, &[1, 2, 3, 4]);
    write(
        directory.path(),
        "hmi.sharp_cea_720s.377.20110215_020000_TAI.Br.fits",
        &file,
    );
    write(directory.path(), "anything.Br.fits", &file);
    let found = find_records(&pattern(directory.path(), "*.fits"), None)?;
    assert_eq!(found.records[0].id.to_string(), format!("[377][{T_REC}]"));
    assert!(
        found.records[0].warnings[0].contains("by its name only"),
        "{:?}",
        found.records[0].warnings
    );
    let reason = found.rejected[0].reason.to_string();
    assert!(
        reason.ends_with("found HARPNUM: no such card, T_REC: no such card"),
        "{reason}"
    );
    Ok(())
}

#[test]
fn one_bad_file_does_not_stop_the_others() -> Result<()> {
    let directory = directory();
    let good = sample::segment(377, T_REC, 4, 3);
    write(directory.path(), "a.Br.fits", &good);
    write(directory.path(), "b.Br.fits", &good);
    write(directory.path(), "c.azimuth.fits", &good);
    write(directory.path(), "d.Bt.fits", b"not a FITS file");
    write(directory.path(), "e.Bp.fits", &good[..300]);
    let found = find_records(&pattern(directory.path(), "*"), None)?;
    assert_eq!(found.records.len(), 1);
    let reasons: Vec<_> = found
        .rejected
        .iter()
        .map(|rejected| rejected.reason.to_string())
        .collect();
    for (reason, expected) in reasons.iter().zip([
        "is a second Br of record [377][2011.02.15_02:00:00_TAI]",
        "Dopplergram, Br_err, Bp_err, Bt_err, found `azimuth`",
        "is not a FITS file",
        "has no END card",
    ]) {
        assert!(reason.contains(expected), "expected `{expected}` in: {reason}");
    }
    assert_eq!(reasons.len(), 4);
    Ok(())
}

#[test]
fn a_file_that_two_patterns_match_counts_once() -> Result<()> {
    let directory = directory();
    write(directory.path(), "a.Br.fits", &sample::segment(377, T_REC, 4, 3));
    let patterns = [
        pattern(directory.path(), "*.fits"),
        pattern(directory.path(), "a*"),
    ]
    .concat();
    let found = find_records(&patterns, None)?;
    assert_eq!((found.records.len(), found.rejected.len()), (1, 0));
    Ok(())
}

#[test]
fn a_pattern_that_names_nothing_is_an_error() {
    let directory = directory();
    let error = find_records(&pattern(directory.path(), "*.fits"), None).expect_err("nothing is there");
    assert!(
        matches!(error, Error::Record(RecordError::NoMatch { .. })),
        "{error}"
    );
    assert!(error.is_missing_or_damaged());
    let error = find_records(&["a***".to_owned()], None).expect_err("not a pattern");
    assert!(
        matches!(error, Error::Record(RecordError::Pattern { .. })),
        "{error}"
    );
}

#[test]
fn the_segment_of_another_shape_is_named() -> Result<()> {
    let directory = directory();
    write(directory.path(), "a.Br.fits", &sample::segment(377, T_REC, 5, 3));
    write(directory.path(), "b.Bt.fits", &sample::segment(377, T_REC, 4, 3));
    write(directory.path(), "c.Bp.fits", &sample::segment(377, T_REC, 4, 3));
    let found = find_records(&pattern(directory.path(), "*"), None)?;
    let message = found.records[0]
        .read(&Segment::ALL)
        .expect_err("Br is too wide")
        .to_string();
    assert!(message.contains("a.Br.fits` has 5×3 pixels, but `"), "{message}");
    assert!(message.ends_with("has 4×3"), "{message}");
    // What is not asked for is not looked at.
    let record = found.records[0].read(&[Segment::Bt, Segment::Magnetogram])?;
    assert_eq!(record.segments.keys().copied().collect::<Vec<_>>(), [Segment::Bt]);
    assert!(record.path.ends_with("a.Br.fits"));
    Ok(())
}

#[test]
fn a_record_in_another_projection_has_no_geometry() -> Result<()> {
    let directory = directory();
    write(directory.path(), "a.Br.fits", &sample::segment(377, T_REC, 4, 3));
    let record = find_records(&pattern(directory.path(), "*"), None)?.records[0].read(&[])?;
    let message = record.projection().expect_err("no CTYPE").to_string();
    assert_eq!(
        message,
        format!("record [377][{T_REC}]: CTYPE1 must be 'CRLN-CEA' or 'HPLN-TAN', found no such card")
    );
    Ok(())
}
