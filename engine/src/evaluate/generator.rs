//! The figures of a generator: are its patches distributed as real ones, are they new, and does it do what it is
//! asked. Real patches are put on the generator's grid and clipped as it draws, so that resolution is no difference.

use super::{
    AT_ONCE, EvaluateOptions, Evaluation, Measured, Part, Progressing, Score,
    frechet::frechet,
    inversion::inversion,
    manifold::precision_recall,
    marginals::{correlations, marginals},
    nearest_train,
    neighbours::distances,
    pictures, pixels,
    principal::Principal,
    spectra,
    statistics::{Standard, quantile},
    steering::steering,
    targets::{leakage, targets},
    two_sample::{Rows, accuracy},
};
use crate::{
    directions::Directions,
    encoder::Encoder,
    generator::{Generator, evaluate::as_drawn},
    nn::Result,
    patch::Patch,
    progress::Observer,
};

/// Principal axes of pixels that the second classifier looks at.
const AXES: usize = 64;
const STAGES: u64 = 10;
/// A walk from every so many targets.
const TARGETS_A_WALK: usize = 5;

/// Evaluates a generator by patches that it was not trained on (`held_out`), with those that it may have been trained
/// on (`train`) for floors and for the search for copies. The `encoder` makes the vectors that distributions are
/// compared in. Without `directions` there are no figures of targets.
///
/// # Errors
/// When a patch cannot be put on the grid of the generator or of the encoder, or the observer cancels.
pub fn generator(
    generator: &Generator,
    encoder: &Encoder,
    directions: Option<&Directions>,
    (train, held_out): (&Part, &Part),
    options: &EvaluateOptions,
    observer: &dyn Observer,
) -> Result<Evaluation> {
    let mut progress = Progressing::new(observer, "evaluating generator", STAGES);
    progress.stage("drawing")?;
    let drawn = draw(generator, options, &progress)?;
    let real = |part: &Part| -> Result<Measured> {
        let patches = as_drawn(&part.patches, generator.config())?;
        Ok(Measured::new(patches, part.regions.clone()))
    };
    let parts = (train, held_out);
    let (train, held_out) = (real(train)?, real(held_out)?);

    progress.stage("marginals")?;
    let bootstrap = options.bootstrap();
    let mut scores = marginals(&drawn, &train, &held_out, bootstrap);
    scores.extend(Score::with_floor(
        "spearman_matrix",
        (correlations(&drawn, &held_out), drawn.len()),
        (correlations(&train, &held_out), train.len()),
    ));

    progress.stage("embedding")?;
    scores.extend(in_embedding(
        encoder,
        [&drawn, &train, &held_out],
        options.seed,
        &progress,
    )?);

    progress.stage("pixels")?;
    scores.extend(in_pixels(generator, [&drawn, &train, &held_out], options.seed)?);

    progress.stage("spectrum")?;
    let spectrum = spectra::differences(&drawn.patches, &held_out.patches).unzip();
    let floor = spectra::differences(&train.patches, &held_out.patches).unzip();
    scores.extend(Score::with_floor(
        "power_dex",
        (spectrum.0, drawn.len()),
        (floor.0, train.len()),
    ));
    scores.extend(Score::with_floor(
        "nyquist_dex",
        (spectrum.1, drawn.len()),
        (floor.1, train.len()),
    ));
    let clip = generator.config().clip_gauss;
    let of_real = pixels::saturated(&held_out.patches, clip);
    scores.push(
        Score::new("saturated", pixels::saturated(&drawn.patches, clip), drawn.len())
            .with_compare(of_real.map_or(String::new(), |part| format!("real {}", super::short(part)))),
    );
    scores.push(Score::new("saturated_real", of_real, held_out.len()));

    progress.stage("targets")?;
    if let Some(directions) = directions {
        let count = (options.targets, options.seed);
        let quantities = &held_out.quantities;
        let (of_targets, answers) = targets(generator, directions, quantities, count, bootstrap, &progress)?;
        scores.extend(of_targets);
        scores.extend(realism(
            encoder,
            &answers,
            &drawn,
            [&train, &held_out],
            &progress,
        )?);
        scores.push(leakage(directions));

        progress.stage("steering")?;
        let walks = (options.targets.div_ceil(TARGETS_A_WALK), options.seed);
        scores.extend(steering(generator, directions, walks, &progress)?);
    }

    progress.stage("inversion")?;
    scores.extend(inversion(
        generator,
        encoder,
        parts,
        options.inversions,
        observer,
        &progress,
    )?);

    progress.stage("pictures")?;
    let pictures = pictures::pictures(&drawn, &train, &held_out, clip)?;
    Ok(Evaluation { scores, pictures })
}

/// How far from any real patch the answers to targets lie, as a multiple of how far those lie that nothing was asked
/// of: the median distance to the nearest real patch in the standardised embedding.
fn realism(
    encoder: &Encoder,
    answers: &[(&str, Vec<Patch>)],
    drawn: &Measured,
    real: [&Measured; 2],
    progress: &Progressing<'_>,
) -> Result<Vec<Score>> {
    let mut gallery = progress.embed(encoder, &real[0].patches)?;
    gallery.extend(progress.embed(encoder, &real[1].patches)?);
    let standard = Standard::of(&gallery);
    let gallery = standard.apply(&gallery);
    let distance = |patches: &[Patch]| -> Result<Option<f64>> {
        let rows = standard.apply(&progress.embed(encoder, patches)?);
        Ok(distances(&rows, &gallery).and_then(|found| quantile(&found, 0.5)))
    };
    let unasked = distance(&drawn.patches)?;
    let mut scores = Vec::new();
    for (name, patches) in answers {
        let ratio = distance(patches)?
            .zip(unasked)
            .map(|(asked, unasked)| asked / unasked);
        let score = Score::new(format!("target_realism{name}"), ratio, patches.len());
        scores.push(score.with_compare("1 for patches that nothing was asked of"));
    }
    Ok(scores)
}

/// The patches of `GENERATE(seed => …)` for seeds from the first on.
pub(super) fn draw(
    generator: &Generator,
    options: &EvaluateOptions,
    progress: &Progressing<'_>,
) -> Result<Measured> {
    let dim = generator.config().latent_dim;
    let latent = |i: usize| Generator::latent(options.seed.wrapping_add(i as u64), 0, dim);
    let mut patches = Vec::new();
    for from in (0..options.samples).step_by(AT_ONCE) {
        progress.check()?;
        let to = options.samples.min(from + AT_ONCE);
        patches.extend(generator.generate(&(from..to).map(latent).collect::<Vec<_>>())?);
    }
    // Each is as independent of the others as one region is of another.
    let regions = (0..patches.len()).map(|i| -1 - i as i64).collect();
    Ok(Measured::new(patches, regions))
}

/// Fréchet distance, precision and recall, and the classifier, on embeddings standardised by the training patches.
fn in_embedding(
    encoder: &Encoder,
    [drawn, train, held_out]: [&Measured; 3],
    seed: u64,
    progress: &Progressing<'_>,
) -> Result<Vec<Score>> {
    let [drawn_rows, train_rows, real_rows] = [
        progress.embed(encoder, &drawn.patches)?,
        progress.embed(encoder, &train.patches)?,
        progress.embed(encoder, &held_out.patches)?,
    ];
    let standard = Standard::of(if train_rows.is_empty() {
        &real_rows
    } else {
        &train_rows
    });
    let [drawn_rows, train_rows, real_rows] =
        [drawn_rows, train_rows, real_rows].map(|rows| standard.apply(&rows));
    let (n, floor_n) = (drawn.len(), train.len());

    let mut scores = Vec::new();
    let distances = [frechet(&drawn_rows, &real_rows), frechet(&train_rows, &real_rows)];
    let [score, floor] = Score::with_floor("fd_embedding", (distances[0], n), (distances[1], floor_n));
    scores.extend([
        score,
        Score {
            metric: "fd_floor".to_owned(),
            ..floor
        },
    ]);
    let (precision, recall) = precision_recall(&real_rows, &drawn_rows).unzip();
    let (precision_floor, recall_floor) = precision_recall(&real_rows, &train_rows).unzip();
    scores.extend(Score::with_floor(
        "precision",
        (precision, n),
        (precision_floor, floor_n),
    ));
    scores.extend(Score::with_floor(
        "recall",
        (recall, held_out.len()),
        (recall_floor, held_out.len()),
    ));
    scores.extend(told_apart(
        "c2st_embedding",
        [
            (&drawn_rows, &drawn.regions),
            (&train_rows, &train.regions),
            (&real_rows, &held_out.regions),
        ],
        seed,
    ));
    Ok(scores)
}

/// The classifier on principal axes of the training pixels, and distances to the nearest training patch.
fn in_pixels(
    generator: &Generator,
    [drawn, train, held_out]: [&Measured; 3],
    seed: u64,
) -> Result<Vec<Score>> {
    let config = generator.config();
    let images = |of: &Measured| pixels::images(&of.patches, config.grid(), config.clip_gauss);
    let (drawn_images, train_images, real_images) = (images(drawn)?, images(train)?, images(held_out)?);
    let reference = if train_images.is_empty() {
        &real_images
    } else {
        &train_images
    };
    let principal = Principal::of(reference, AXES);
    let mut scores = told_apart(
        "c2st_pca64",
        [
            (&principal.apply(&drawn_images), &drawn.regions),
            (&principal.apply(&train_images), &train.regions),
            (&principal.apply(&real_images), &held_out.regions),
        ],
        seed,
    );
    let width = config.grid().width;
    for (name, images, other) in [
        ("nearest_train", &drawn_images, "nearest_held_out"),
        ("nearest_held_out", &real_images, ""),
    ] {
        let distances = nearest_train::distances(images, &train_images, width);
        for (suffix, p) in [("p1", 0.01), ("p5", 0.05), ("p50", 0.5)] {
            let compare = if other.is_empty() {
                String::new()
            } else {
                format!("{other}_{suffix}")
            };
            let score = Score::new(
                format!("{name}_{suffix}"),
                quantile(&distances, p),
                distances.len(),
            );
            scores.push(score.with_compare(compare));
        }
    }
    Ok(scores)
}

type Grouped<'a> = (&'a [Vec<f64>], &'a [i64]);

fn rows((vectors, groups): Grouped<'_>) -> Rows<'_> {
    Rows { vectors, groups }
}

fn told_apart(metric: &str, [drawn, train, real]: [Grouped<'_>; 3], seed: u64) -> Vec<Score> {
    // As many rows of either side as the smaller has.
    let n = |of: Grouped<'_>| 2 * of.0.len().min(real.0.len());
    let found = |of| accuracy(rows(of), rows(real), seed);
    Score::with_floor(metric, (found(drawn), n(drawn)), (found(train), n(train))).to_vec()
}
