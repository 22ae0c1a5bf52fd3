//! How near INVERT comes to real patches that the generator has not seen.

use super::{Part, Progressing, Score, neighbours::distances, short, statistics::quantile};
use crate::{
    encoder::Encoder,
    generator::{Generator, evaluate::as_drawn},
    invert::{Atlas, Inverted, invert},
    nn::Result,
    physics::{PatchQuantities, measure},
    progress::Observer,
};

/// `invert_…` over `count` of the held-out patches, evenly spread over them.
pub(super) fn inversion(
    generator: &Generator,
    encoder: &Encoder,
    (train, held_out): (&Part, &Part),
    count: usize,
    observer: &dyn Observer,
    progress: &Progressing<'_>,
) -> Result<Vec<Score>> {
    let count = count.min(held_out.patches.len());
    if count == 0 {
        return Ok(Vec::new());
    }
    let atlas = Atlas::new(generator, encoder, observer)?;
    let mut found: Vec<(PatchQuantities, Inverted)> = Vec::with_capacity(count);
    let mut seen = Vec::with_capacity(count);
    for i in 0..count {
        progress.check()?;
        progress.within("inversion", i, count);
        let patch = &held_out.patches[i * held_out.patches.len() / count];
        let real = as_drawn(std::slice::from_ref(patch), generator.config())?.swap_remove(0);
        found.push((
            measure(&real),
            invert(generator, encoder, &atlas, patch, observer)?,
        ));
        seen.push(patch.clone());
    }
    let neighbours = distances(
        &progress.embed(encoder, &seen)?,
        &progress.embed(encoder, &train.patches)?,
    );
    let median = |metric: &str, of: &dyn Fn(&PatchQuantities, &Inverted) -> f64| {
        let values: Vec<f64> = found.iter().map(|(real, found)| of(real, found)).collect();
        Score::new(format!("invert_{metric}_median"), quantile(&values, 0.5), count)
    };
    let relative = |keyword: &'static str| {
        move |real: &PatchQuantities, found: &Inverted| {
            let of = |row: &PatchQuantities| row.get(keyword).unwrap_or(f64::NAN);
            (of(&found.view.quantities) / of(real) - 1.0).abs()
        }
    };
    let neighbour = neighbours
        .and_then(|distances| quantile(&distances, 0.5))
        .map_or(String::new(), |d| format!("nearest training patch {}", short(d)));
    Ok(vec![
        median("explained", &|_, found| found.explained).with_compare("part of the mean square field"),
        median("pixel_error", &|_, found| found.pixel_error_gauss).with_compare("in Gauss"),
        median("embedding_distance", &|_, found| found.embedding_distance).with_compare(neighbour),
        median("usflux_error", &relative("usflux")).with_compare("relative"),
        median("psep_error", &relative("psep")).with_compare("relative"),
    ])
}
