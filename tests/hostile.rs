//! Files of others at their worst: tables of keywords and replies of JSOC, changed at random, are read or refused by
//! name, in no time and without a panic. (Headers, images, manifests, record sets and models have fuzzers with
//! coverage, `fuzz/`; the engine around these tables takes too long to build with them.) The models that a fuzzer kept
//! are played here too.
//!
//! The usual run takes seconds. `HELIOQL_HOSTILE=100000` makes it thorough, and `HELIOQL_SEED=…` another one.

#![expect(clippy::print_stdout, reason = "how much was tried is told")]

use std::{
    error::Error,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use helioql::{
    self as engine, Engine,
    datafusion::parquet::{
        arrow::ArrowWriter,
        basic::{Compression, Encoding, ZstdLevel},
        file::properties::WriterProperties,
        schema::types::ColumnPath,
    },
};
use helioql_tests::Bench;
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

#[path = "fuzz/checks/models.rs"]
mod models;

type Outcome = Result<(), Box<dyn Error>>;

/// No file of some kilobytes takes longer, also where others use the machine.
const LONGEST: Duration = Duration::from_secs(5);

const JSON: &str = r#"{"keywords":[
    {"name":"HARPNUM","values":["377","378",379]},
    {"name":"T_REC","values":["2011.02.15_02:00:00_TAI","2011-02-15T02:12:00Z","2011.02.15_TAI"]},
    {"name":"USFLUX","values":["2.7e22",1e22,null]},
    {"name":"R_VALUE","values":["nan","MISSING","4.5"]},
    {"name":"NOAA_AR","values":["11158","0","0x00000400"]},
    {"name":"NOAA_ARS","values":["11158,11159","","Invalid KeyLink"]},
    {"name":"LON_FWT","values":["1","2","3"]},
    {"name":"UNKNOWN","values":[1,2,3]}],
    "segments":[{"name":"Br","values":["/SUM1"]}],"links":[],"count":3,"runtime":0.029,"status":0}"#;

const CSV: &str = "HARPNUM,T_REC,USFLUX,noaa_ar,\"NOAA_ARS\",Unnamed: 0\r\n\
    377,2011.02.15_02:00:00_TAI,2.7e22,11158,\"11158,11159\",0\r\n\
    378,2011-02-15T02:12:00Z,nan,0,\"a \"\"quoted\"\" one\",1\n\
    379;2011.02.15_TAI,1e22\n\
    380,2011.02.15_03:00:00_TAI,-inf,0x10,,2\n";

/// What the readers take apart.
const WORDS: [&str; 28] = [
    "HARPNUM",
    "T_REC",
    "t_rec_tai",
    "USFLUX",
    "noaa_ar",
    "\"values\":[",
    "\"name\":",
    "\"count\":",
    "\"status\":",
    "null",
    "true",
    "nan",
    "-1",
    "1e999",
    "-0.0",
    "9223372036854775808",
    "18446744073709551615",
    "0x",
    "\\ud800",
    "\"",
    "{",
    "[",
    "]",
    "}",
    ",",
    "\n",
    "2011.02.15_02:00:60_TAI",
    "292277026596.12.04_15:30:07_TAI",
];

fn setting(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok().and_then(|text| text.parse().ok());
    set.unwrap_or(default)
}

/// The bytes with one to four changes.
fn changed(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..12)).min(bytes.len());
        match random.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = *[0, 1, 0x7f, 0x80, 0xff].choose(random).unwrap_or(&0),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copy = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                drop(bytes.splice(to..to, copy));
            }
            4 => bytes.truncate(at),
            _ => {
                let word = WORDS.choose(random).unwrap_or(&"").bytes();
                let over = if random.random() { at..end } else { at..at };
                drop(bytes.splice(over, word));
            }
        }
    }
    bytes
}

/// Imports a table of keywords that was changed at random again and again.
fn imported_or_refused(whole: &[u8], name: &str) -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(name);
    let mut random = ChaCha8Rng::seed_from_u64(setting("HELIOQL_SEED", 6));
    let runs = setting("HELIOQL_HOSTILE", 200);
    let (mut bench, mut imported) = (Bench::empty()?, 0);
    fs::write(&path, whole)?;
    imports(&bench, &path)?;
    for run in 0..runs {
        // What was imported is no part of the next question.
        if run % 100 == 0 {
            bench = Bench::empty()?;
        }
        let bytes = changed(whole, &mut random);
        fs::write(&path, &bytes)?;
        let start = Instant::now();
        let said = imports(&bench, &path);
        let shown = || format!("{run}: {}", bytes.escape_ascii());
        assert!(start.elapsed() < LONGEST, "{}", shown());
        match said {
            Ok(()) => imported += 1,
            Err(error) => {
                let message = error.to_string();
                // Where rows are skipped one by one, no file is at fault as a whole.
                let is_told = message.contains(name) || message.starts_with("no record was imported");
                assert!(is_told && !message.contains("internal"), "{message}: {}", shown());
            }
        }
    }
    println!("{name}: {imported} of {runs} changed files were imported, the others refused");
    Ok(())
}

fn imports(bench: &Bench, path: &Path) -> helioql::Result<()> {
    bench
        .rows(&format!("IMPORT SHARPS FROM '{}'", path.display()))
        .map(drop)
}

#[test]
fn a_changed_reply_of_jsoc_is_read_or_refused() -> Outcome {
    imported_or_refused(JSON.as_bytes(), "reply.json")
}

#[test]
fn a_changed_csv_is_read_or_refused() -> Outcome {
    imported_or_refused(CSV.as_bytes(), "table.csv")
}

/// A table of five rows, as this program writes it.
fn parquet() -> Result<Vec<u8>, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let engine = Engine::open(directory.path().join("sun.helio"))?;
    Bench::over(&engine)?.rows(
        "CREATE TABLE few AS SELECT harpnum, t_rec, t_rec_tai, usflux, r_value, noaa_ar FROM SIMULATE(n => 5, seed => 1)",
    )?;
    let table = engine.catalogue().and_then(|catalogue| catalogue.table("few"));
    Ok(fs::read(&table.ok_or("the table was made")?.paths[0])?)
}

#[test]
fn a_changed_parquet_is_read_or_refused() -> Outcome {
    imported_or_refused(&parquet()?, "table.parquet")
}

/// Beside Parquet's own schema stands one of Arrow's, in base64, at which arrow panics where it is damaged.
#[test]
fn a_damaged_schema_of_arrow_is_not_looked_at() -> Outcome {
    let mut bytes = parquet()?;
    let place = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).position(|window| window == text);
    let key = place(&bytes, b"ARROW:schema").ok_or("the schema is there")?;
    let schema = key + place(&bytes[key..], b"/////").ok_or("it begins so")?;
    bytes[schema + 40..schema + 400].fill(b'A');
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("table.parquet");
    fs::write(&path, &bytes)?;
    let bench = Bench::empty()?;
    imports(&bench, &path)?;
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "5");
    Ok(())
}

/// What takes no space in Parquet, equal steps and equal texts, cannot fill the memory.
#[test]
fn a_small_parquet_of_much_is_refused_or_cut() -> Outcome {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("table.parquet");
    let write = |rows: i64, text: &str| -> Outcome {
        let delta = |column: &str| (ColumnPath::from(column), Encoding::DELTA_BINARY_PACKED);
        let properties = [delta("harpnum"), delta("noaa_ar")].into_iter().fold(
            WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::default()))
                .set_dictionary_page_size_limit(1 << 26),
            |properties, (column, encoding)| {
                properties
                    .set_column_dictionary_enabled(column.clone(), false)
                    .set_column_encoding(column, encoding)
            },
        );
        let batch = RecordBatch::try_from_iter([
            (
                "harpnum",
                Arc::new(Int64Array::from_iter_values(1..=rows)) as ArrayRef,
            ),
            ("noaa_ar", Arc::new(Int64Array::from_iter_values(1..=rows))),
            (
                "t_rec",
                Arc::new(StringArray::from_iter_values((0..rows).map(|_| "2011.02.15_TAI"))),
            ),
            (
                "noaa_ars",
                Arc::new(StringArray::from_iter_values((0..rows).map(|_| text))),
            ),
        ])?;
        let mut file =
            ArrowWriter::try_new(fs::File::create(&path)?, batch.schema(), Some(properties.build()))?;
        file.write(&batch)?;
        file.close()?;
        Ok(())
    };
    write(4_000_000, "11158")?;
    let bytes = fs::metadata(&path)?.len();
    let bench = Bench::empty()?;
    let message = imports(&bench, &path)
        .expect_err("more rows than there is room for")
        .to_string();
    let expected = format!("expected at most 16 rows in each of its {bytes} bytes, found 4000000");
    assert!(message.contains(&expected), "{message}");
    write(1000, &"1".repeat(100_000))?;
    assert!(fs::metadata(&path)?.len() < 100_000);
    imports(&bench, &path)?;
    assert_eq!(
        bench.rows("SELECT count(noaa_ar), count(noaa_ars) FROM sharps")?,
        [["1000", "0"]]
    );
    Ok(())
}

#[test]
fn kept_models_hold() -> Outcome {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/models");
    let mut kept = 0;
    for entry in fs::read_dir(&corpus)? {
        models::check(&fs::read(entry?.path())?);
        kept += 1;
    }
    assert!(kept > 0, "{} is empty", corpus.display());
    Ok(())
}
