//! `EXPORT SHARPS TO 'directory' [WITH (overwrite = true)] AS query`: the segments of simulated records as FITS
//! files, named, laid out and with cards as JSOC's are, which IMPORT SHARPS reads again.
//!
//! The query's rows say which records: they need the columns `source` and `path` of SIMULATE, from which a record
//! is made again at full resolution. Any other row has no segments to write and is refused. All names are looked
//! at before the first file is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::dataframe::DataFrame;
use helioql_catalog::{
    Segment, SharpId,
    fits::{Packing, Value, write_image},
};
use helioql_grammar::{Diagnostic, Span, ast::ExportSharps};
use rayon::prelude::*;

use super::{answer, blocking};
use crate::{
    Error, Result,
    models::Handle,
    physics::sharp::{self, PixelScale},
    progress::{Observer, Progress},
    session::Session,
    simulated::{self, Origin},
    simulator::vector::{SimulatedSegments, identify},
};

/// How files begin: not with `hmi`, so that nobody takes them for observations.
const SERIES: &str = "sim.sharp_cea_720s";
/// The columns that say which record a row is.
const NEEDED: [&str; 2] = ["source", "path"];
/// How many records are written between two looks at the cancel flag: one takes 40 MB while it is made.
const CHUNK: usize = 4;
/// How many names an error lists.
const SHOWN: usize = 5;

pub(super) async fn execute(session: &Session, export: &ExportSharps) -> Result<DataFrame> {
    let mut options = export.options.clone();
    let overwrite = options.take_bool("overwrite")?.unwrap_or(false);
    options.finish(&["overwrite"])?;
    let records = records(session, export).await?;
    let directory = PathBuf::from(&export.directory);
    std::fs::create_dir_all(&directory).map_err(|source| Error::Io {
        path: directory.clone(),
        source,
    })?;
    if !overwrite {
        refuse_existing(&directory, &records, export.directory_span)?;
    }
    let models = session.models().for_last_statement();
    let bytes = blocking(move || write(&models, &directory, &records)).await?;
    let schema = Schema::new(vec![
        Field::new("record", DataType::Utf8, false),
        Field::new("files", DataType::Int64, false),
        Field::new("bytes", DataType::Int64, false),
    ]);
    let columns: Vec<ArrayRef> = vec![
        std::sync::Arc::new(
            bytes
                .iter()
                .map(|(id, _)| Some(id.to_string()))
                .collect::<StringArray>(),
        ),
        std::sync::Arc::new(Int64Array::from(vec![SEGMENTS.len() as i64; bytes.len()])),
        std::sync::Arc::new(
            bytes
                .iter()
                .map(|(_, bytes)| *bytes as i64)
                .collect::<Int64Array>(),
        ),
    ];
    answer(
        session,
        RecordBatch::try_new(std::sync::Arc::new(schema), columns)?,
    )
}

/// A record and its key.
type Wanted = (Origin, SharpId);

/// The records of the query, each once.
async fn records(session: &Session, export: &ExportSharps) -> Result<Vec<Wanted>> {
    let frame = session.query(&export.query).await?;
    for column in NEEDED {
        if frame.schema().field_with_unqualified_name(column).is_err() {
            return Err(
                Diagnostic::error(format!("EXPORT SHARPS: the query has no column `{column}`"))
                    .with_hint("SELECT * FROM SIMULATE(…) has all that is needed: source and path")
                    .into(),
            );
        }
    }
    // What is not read is not computed: keywords, patches and embeddings least of all.
    let frame = frame.select_columns(&NEEDED)?;
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut origins: BTreeMap<SharpId, Origin> = BTreeMap::new();
    for batch in frame.collect().await? {
        session.models().check_cancelled()?;
        let text = |index: usize| cast(batch.column(index), &DataType::Utf8);
        let (sources, paths) = (text(0)?, text(1)?);
        let (sources, paths) = (sources.as_string::<i32>(), paths.as_string::<i32>());
        for row in 0..batch.num_rows() {
            let value = |column: &StringArray| column.is_valid(row).then(|| column.value(row).to_owned());
            let (source, path) = (value(sources), value(paths));
            let origin = path.as_deref().and_then(|path| path.parse::<Origin>().ok());
            let Some(origin) = origin.filter(|_| source.as_deref() == Some(simulated::SOURCE)) else {
                return Err(no_segments(source.as_deref(), path.as_deref()));
            };
            let id = simulated::sharp_id(&identify(origin.seed, origin.index));
            match origins.insert(id, origin) {
                Some(known) if known != origin => {
                    return Err(Diagnostic::error(format!(
                        "EXPORT SHARPS: `{known}` and `{origin}` are both {id}"
                    ))
                    .with_hint("records of different seeds go to different directories")
                    .into());
                }
                Some(_) => {}
                None => wanted.push((origin, id)),
            }
        }
    }
    Ok(wanted)
}

fn no_segments(source: Option<&str>, path: Option<&str>) -> Error {
    let found = format!(
        "a row with source {} and path {}",
        source.unwrap_or("NULL"),
        path.unwrap_or("NULL")
    );
    Diagnostic::error(format!(
        "EXPORT SHARPS writes rows of SIMULATE, whose segments can be made again; found {found}"
    ))
    .with_note("an imported record is already the files that it was read from")
    .with_hint("WHERE path LIKE 'simulate:%' leaves out the others")
    .into()
}

/// The segments that are written, and how.
const SEGMENTS: [(Segment, Packing); 10] = [
    (Segment::Br, Packing::Hundredths),
    (Segment::Bp, Packing::Hundredths),
    (Segment::Bt, Packing::Hundredths),
    (Segment::BrErr, Packing::Hundredths),
    (Segment::BpErr, Packing::Hundredths),
    (Segment::BtErr, Packing::Hundredths),
    (Segment::Magnetogram, Packing::Hundredths),
    (Segment::Continuum, Packing::Hundredths),
    (Segment::Bitmap, Packing::Whole),
    (Segment::ConfDisambig, Packing::Whole),
];

fn pixels(made: &SimulatedSegments, segment: Segment) -> &[f32] {
    match segment {
        Segment::Br => &made.br,
        Segment::Bp => &made.bp,
        Segment::Bt => &made.bt,
        Segment::BrErr => &made.br_err,
        Segment::BpErr => &made.bp_err,
        Segment::BtErr => &made.bt_err,
        Segment::Magnetogram => &made.magnetogram,
        Segment::Continuum => &made.continuum,
        Segment::Bitmap => &made.bitmap,
        Segment::ConfDisambig => &made.conf_disambig,
        Segment::Dopplergram => &[],
    }
}

fn file_name(id: SharpId, segment: Segment) -> String {
    // `2011.02.15_02:00:00_TAI` is written `20110215_020000_TAI` in names.
    let time = id.t_rec.to_string().replace(['.', ':'], "");
    format!("{SERIES}.{}.{time}.{segment}.fits", id.harpnum)
}

fn refuse_existing(directory: &Path, records: &[Wanted], span: Span) -> Result<()> {
    let names = records
        .iter()
        .flat_map(|(_, id)| SEGMENTS.map(|(segment, _)| file_name(*id, segment)));
    let there: Vec<_> = names.filter(|name| directory.join(name).exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{} of the files exist already in `{}`",
        there.len(),
        directory.display()
    );
    let mut diagnostic = Diagnostic::error(message)
        .with_span(span)
        .with_hint("WITH (overwrite = true) replaces them");
    for name in there.iter().take(SHOWN) {
        diagnostic = diagnostic.with_note(name.clone());
    }
    if there.len() > SHOWN {
        diagnostic = diagnostic.with_note(format!("and {} more", there.len() - SHOWN));
    }
    Err(diagnostic.into())
}

/// Writes all records; the answer has the bytes of each.
fn write(models: &Handle, directory: &Path, records: &[Wanted]) -> Result<Vec<(SharpId, u64)>> {
    let mut written = Vec::with_capacity(records.len());
    for chunk in records.chunks(CHUNK) {
        models.check_cancelled()?;
        let done: Vec<_> = chunk
            .par_iter()
            .map(|(origin, id)| Ok((*id, write_record(directory, *origin, *id)?)))
            .collect::<Result<_>>()?;
        written.extend(done);
        models.report(&Progress {
            task: "exporting SHARPs".to_owned(),
            step: written.len() as u64,
            steps: records.len() as u64,
            metrics: Vec::new(),
        });
    }
    Ok(written)
}

fn write_record(directory: &Path, origin: Origin, id: SharpId) -> Result<u64> {
    let made = simulated::segments(origin);
    let mut cards = simulated::cards(&made, origin);
    cards.extend(keyword_cards(&made, &cards)?);
    let mut bytes = 0;
    for (segment, packing) in SEGMENTS {
        let path = directory.join(file_name(id, segment));
        let unit = match segment {
            Segment::Bitmap | Segment::ConfDisambig => "",
            Segment::Continuum => "DN/s",
            _ => "Mx/cm^2",
        };
        let unit = ("BUNIT", Value::Text(unit.to_owned()));
        let cards: Vec<_> = cards.iter().cloned().chain([unit]).collect();
        write_image(&path, pixels(&made, segment), made.width, packing, &cards)
            .map_err(helioql_catalog::Error::from)?;
        bytes += path.metadata().map_or(0, |metadata| metadata.len());
    }
    Ok(bytes)
}

/// The cards of the keywords that the segments give, with their errors.
fn keyword_cards(
    made: &SimulatedSegments,
    cards: &[(&'static str, Value)],
) -> Result<Vec<(&'static str, Value)>> {
    let card = |name: &str| match cards.iter().find(|(card, _)| *card == name) {
        Some((_, Value::Real(value))) => *value,
        _ => f64::NAN,
    };
    let scale = PixelScale::from_header(
        card("CDELT1"),
        card("RSUN_REF"),
        card("RSUN_OBS"),
        card("DSUN_OBS"),
    )?;
    let mut found = Vec::new();
    for measured in sharp::keywords(&made.segments(), scale)? {
        let Some(keyword) = helioql_catalog::keyword::find(measured.name) else {
            continue;
        };
        if let Some(card) = keyword.fits {
            found.push((card, Value::Real(measured.value)));
            if let Some(error) = keyword.error.filter(|_| measured.error.is_finite()) {
                found.push((error, Value::Real(measured.error)));
            }
        }
    }
    Ok(found)
}
