//! The figures of an encoder: does the nearest match measure alike, and is a region found again at another time. Beside
//! each stand those of simpler ways to compare patches.

use super::{
    EvaluateOptions, Evaluation, Measured, Part, Progressing, Score,
    effective_rank::effective_rank,
    generator::draw,
    region_recall::partner_ranks,
    retrieval::{Placed, retrieval},
    spaces::{Space, spaces},
    statistics::Bootstrap,
};
use crate::{
    encoder::Encoder,
    generator::{Generator, evaluate::as_drawn},
    nn::Result,
    progress::Observer,
};

/// What the recall of a region is called, the neighbours that are looked at, and the least gap in days.
const RECALLS: [(&str, usize, f64); 3] = [
    ("region_recall_at_1", 1, 0.5),
    ("region_recall_at_10", 10, 0.5),
    ("region_recall_at_10_beyond_3_5_days", 10, 3.5),
];
/// What arXiv:2502.05351 reports for the total unsigned flux, on other data.
const PAPER: [(&str, &str); 2] = [
    ("retrieval_tuf_pearson", "paper 0.78"),
    ("retrieval_tuf_spearman", "paper 0.79"),
];
const STAGES: u64 = 4;

/// Evaluates an encoder with held-out patches as queries among the training patches (`retrieval_…`), with patches of
/// `generator` as queries among all (`generated_…`), and with held-out patches among themselves (`region_recall_…`).
///
/// # Errors
/// When a patch cannot be put on the grid of the generator or of the encoder, or the observer cancels.
pub fn encoder(
    encoder: &Encoder,
    generator: &Generator,
    (train, held_out): (&Part, &Part),
    options: &EvaluateOptions,
    observer: &dyn Observer,
) -> Result<Evaluation> {
    let mut progress = Progressing::new(observer, "evaluating encoder", STAGES);
    let bootstrap = options.bootstrap();

    progress.stage("real queries")?;
    let gallery = Measured::new(train.patches.clone(), train.regions.clone());
    let queries = Measured::new(held_out.patches.clone(), held_out.regions.clone());
    let of_real = spaces(encoder, &gallery, &queries, options.seed, &progress)?;
    let mut scores = retrievals("retrieval", &of_real, &gallery, &queries, bootstrap);
    for (metric, compare) in PAPER {
        for score in scores.iter_mut().filter(|score| score.metric == metric) {
            compare.clone_into(&mut score.compare);
        }
    }

    progress.stage("the same region")?;
    for space in &of_real {
        scores.extend(recalls(space, held_out, bootstrap));
    }
    if let Some(space) = of_real.first() {
        scores.push(Score::new(
            "effective_rank",
            effective_rank(&space.queries),
            queries.len(),
        ));
    }

    progress.stage("generated queries")?;
    let drawn = draw(generator, options, &progress)?;
    let mut patches = as_drawn(&train.patches, generator.config())?;
    patches.extend(as_drawn(&held_out.patches, generator.config())?);
    let regions = [train.regions.as_slice(), &held_out.regions].concat();
    let all = Measured::new(patches, regions);
    progress.stage("their matches")?;
    let of_drawn = spaces(encoder, &all, &drawn, options.seed, &progress)?;
    scores.extend(retrievals("generated", &of_drawn, &all, &drawn, bootstrap));
    Ok(Evaluation {
        scores,
        pictures: Vec::new(),
    })
}

fn retrievals(
    prefix: &str,
    spaces: &[Space],
    gallery: &Measured,
    queries: &Measured,
    bootstrap: Bootstrap,
) -> Vec<Score> {
    let of = |space: &Space| {
        let (queries_placed, gallery_placed) = (
            Placed {
                vectors: &space.queries,
                quantities: &queries.quantities,
            },
            Placed {
                vectors: &space.gallery,
                quantities: &gallery.quantities,
            },
        );
        retrieval(
            prefix,
            space.suffix,
            queries_placed,
            &queries.regions,
            gallery_placed,
            bootstrap,
        )
    };
    spaces.iter().flat_map(of).collect()
}

/// The part of queries whose region is among the nearest at another time.
fn recalls(space: &Space, held_out: &Part, bootstrap: Bootstrap) -> Vec<Score> {
    if space.queries.len() != held_out.regions.len() {
        return Vec::new();
    }
    RECALLS
        .iter()
        .map(|&(metric, k, gap_days)| {
            let ranks = partner_ranks(&space.queries, &held_out.regions, &held_out.seconds, gap_days);
            let recall = |rows: &[usize]| {
                let found = rows.iter().filter(|&&row| ranks[row].1 < k).count();
                (!rows.is_empty()).then(|| found as f64 / rows.len() as f64)
            };
            let all: Vec<usize> = (0..ranks.len()).collect();
            let regions: Vec<i64> = ranks.iter().map(|&(query, _)| held_out.regions[query]).collect();
            Score::new(format!("{metric}{}", space.suffix), recall(&all), ranks.len())
                .with_interval(bootstrap.interval(&regions, recall))
        })
        .collect()
}
