//! `CHECK INDEX name [WITH (k = 10, queries = 200, generated = 20, seed = 0)]`: an index compared with its table, and
//! its answers with the exact ones.

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use helioql_catalog::IndexEntry;
use helioql_grammar::{Diagnostic, Ident, ast::CheckIndex};
use rand::{SeedableRng, seq::index::sample};
use rand_chacha::ChaCha8Rng;

use super::{blocking, facts};
use crate::{
    DEFAULT_GENERATOR, Error, Result,
    generator::Generator,
    index::{self, Recall, VectorIndex, config::number},
    models::Handle,
    session::Session,
    tables::{self, stored::Commit},
};

/// What is asked.
struct Asked {
    k: usize,
    queries: usize,
    generated: usize,
    seed: u64,
}

pub(super) async fn execute(session: &Session, check: &CheckIndex) -> Result<DataFrame> {
    let asked = read_options(check)?;
    let entry = entry(session, &check.name)?;
    let commit = tables::commit(session, &entry.table).await?.ok_or_else(|| {
        Error::Unsupported(format!("the table `{}` of the index cannot be read", entry.table))
    })?;
    let _memory = index::store::room(session, &commit, &entry)?;
    let models = session.models().for_last_statement();
    let report = blocking(move || report(&commit, &entry, &asked, &models)).await?;
    facts(
        session,
        report.into_iter().map(|(fact, value)| (fact.to_owned(), value)),
    )
}

/// The index of this name.
pub(super) fn entry(session: &Session, name: &Ident) -> Result<IndexEntry> {
    let known = session
        .engine()
        .catalogue()
        .map(helioql_catalog::Catalogue::indexes)
        .unwrap_or_default();
    if let Some(entry) = known.iter().find(|entry| entry.name == name.value) {
        return Ok(entry.clone());
    }
    let names = known.iter().map(|entry| entry.name.as_str());
    Err(Diagnostic::error(format!("unknown index `{}`", name.value))
        .with_span(name.span)
        .with_suggestion(helioql_grammar::closest(&name.value, names))
        .into())
}

fn read_options(check: &CheckIndex) -> Result<Asked> {
    let mut given = check.options.clone();
    let asked = Asked {
        k: number(&mut given, "k", 1..=1000)?.unwrap_or(10),
        queries: number(&mut given, "queries", 0..=10_000)?.unwrap_or(200),
        generated: number(&mut given, "generated", 0..=1000)?.unwrap_or(20),
        seed: given.take_u64("seed")?.unwrap_or(0),
    };
    given.finish(&["k", "queries", "generated", "seed"])?;
    Ok(asked)
}

type Fact = (&'static str, String);

fn report(commit: &Arc<Commit>, entry: &IndexEntry, asked: &Asked, models: &Handle) -> Result<Vec<Fact>> {
    let files = commit.rows.files();
    let (has, all) = (commit.rows.len(0..entry.files), commit.rows.len(0..files));
    let mut report = vec![
        ("table", format!("{} ({})", entry.table, entry.config.column)),
        ("metric", entry.config.metric.clone()),
        ("storage", entry.config.storage.clone()),
        ("rows", all.to_string()),
        ("rows in the index", has.to_string()),
        ("rows left out", entry.config.left_out.to_string()),
    ];
    let index = match index::store::read(commit, entry) {
        Ok(index) => index,
        Err(error) => {
            report.push((
                "files",
                format!("{error}; the next search that needs the index makes it anew"),
            ));
            return Ok(report);
        }
    };
    report.push(("files", "whole".to_owned()));
    report.push(("vectors", same_vectors(commit, entry, &index, models)?));
    let rows: Vec<Vec<f32>> = {
        let places: Vec<usize> = (0..index.vectors.len())
            .filter(|row| index.vectors.is_place(*row, index.settings.metric))
            .collect();
        let mut rng = ChaCha8Rng::seed_from_u64(asked.seed);
        let chosen = sample(&mut rng, places.len(), asked.queries.min(places.len()));
        chosen
            .iter()
            .map(|place| index.vectors.get(places[place]).to_vec())
            .collect()
    };
    let recall = index::measure(&index, &rows, asked.k, models)?;
    report.push(("recall of rows", told(recall, asked.k)));
    let generated = match &entry.config.encoder {
        Some(encoder) if asked.generated > 0 => match generated(encoder, asked, models) {
            Ok(generated) => told(index::measure(&index, &generated, asked.k, models)?, asked.k),
            Err(Error::Cancelled) => return Err(Error::Cancelled),
            Err(error) => format!("not measured: {error}"),
        },
        Some(_) => "not measured".to_owned(),
        None => "not measured: no encoder of this engine made the vectors".to_owned(),
    };
    report.push(("recall of generated patches", generated));
    Ok(report)
}

/// Whether the vectors of the index are those of its table.
fn same_vectors(commit: &Commit, entry: &IndexEntry, index: &VectorIndex, models: &Handle) -> Result<String> {
    if entry.files == 0 {
        return Ok(format!(
            "the table was written anew since; VACUUM {} brings the index up to date",
            entry.table
        ));
    }
    let column = commit.rows.schema().index_of(&entry.config.column)?;
    let table = commit.rows.read_vectors(column, 0..entry.files, models)?;
    Ok(if index.vectors.begin(&table) {
        "those of the table".to_owned()
    } else {
        format!(
            "not those of the table; CREATE OR REPLACE INDEX {} makes it anew",
            entry.name
        )
    })
}

/// Embeddings of patches that are drawn at random.
fn generated(encoder: &str, asked: &Asked, models: &Handle) -> Result<Vec<Vec<f32>>> {
    let encoder = models.encoder_of_rows(encoder)?;
    let generator = models.generator(DEFAULT_GENERATOR)?;
    (0..asked.generated as u64)
        .map(|number| {
            models.check_cancelled()?;
            let latent = Generator::latent(asked.seed, number, generator.config().latent_dim);
            let patches = generator.generate(&[latent])?;
            let mut embedded = encoder.embed(&patches.iter().collect::<Vec<_>>())?;
            embedded
                .pop()
                .ok_or_else(|| Error::Unsupported("internal: a patch without an embedding".to_owned()))
        })
        .collect()
}

fn told(recall: Option<Recall>, k: usize) -> String {
    match recall {
        None => "not measured".to_owned(),
        Some(recall) => format!(
            "recall@{k} {:.4} over {} queries, least {:.2}",
            recall.mean, recall.queries, recall.least
        ),
    }
}
