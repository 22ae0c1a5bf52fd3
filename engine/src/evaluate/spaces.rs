//! Ways to place patches so that near may mean alike: the encoder's, and those that it has to be better than.
//!
//! | suffix | place |
//! |---|---|
//! | none | the embedding |
//! | `_physical` | eight measured quantities, each standardised |
//! | `_mahalanobis` | the same, decorrelated |
//! | `_pca64` | 64 principal axes of the pixels |
//! | `_pixels32` | the pixels of 32 × 32 cells |
//! | `_random` | random numbers |

use super::{Measured, Progressing, frechet::moments, pixels::images, principal::Principal};
use crate::{
    directions::Cholesky,
    encoder::{Encoder, Joint},
    nn::{Random, Result},
    patch::Grid,
};

/// The suffixes of all but the encoder's own.
pub(super) const BASELINES: [&str; 5] = ["_physical", "_mahalanobis", "_pca64", "_pixels32", "_random"];

/// A place for every row of two sets.
#[derive(Debug)]
pub(super) struct Space {
    pub(super) suffix: &'static str,
    pub(super) gallery: Vec<Vec<f64>>,
    pub(super) queries: Vec<Vec<f64>>,
}

/// Side of the images that are compared pixel by pixel.
const SIDE: usize = 32;
/// Principal axes.
const AXES: usize = 64;
/// Random numbers of a place.
const NUMBERS: usize = 16;
/// What is added to the variance of a quantity, so that one that does not vary does no harm.
const RIDGE: f64 = 1e-6;

/// All spaces, fitted on the gallery, or where there is none on the queries.
pub(super) fn spaces(
    encoder: &Encoder,
    gallery: &Measured,
    queries: &Measured,
    seed: u64,
    progress: &Progressing<'_>,
) -> Result<Vec<Space>> {
    let config = encoder.config();
    let (grid, clip) = (config.grid(), config.clip_gauss);
    let fitted = if gallery.len() == 0 { queries } else { gallery };
    let joint = Joint::fitted(1.0, &[], &fitted.quantities);
    let physical = |of: &Measured| -> Vec<Vec<f64>> {
        let place = |row| joint.join(&[], row).into_iter().map(f64::from).collect();
        of.quantities.iter().map(place).collect()
    };
    let (of_gallery, of_queries) = (physical(gallery), physical(queries));
    let (_, mut covariance) = moments(&physical(fitted));
    let order = covariance.len().isqrt();
    for i in 0..order {
        covariance[i * order + i] += RIDGE;
    }
    let whitened = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        Cholesky::new(&covariance, order).map_or_else(Vec::new, |factor| {
            rows.iter().map(|row| factor.whiten(row)).collect()
        })
    };
    let mahalanobis = (whitened(&of_gallery), whitened(&of_queries));

    let (pixels, of_pixels) = (
        images(&gallery.patches, grid, clip)?,
        images(&queries.patches, grid, clip)?,
    );
    let principal = Principal::of(if pixels.is_empty() { &of_pixels } else { &pixels }, AXES);
    let coarse = Grid {
        height: SIDE,
        width: SIDE,
        cell_mm: grid.cell_mm * grid.width as f64 / SIDE as f64,
    };
    let coarse = |of: &Measured| -> Result<Vec<Vec<f64>>> {
        let wide = |image: Vec<f32>| image.into_iter().map(f64::from).collect();
        Ok(images(&of.patches, coarse, clip)?.into_iter().map(wide).collect())
    };
    let random = |of: &Measured, stream| -> Vec<Vec<f64>> {
        let mut random = Random::new(seed, stream);
        let numbers = |random: &mut Random| random.normals(NUMBERS).into_iter().map(f64::from).collect();
        (0..of.len()).map(|_| numbers(&mut random)).collect()
    };
    let embedded = (
        progress.embed(encoder, &gallery.patches)?,
        progress.embed(encoder, &queries.patches)?,
    );
    let baselines = [
        (of_gallery, of_queries),
        mahalanobis,
        (principal.apply(&pixels), principal.apply(&of_pixels)),
        (coarse(gallery)?, coarse(queries)?),
        (random(gallery, 0), random(queries, 1)),
    ];
    let space = |(suffix, (gallery, queries))| Space {
        suffix,
        gallery,
        queries,
    };
    let named = BASELINES.into_iter().zip(baselines);
    Ok(std::iter::once(("", embedded)).chain(named).map(space).collect())
}
