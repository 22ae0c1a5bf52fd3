//! The segments against what they must hold, and their keywords against the statistics of the real catalogue.

use super::*;
use crate::physics::sharp::{PixelScale, keywords};

/// One AU, m, and the Sun's angular radius from there, arcsec.
const AU_M: f64 = 149_597_870_700.0;

fn measured(made: &SimulatedSegments) -> impl Fn(&str) -> f64 + use<> {
    let radius_arcsec = (RSUN_REF_M / AU_M).asin().to_degrees() * 3600.0;
    let scale =
        PixelScale::from_header(PIXEL_DEG, RSUN_REF_M, radius_arcsec, AU_M).expect("four positive numbers");
    let found = keywords(&made.segments(), scale).expect("all images have one size");
    move |name| {
        let keyword = found.iter().find(|keyword| keyword.name == name);
        keyword.map_or(f64::NAN, |keyword| keyword.value)
    }
}

#[test]
fn every_segment_is_whole_and_stands_on_the_steps_of_files() {
    for index in [0, 7, 13, 24] {
        let made = simulate_segments(2, index);
        let pixels = made.width * made.height;
        for image in [
            &made.br,
            &made.bp,
            &made.bt,
            &made.br_err,
            &made.bp_err,
            &made.bt_err,
            &made.magnetogram,
            &made.continuum,
        ] {
            assert_eq!(image.len(), pixels);
            // What a file of steps of 0.01 gives back is the same number.
            assert!(image.iter().all(|b| {
                let stored = (f64::from(*b) * 100.0).round() as i32;
                b.is_finite() && ((0.01 * f64::from(stored)) as f32).to_bits() == b.to_bits()
            }));
        }
        assert!(
            made.bitmap
                .iter()
                .all(|bits| [1.0, 2.0, 33.0, 34.0].contains(bits))
        );
        assert!(
            made.conf_disambig
                .iter()
                .all(|confidence| [60.0, 90.0].contains(confidence))
        );
        assert!(
            [&made.br_err, &made.bp_err, &made.bt_err]
                .iter()
                .all(|errors| errors.iter().all(|e| *e > 0.0))
        );
        // No field of the Sun is stronger than in the largest umbrae, with four times the noise.
        assert!(made.br.iter().all(|b| b.abs() < 4500.0));
    }
}

#[test]
fn the_line_of_sight_field_is_the_radial_one_at_disk_centre() {
    let central = (0..60)
        .map(|index| simulate_segments(1, index))
        .find(|made| made.lon_deg.abs() < 5.0 && made.lat_deg.abs() < 12.0)
        .expect("a sixth of all records cross the meridian near the equator");
    let strong = central
        .br
        .iter()
        .zip(&central.magnetogram)
        .filter(|(b, _)| b.abs() > 400.0);
    for (radial, line_of_sight) in strong {
        // μ > 0.97; the horizontal field and noise of 40 G and 6 G come with sines below 0.3.
        let off = (line_of_sight - radial).abs();
        assert!(off < 0.05 * radial.abs() + 350.0, "{radial} G, {line_of_sight} G");
    }
}

#[test]
fn horizontal_field_peaks_in_the_penumbra() {
    // The darkest pixels are umbrae, those of middling brightness beside them penumbrae.
    let (mut umbra, mut penumbra) = (Vec::new(), Vec::new());
    for index in (2..100).step_by(5) {
        let made = simulate_segments(1, index);
        let quiet = {
            let mut sorted = made.continuum.clone();
            sorted.sort_by(f32::total_cmp);
            sorted[sorted.len() / 2]
        };
        for at in 0..made.br.len() {
            let inclination = made.bp[at]
                .hypot(made.bt[at])
                .atan2(made.br[at].abs())
                .to_degrees();
            match made.continuum[at] / quiet {
                share if share < 0.45 => umbra.push(inclination),
                share if (0.68..0.85).contains(&share) => penumbra.push(inclination),
                _ => {}
            }
        }
    }
    let median = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        values[values.len() / 2]
    };
    let (umbra, penumbra) = (median(umbra), median(penumbra));
    // HARP 377: 25° and 56°.
    assert!((10.0..40.0).contains(&umbra), "{umbra}°");
    assert!((40.0..75.0).contains(&penumbra), "{penumbra}°");
}

/// The medians of the daily SHARP catalogue (8,216 records of NOAA regions within 60° of the central meridian), and
/// how far those of 150 regions may be from them: 15 % of calibration, and three standard errors of a median of 150
/// values that scatter as the catalogue's do.
#[test]
fn medians_are_those_of_the_real_catalogue() {
    use rayon::prelude::*;

    const REGIONS: u64 = 150;
    let records: Vec<_> = (0..REGIONS)
        .into_par_iter()
        // One view of each region, all views alike often.
        .map(|region| {
            let measured = measured(&simulate_segments(11, 5 * region + region % 5));
            MEDIANS.map(|(name, ..)| measured(name))
        })
        .collect();
    for (at, (name, real, tolerance)) in MEDIANS.into_iter().enumerate() {
        let mut values: Vec<f64> = records
            .iter()
            .map(|record| record[at])
            .filter(|value| !value.is_nan())
            .collect();
        values.sort_by(f64::total_cmp);
        assert!(
            values.len() as u64 > REGIONS * 9 / 10,
            "{name}: {} values",
            values.len()
        );
        let median = values[values.len() / 2];
        assert!(
            (median / real - 1.0).abs() < tolerance,
            "{name}: {median:e}, the catalogue has {real:e}"
        );
    }
}

/// Name, the catalogue's median, tolerance. Keywords that grow with the flux scatter as it does, by 0.6 dex.
const MEDIANS: [(&str, f64, f64); 10] = [
    ("usflux", 6.46e21, 0.60),
    ("cmask", 10_300.0, 0.60),
    ("totusjz", 8.6e12, 0.60),
    ("totusjh", 406.0, 0.60),
    ("totpot", 5.1e22, 0.70),
    ("meangam", 35.9, 0.22),
    ("meangbt", 109.0, 0.22),
    ("meangbz", 110.0, 0.22),
    ("meangbh", 52.0, 0.22),
    ("meanshr", 28.0, 0.25),
];
