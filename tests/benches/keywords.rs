//! All keywords of HARP 377 with their errors, on one core, beside the time in which its files are read:
//! `cargo bench -p helioql-tests --bench keywords`.
//!
//! Their correctness is tested in `golden_keywords.rs`. The cost grows with the pixels of the mask, and that of
//! the true potential field with the pixels of the image, times the logarithm of its sides.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{hint::black_box, time::Instant};

use helioql::physics::sharp::{Measured, PixelScale, Segments, keywords, potential::Potential};
use helioql_catalog::read_image;
use helioql_tests::observations;

const RECORD: &str = "hmi.sharp_cea_720s.377.20110215_020000_TAI";
const REPEATS: u32 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(folder) = observations::folder("fits", "all keywords of HARP 377") else {
        return Ok(());
    };
    let image = |segment: &str| read_image(folder.join(format!("{RECORD}.{segment}.fits")));
    let start = Instant::now();
    let names = [
        "Br",
        "Bp",
        "Bt",
        "Br_err",
        "Bp_err",
        "Bt_err",
        "magnetogram",
        "bitmap",
        "conf_disambig",
    ];
    let images = names.map(image).into_iter().collect::<Result<Vec<_>, _>>()?;
    println!(
        "reading 9 segments              {:8.1} ms",
        1e3 * start.elapsed().as_secs_f64()
    );
    let header = &images[0].header;
    let card = |name: &str| header.real(name).ok_or(format!("no {name}"));
    let scale = PixelScale::from_header(
        card("CDELT1")?,
        card("RSUN_REF")?,
        card("RSUN_OBS")?,
        card("DSUN_OBS")?,
    )?;
    let pixels = |index: usize| Some(images[index].pixels.as_slice());
    let (width, height) = images[0].shape();
    let segments = Segments {
        width,
        height,
        br: pixels(0),
        bp: pixels(1),
        bt: pixels(2),
        br_err: pixels(3),
        bp_err: pixels(4),
        bt_err: pixels(5),
        magnetogram: pixels(6),
        bitmap: pixels(7),
        conf_disambig: pixels(8),
    };
    let mut found: Vec<Measured> = Vec::new();
    let all = time(|| found = keywords(&segments, scale).unwrap_or_default());
    let potential = time(|| drop(black_box(Potential::of(&images[0].pixels, width, height))));
    println!(
        "{} keywords with their errors   {:8.1} ms",
        found.len(),
        1e3 * all
    );
    println!("  of it, true potential field   {:8.1} ms", 1e3 * potential);
    Ok(())
}

/// Seconds of the median run.
fn time(mut run: impl FnMut()) -> f64 {
    let mut seconds: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
