//! The keywords of fields whose answer is known by hand, and the laws that any field obeys.

use std::f64::consts::PI;

use proptest::prelude::*;

use super::*;

const SCALE: PixelScale = PixelScale {
    arcsec: 0.5,
    side_mm: 0.36,
    area_cm2: 1.296e15,
};

/// A record with all segments, all of its pixels in the masks.
#[derive(Clone, Debug)]
struct Sample {
    width: usize,
    height: usize,
    br: Vec<f32>,
    bp: Vec<f32>,
    bt: Vec<f32>,
    error: Vec<f32>,
    bitmap: Vec<f32>,
    confidence: Vec<f32>,
}

impl Sample {
    fn of(width: usize, height: usize, field: impl Fn(f64, f64) -> [f64; 3]) -> Self {
        let at = |pixel: usize| field((pixel % width) as f64, (pixel / width) as f64);
        let component = |axis: usize| (0..width * height).map(|pixel| at(pixel)[axis] as f32).collect();
        let south: Vec<f32> = component(1);
        Self {
            width,
            height,
            bp: component(0),
            // The segment Bt points south.
            bt: south.iter().map(|b| -b).collect(),
            br: component(2),
            error: vec![10.0; width * height],
            bitmap: vec![34.0; width * height],
            confidence: vec![90.0; width * height],
        }
    }

    fn keywords(&self) -> Vec<Measured> {
        let segments = Segments {
            width: self.width,
            height: self.height,
            br: Some(&self.br),
            bp: Some(&self.bp),
            bt: Some(&self.bt),
            br_err: Some(&self.error),
            bp_err: Some(&self.error),
            bt_err: Some(&self.error),
            magnetogram: Some(&self.br),
            bitmap: Some(&self.bitmap),
            conf_disambig: Some(&self.confidence),
        };
        keywords(&segments, SCALE).expect("all segments have one size")
    }

    fn measured(&self, name: &str) -> Measured {
        let found = self.keywords();
        *found
            .iter()
            .find(|keyword| keyword.name == name)
            .unwrap_or_else(|| panic!("{name} is computed"))
    }

    fn value(&self, name: &str) -> f64 {
        self.measured(name).value
    }

    fn scaled(&self, by: f32) -> Self {
        let times = |values: &[f32]| values.iter().map(|b| b * by).collect();
        Self {
            br: times(&self.br),
            bp: times(&self.bp),
            bt: times(&self.bt),
            error: times(&self.error),
            ..self.clone()
        }
    }
}

fn close(found: f64, expected: f64, rtol: f64) {
    assert!(
        (found - expected).abs() <= rtol * expected.abs(),
        "found {found}, expected {expected}"
    );
}

/// Values are of single precision.
const SINGLE: f64 = 1e-6;

#[test]
fn a_uniform_inclined_field() {
    // 300 G up and 400 G horizontal: atan(4/3) from the vertical, no gradient and no current.
    let sample = Sample::of(9, 7, |_, _| [0.0, 400.0, 300.0]);
    close(sample.value("usflux"), 63.0 * 300.0 * SCALE.area_cm2, SINGLE);
    close(
        sample.measured("usflux").error,
        63_f64.sqrt() * 10.0 * SCALE.area_cm2,
        SINGLE,
    );
    close(
        sample.value("meangam"),
        (4.0_f64 / 3.0).atan().to_degrees(),
        SINGLE,
    );
    // d atan(h/z) = (z dh − h dz) / 500², with 10 G each: 10/500 radians a pixel, over √63.
    close(
        sample.measured("meangam").error,
        (0.02 / 63_f64.sqrt()).to_degrees(),
        SINGLE,
    );
    assert_eq!(sample.value("totusjz").to_bits(), 0.0_f64.to_bits());
    // Every pixel's derivatives add up to zero, so none counts.
    assert!(sample.value("meangbz").is_nan());
    assert_eq!(sample.value("meangbl").to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_field_that_turns_like_a_wheel_has_a_uniform_current() {
    // Bx = −a y, By = a x: ∂By/∂x − ∂Bx/∂y = 2a everywhere, the edges included.
    let (a, bz) = (5.0, 200.0);
    let sample = Sample::of(11, 8, |x, y| [-a * (y - 3.5), a * (x - 5.0), bz]);
    let ampere_per_m2 = 2.0 * a * 1e-4 / (current::MU_0 * 0.36e6);
    close(sample.value("meanjzd"), 1e3 * ampere_per_m2, SINGLE);
    close(
        sample.value("totusjz"),
        88.0 * ampere_per_m2 * 0.36e6_f64.powi(2),
        SINGLE,
    );
    close(sample.value("savncpp"), sample.value("totusjz") / 0.25, SINGLE);
    close(sample.value("meanalp"), 2.0 * a / bz / 0.36, SINGLE);
    close(sample.value("meanjzh"), 2.0 * a * bz / 0.36e6, SINGLE);
    close(sample.value("absnjzh"), sample.value("totusjh"), SINGLE);
    // Each of the four neighbours contributes half of its 10 G; edge pixels carry no error.
    let error = f64::sqrt(9.0 * 6.0 * 100.0) * 1e-4 * 0.36e6 / current::MU_0;
    close(sample.measured("totusjz").error, error, SINGLE);
}

#[test]
fn a_slope_has_its_gradient_in_both_units() {
    let sample = Sample::of(9, 9, |x, y| [0.0, 0.0, 1000.0 + 3.0 * x + 4.0 * y]);
    close(sample.value("meangbz"), 5.0, SINGLE);
    close(sample.value("meangbz_mm"), 5.0 / 0.36, SINGLE);
    close(sample.value("meangbl"), 5.0, SINGLE);
    // (9 · 200 + 16 · 200) / (4 · 25) is 50 in each of 49 pixels.
    close(
        sample.measured("meangbz").error,
        (49.0 * 50.0_f64).sqrt() / 49.0,
        SINGLE,
    );
}

/// The field above the plane of a dipole that lies `depth` below the middle of the image, pointing up, G.
fn dipole(width: usize, height: usize, depth: f64, moment: f64) -> Sample {
    let (middle_x, middle_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
    Sample::of(width, height, |x, y| {
        let (x, y, z) = (x - middle_x, y - middle_y, depth);
        let r2 = x * x + y * y + z * z;
        let scale = moment / (r2 * r2 * r2.sqrt());
        [
            3.0 * x * z * scale,
            3.0 * y * z * scale,
            (3.0 * z * z - r2) * scale,
        ]
    })
}

#[test]
fn the_field_of_a_dipole_is_its_own_potential_field() {
    let (depth, moment) = (8.0, 5e5);
    let sample = dipole(160, 128, depth, moment);
    let potential = potential::Potential::of(&sample.br, 160, 128);
    let strongest = sample.bp.iter().copied().fold(0.0, f32::max);
    let worst = (0..sample.br.len())
        .map(|pixel| {
            let [x, y] = potential.at(pixel);
            (x - f64::from(sample.bp[pixel])).hypot(y + f64::from(sample.bt[pixel]))
        })
        .fold(0.0, f64::max);
    // What the image cuts off is the field beyond 64 pixels, 8 depths: of the order of 8⁻³.
    assert!(worst < 4e-3 * f64::from(strongest), "{worst} G of {strongest} G");
    // A potential field has no shear where it is strong; the mask takes those pixels.
    let mut strong = sample.clone();
    for (confidence, br) in strong.confidence.iter_mut().zip(&sample.br) {
        *confidence = if br.abs() > 0.05 * strongest { 90.0 } else { 0.0 };
    }
    assert!(
        strong.value("meanshr_pot") < 0.5,
        "{}",
        strong.value("meanshr_pot")
    );
    assert!(strong.value("meanshr") > 20.0, "the catalogue's field is none");
    let sheared = strong.value("totpot_pot") / strong.value("totpot");
    assert!(sheared < 1e-3, "{sheared}");
}

#[test]
fn the_virial_theorem_gives_the_energy_of_a_dipole() {
    // Outside of a plane at distance d above it, the energy of a vertical dipole m is m² / (16 d³).
    let (depth, moment) = (8.0, 5e5);
    let sample = dipole(256, 256, depth, moment);
    let none = Sample {
        bp: vec![0.0; 256 * 256],
        bt: vec![0.0; 256 * 256],
        ..sample.clone()
    };
    let side_cm = SCALE.side_mm * 1e8;
    let energy = (moment * moment / (16.0 * depth.powi(3))) * side_cm.powi(3);
    // The energy of no horizontal field is taken to be zero, so what is missing is that of the potential field.
    close(-none.value("free_energy"), energy, 1e-3);
    assert!(sample.value("free_energy").abs() < 1e-3 * energy);
}

#[test]
fn shear_and_energy_of_a_field_turned_by_a_right_angle() {
    // A horizontal field turned by 90° about the vertical: |B − Bp|² is twice Bh², and the shear angle is
    // arccos(Bz² / (Bz² + Bh²)).
    let sample = dipole(96, 96, 8.0, 5e5);
    let potential = potential::Potential::of(&sample.br, 96, 96);
    let turned = Sample {
        bp: (0..96 * 96).map(|pixel| -potential.at(pixel)[1] as f32).collect(),
        bt: (0..96 * 96).map(|pixel| -potential.at(pixel)[0] as f32).collect(),
        ..sample.clone()
    };
    let (mut shear, mut energy) = (0.0, 0.0);
    for pixel in 0..96 * 96 {
        let [x, y] = potential.at(pixel);
        let (horizontal2, bz2) = (x * x + y * y, f64::from(sample.br[pixel]).powi(2));
        shear += (bz2 / (bz2 + horizontal2)).acos();
        energy += 2.0 * horizontal2;
    }
    let count = 96.0 * 96.0;
    close(turned.value("meanshr_pot"), (shear / count).to_degrees(), 1e-5);
    close(turned.value("meanpot_pot"), energy / count / (8.0 * PI), 1e-5);
}

#[test]
fn missing_segments_leave_keywords_out() {
    let sample = Sample::of(4, 4, |x, _| [1.0, 2.0, x]);
    let names = |segments: Segments<'_>| -> Vec<&str> {
        let found = keywords(&segments, SCALE).expect("one size");
        found.iter().map(|keyword| keyword.name).collect()
    };
    let segments = Segments {
        width: 4,
        height: 4,
        br: Some(&sample.br),
        bitmap: Some(&sample.bitmap),
        ..Segments::default()
    };
    assert!(names(segments).is_empty());
    let with_masks = Segments {
        conf_disambig: Some(&sample.confidence),
        ..segments
    };
    assert_eq!(names(with_masks), ["usflux", "cmask", "meangbz", "meangbz_mm"]);
    let line_of_sight = Segments {
        br: None,
        magnetogram: Some(&sample.br),
        ..segments
    };
    assert_eq!(names(line_of_sight), ["usfluxl", "meangbl", "cmaskl", "r_value"]);
    assert_eq!(
        names(Segments {
            bitmap: None,
            ..line_of_sight
        }),
        ["r_value"]
    );
}

#[test]
fn empty_masks_and_tiny_images_have_no_mean() {
    for (width, height) in [(0, 0), (1, 1), (1, 5), (2, 2)] {
        let mut sample = Sample::of(width, height, |x, y| [x, y, 200.0 + x]);
        assert!(sample.value("meangbz").is_nan());
        sample.confidence = vec![0.0; width * height];
        for keyword in sample.keywords() {
            let of_image = ["usfluxl", "meangbl", "cmaskl", "r_value", "free_energy"];
            assert!(
                of_image.contains(&keyword.name) || keyword.value.is_nan() || keyword.value == 0.0,
                "{keyword:?}"
            );
        }
    }
}

#[test]
fn a_segment_of_another_size_is_named() {
    let segments = Segments {
        width: 2,
        height: 1,
        br: Some(&[1.0, 2.0]),
        conf_disambig: Some(&[90.0]),
        ..Segments::default()
    };
    assert_eq!(
        keywords(&segments, SCALE)
            .expect_err("one pixel is not two")
            .to_string(),
        "`conf_disambig` has 1 pixels, expected 2 as in the rest of the record"
    );
}

fn fields() -> impl Strategy<Value = Sample> {
    (4_usize..12, 4_usize..12).prop_flat_map(|(width, height)| {
        let component = || prop::collection::vec(-2000.0_f32..2000.0, width * height);
        let mask = prop::collection::vec(prop::sample::select(vec![0.0_f32, 60.0, 90.0]), width * height);
        (component(), component(), component(), mask).prop_map(move |(br, bp, bt, confidence)| Sample {
            width,
            height,
            br,
            bp,
            bt,
            error: vec![20.0; width * height],
            bitmap: vec![33.0; width * height],
            confidence,
        })
    })
}

/// Whether two values are the same to the bit. A sum of nothing divided by nothing is NaN of either sign.
fn are_same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
}

proptest! {
    /// Each keyword grows with the field by its own power; doubling is exact in floating point.
    #[test]
    fn keywords_scale_by_their_power(sample in fields()) {
        let powers = [
            ("usflux", 1), ("cmask", 0), ("meangbt", 1), ("meangbz", 1), ("meangbh", 1), ("meanjzd", 1),
            ("totusjz", 1), ("savncpp", 1), ("meanalp", 0), ("meanjzh", 2), ("totusjh", 2), ("absnjzh", 2),
            ("meanpot", 2), ("totpot", 2), ("meanshr", 0), ("shrgt45", 0), ("meanpot_pot", 2),
            ("totpot_pot", 2), ("meanshr_pot", 0), ("shrgt45_pot", 0), ("free_energy", 2), ("usfluxl", 1),
            ("meangbl", 1),
        ];
        let double = sample.scaled(2.0);
        for (name, power) in powers {
            let (before, after) = (sample.measured(name), double.measured(name));
            let factor = 2_f64.powi(power);
            prop_assert!(are_same(before.value * factor, after.value), "{}: {:?} and {:?}", name, before, after);
            prop_assert!(are_same(before.error * factor, after.error), "{} error: {:?} and {:?}", name, before, after);
        }
    }

    /// All of the field turned around changes the sign of nothing but the net current.
    #[test]
    fn the_other_polarity_measures_the_same(sample in fields()) {
        let inverted = sample.scaled(-1.0);
        for name in ["usflux", "cmask", "meangam", "meangbt", "meangbz", "totusjz", "meanalp", "meanjzh",
            "totusjh", "absnjzh", "meanpot", "totpot", "meanshr", "shrgt45", "meanshr_pot", "meanpot_pot", "r_value"] {
            let (value, other) = (sample.value(name), inverted.value(name));
            prop_assert!(are_same(value, other), "{}: {} and {}", name, value, other);
        }
        let (net, other) = (sample.value("meanjzd"), -inverted.value("meanjzd"));
        prop_assert!(are_same(net, other), "meanjzd: {} and {}", net, other);
    }

    /// Sums over two disjoint masks add up to the sum over both.
    #[test]
    fn sums_are_additive_over_the_mask(sample in fields()) {
        let mut rest = sample.clone();
        let mut part = sample.clone();
        for (pixel, (rest, part)) in rest.confidence.iter_mut().zip(&mut part.confidence).enumerate() {
            *(if pixel % 3 == 0 { rest } else { part }) = 0.0;
        }
        for name in ["usflux", "cmask", "totusjz", "totusjh", "totpot", "totpot_pot"] {
            let (whole, sum) = (sample.value(name), part.value(name) + rest.value(name));
            // The order of the sum is another.
            prop_assert!((whole - sum).abs() <= 1e-12 * whole.abs(), "{}: {} and {}", name, whole, sum);
        }
    }

    /// A mirror image has the same flux and as much current, of the other sign.
    #[test]
    fn a_mirror_image_measures_the_same(sample in fields()) {
        let flip = |values: &[f32]| -> Vec<f32> {
            values.chunks(sample.width).flat_map(|row| row.iter().rev().copied()).collect()
        };
        let mirrored = Sample {
            br: flip(&sample.br),
            bp: flip(&sample.bp).iter().map(|b| -b).collect(),
            bt: flip(&sample.bt),
            error: flip(&sample.error),
            bitmap: flip(&sample.bitmap),
            confidence: flip(&sample.confidence),
            ..sample.clone()
        };
        for name in ["usflux", "cmask", "meangam", "totusjz", "totusjh", "absnjzh", "usfluxl"] {
            let (before, after) = (sample.value(name), mirrored.value(name));
            // The order of sums is another; the net helicity is the small difference of large terms.
            let size = if name == "absnjzh" { sample.value("totusjh") } else { before };
            prop_assert!(
                (before - after).abs() <= 1e-12 * size || (before.is_nan() && after.is_nan()),
                "{}: {} and {}", name, before, after
            );
        }
    }

    /// A quarter turn of the image and its field measures the same, where no habit of JSOC's stands against it:
    /// its window and its left-out gradients prefer a direction.
    #[test]
    fn a_quarter_turn_measures_the_same(sample in fields()) {
        let (width, height) = (sample.width, sample.height);
        // West becomes north and north becomes east: the pixel (x, y) goes to (height − 1 − y, x).
        let turn = |values: &[f32]| -> Vec<f32> {
            (0..width * height)
                .map(|pixel| {
                    let (x, y) = (pixel % height, pixel / height);
                    values[(height - 1 - x) * width + y]
                })
                .collect()
        };
        let turned = Sample {
            width: height,
            height: width,
            br: turn(&sample.br),
            // Bx becomes By and By becomes −Bx, By being −Bt.
            bp: turn(&sample.bt),
            bt: turn(&sample.bp.iter().map(|b| -b).collect::<Vec<_>>()),
            error: turn(&sample.error),
            bitmap: turn(&sample.bitmap),
            confidence: turn(&sample.confidence),
        };
        for name in ["usflux", "cmask", "meangam", "meanjzd", "totusjz", "savncpp", "meanjzh", "totusjh", "usfluxl"] {
            let (before, after) = (sample.value(name), turned.value(name));
            // The order of sums is another; where terms cancel that is seen against their size.
            let size = sample.value("totusjh").abs().max(before.abs());
            let tolerance = if name == "meanjzd" { 1e-9 } else { 1e-12 * size };
            prop_assert!(
                (before - after).abs() <= tolerance || (before.is_nan() && after.is_nan()),
                "{}: {} and {}", name, before, after
            );
        }
    }
}
