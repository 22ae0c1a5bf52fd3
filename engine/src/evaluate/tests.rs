//! Whole evaluations of the shipped models, on patches of their own making, whose figures are known beforehand.

use super::*;
use crate::{
    DEFAULT_ENCODER, DEFAULT_GENERATOR, Result,
    generator::Generator,
    models::Handle,
    progress::{Progress, Silent},
};

const COUNT: usize = 40;

fn options() -> EvaluateOptions {
    EvaluateOptions {
        samples: COUNT,
        seed: 9,
        targets: 2,
        inversions: 1,
        bootstrap: 10,
    }
}

/// The generator's patches of `count` seeds from `seed` on, each two of one region, a day apart.
fn drawn(generator: &Generator, seed: u64, count: usize) -> Result<Part> {
    let dim = generator.config().latent_dim;
    let latents: Vec<_> = (0..count as u64)
        .map(|i| Generator::latent(seed + i, 0, dim))
        .collect();
    let groups: Vec<_> = (0..count as i64).map(|i| (i / 2, i * 86_400)).collect();
    Ok(Part::new(generator.generate(&latents)?, &groups))
}

fn value(scores: &[Score], metric: &str) -> Option<f64> {
    scores.iter().find(|score| score.metric == metric)?.value
}

#[test]
fn a_generator_is_as_good_as_itself() -> Result<()> {
    let models = Handle::shipped();
    let (sun, look) = (
        models.generator(DEFAULT_GENERATOR)?,
        models.encoder(DEFAULT_ENCODER)?,
    );
    // The same patches on all three sides.
    let same = drawn(&sun, options().seed, COUNT)?;
    let found = generator(&sun, &look, None, (&same, &same), &options(), &Silent)?.scores;
    let at_most = |metric: &str, most: f64| {
        let value = value(&found, metric);
        assert!(
            value.is_some_and(|v| v.abs() <= most),
            "{metric}: {value:?}, at most {most}"
        );
    };
    // The way through the scale of images rounds, so that a value may change places with one neighbour.
    for metric in ["ks_tuf", "ks_tpf", "ks_tnf", "ks_psep", "ks_r"] {
        at_most(metric, 1.0 / COUNT as f64 + 1e-12);
    }
    at_most("spearman_matrix", 1e-2);
    for metric in ["fd_embedding", "power_dex", "nyquist_dex", "nearest_train_p50"] {
        at_most(metric, 1e-2);
    }
    for metric in ["precision", "recall"] {
        assert_eq!(value(&found, metric), Some(1.0), "{metric}");
    }
    assert_eq!(value(&found, "saturated"), value(&found, "saturated_real"));
    Ok(())
}

#[test]
fn an_encoder_finds_what_it_has_seen() -> Result<()> {
    let models = Handle::shipped();
    let (sun, look) = (
        models.generator(DEFAULT_GENERATOR)?,
        models.encoder(DEFAULT_ENCODER)?,
    );
    let same = drawn(&sun, 1, COUNT)?;
    let found = encoder(&look, &sun, (&same, &same), &options(), &Silent)?.scores;
    for metric in [
        "retrieval_tuf_pearson",
        "retrieval_r_spearman",
        "retrieval_psep_pearson_pca64",
    ] {
        assert!(
            value(&found, metric).is_some_and(|r| (r - 1.0).abs() < 1e-12),
            "{metric}: {:?}",
            value(&found, metric)
        );
    }
    // No two patches look alike, so the one of the same region is met by chance: 10 of 39 places.
    let recall = value(&found, "region_recall_at_10_random");
    assert!(recall.is_some_and(|r| r < 0.6), "{recall:?}");
    // The two patches of a region are one day apart.
    let beyond = found
        .iter()
        .find(|score| score.metric == "region_recall_at_10_beyond_3_5_days");
    assert!(
        beyond.is_some_and(|score| score.n == 0 && score.value.is_none()),
        "{beyond:?}"
    );
    Ok(())
}

#[test]
fn figures_do_not_depend_on_threads() -> Result<()> {
    let models = Handle::shipped();
    let (sun, look) = (
        models.generator(DEFAULT_GENERATOR)?,
        models.encoder(DEFAULT_ENCODER)?,
    );
    let (train, held_out) = (drawn(&sun, 100, COUNT)?, drawn(&sun, 300, 20)?);
    let directions = models.directions(DEFAULT_GENERATOR)?;
    let figures = |threads: usize| -> Result<Vec<Score>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|source| ModelError::Threads { threads, source })?;
        let parts = (&train, &held_out);
        pool.install(|| {
            let mut scores = generator(&sun, &look, Some(&directions), parts, &options(), &Silent)?.scores;
            scores.extend(encoder(&look, &sun, parts, &options(), &Silent)?.scores);
            scores.retain(|score| !score.metric.starts_with("target_ms"));
            Ok(scores)
        })
    };
    let one = figures(1)?;
    assert!(one.len() > 100, "{} figures", one.len());
    assert_eq!(one, figures(3)?);
    Ok(())
}

#[test]
fn an_evaluation_can_be_cancelled() -> Result<()> {
    struct Impatient;
    impl Observer for Impatient {
        fn report(&self, _: &Progress) {}
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    let models = Handle::shipped();
    let (sun, look) = (
        models.generator(DEFAULT_GENERATOR)?,
        models.encoder(DEFAULT_ENCODER)?,
    );
    let part = drawn(&sun, 1, 4)?;
    let stopped = generator(&sun, &look, None, (&part, &part), &options(), &Impatient);
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    let stopped = encoder(&look, &sun, (&part, &part), &options(), &Impatient);
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    Ok(())
}

#[test]
fn a_figure_is_shown_with_what_it_compares_to() {
    let [score, floor] = Score::with_floor("ks_tuf", (Some(0.09312), 10), (Some(0.0471), 20));
    let score = score.with_interval(Some((0.08, 0.1234)));
    assert_eq!(score.to_string(), "0.0931 (0.0800 to 0.123), floor 0.0471");
    assert_eq!(floor.to_string(), "0.0471, training against held-out");
    assert!(floor.is_comparison() && !score.is_comparison());
    let of = |metric: &str| Score::new(metric, Some(f64::NAN), 0);
    assert!(of("retrieval_tuf_pearson_pca64").is_comparison() && !of("c2st_pca64").is_comparison());
    assert_eq!(of("fd_embedding").value, None, "JSON has no NaN");
    assert_eq!(short(12_345.6), "12346");
}
