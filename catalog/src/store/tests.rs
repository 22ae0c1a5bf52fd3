//! Commits that happen and commits that do not, files that are damaged, and writers that meet.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use serde_json::json;

use super::*;
use crate::keyword;
use crate::types::{Grid, keyword_field, patch_field, patch_grid, unit_of};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const GRID: Grid = Grid {
    height: 8,
    width: 8,
    cell_mm: 3.08,
};

fn catalogue() -> Outcome<(tempfile::TempDir, Catalogue)> {
    let directory = tempfile::tempdir()?;
    let catalogue = Catalogue::create(directory.path().join("sun.helio"))?;
    Ok((directory, catalogue))
}

fn schema() -> SchemaRef {
    let flux = keyword_field(keyword::find("usflux").expect("a row of the registry"));
    Arc::new(Schema::new(vec![
        Field::new("n", DataType::Int64, false),
        flux,
        patch_field("patch", GRID),
    ]))
}

/// Rows counted from `first`, whose patches hold their own number.
fn batch(first: i64, rows: usize) -> Outcome<RecordBatch> {
    let numbers: Vec<i64> = (first..).take(rows).collect();
    let pixels: Vec<f32> = numbers
        .iter()
        .flat_map(|n| vec![*n as f32; GRID.cells()])
        .collect();
    let item = Arc::new(Field::new_list_field(DataType::Float32, true));
    let patches = FixedSizeListArray::try_new(
        item,
        GRID.cells() as i32,
        Arc::new(Float32Array::from(pixels)),
        None,
    )?;
    let fluxes: Vec<Option<f64>> = numbers
        .iter()
        .map(|n| (n % 2 == 0).then_some(*n as f64 * 1e21))
        .collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(numbers)),
        Arc::new(Float64Array::from(fluxes)),
        Arc::new(patches),
    ];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

fn write_sharps(catalogue: &Catalogue, rows: usize) -> Outcome {
    let mut change = catalogue.begin()?;
    change.write_table("sharps", schema(), [batch(0, rows)?])?;
    change.commit()?;
    Ok(())
}

/// Every file below a directory, relative to it.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory)
            .expect("a directory can be listed")
            .filter_map(Result::ok)
        {
            if entry.path().is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                found.push(
                    path.strip_prefix(root)
                        .expect("it lies below")
                        .display()
                        .to_string(),
                );
            }
        }
    }
    found.sort();
    found
}

fn flip(path: &Path, at: usize) -> Outcome {
    let mut bytes = fs::read(path)?;
    bytes[at] ^= 1;
    Ok(fs::write(path, bytes)?)
}

#[test]
fn a_table_comes_back_with_its_rows_and_its_metadata() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let mut change = catalogue.begin()?;
    let mut table = change.begin_table("sharps", schema())?;
    table.write(&batch(0, 700)?)?;
    table.write(&batch(700, 300)?)?;
    assert_eq!(table.finish()?, 1000);
    change.commit()?;

    let catalogue = Catalogue::open(catalogue.root())?;
    let table = catalogue.table("sharps").ok_or("the table is there")?;
    assert_eq!(
        (table.rows, catalogue.generation(), table.generation),
        (1000, 1, 1)
    );
    let read = table.schema()?;
    assert_eq!(read, schema());
    assert_eq!(patch_grid(read.field(2)), Some(GRID));
    assert_eq!(unit_of(read.field(1)), Some("Mx"));

    let reader =
        ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&catalogue.verify_table("sharps")?[0])?)?;
    assert_eq!(reader.metadata().num_row_groups(), 2); // 512 + 488
    let rows: Vec<RecordBatch> = reader.with_batch_size(1000).build()?.collect::<Result<_, _>>()?;
    assert_eq!(arrow::compute::concat_batches(&schema(), &rows)?, batch(0, 1000)?);
    Ok(())
}

#[test]
fn row_groups_are_copied_between_rows_that_are_written() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 1200)?;
    let paths = catalogue.verify_table("sharps")?;
    let file = TableFile::open("sharps", &paths[0])?;
    let mut change = catalogue.begin()?;
    let mut table = change.begin_table("sharps", schema())?;
    table.copy(&file, 0)?;
    table.write(&batch(5000, 3)?)?;
    table.copy(&file, 2)?;
    table.write(&batch(6000, 1)?)?;
    assert_eq!(table.finish()?, 512 + 3 + 176 + 1);
    change.commit()?;

    let path = &catalogue.verify_table("sharps")?[0];
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path)?)?;
    let groups = reader.metadata().row_groups().iter();
    assert_eq!(
        groups.map(RowGroupMetaData::num_rows).collect::<Vec<_>>(),
        [512, 3, 176, 1]
    );
    let rows: Vec<RecordBatch> = reader.build()?.collect::<Result<_, _>>()?;
    let expected = [
        batch(0, 512)?,
        batch(5000, 3)?,
        batch(1024, 176)?,
        batch(6000, 1)?,
    ];
    assert_eq!(
        arrow::compute::concat_batches(&schema(), &rows)?,
        arrow::compute::concat_batches(&schema(), &expected)?
    );
    // What a predicate leaves out a page by comes along.
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = ArrowReaderMetadata::load(&fs::File::open(path)?, options)?;
    let first_pages = metadata
        .metadata()
        .offset_index()
        .ok_or("an offset index")?
        .iter();
    let first_pages: Vec<i64> = first_pages
        .map(|group| group[0].page_locations[0].offset)
        .collect();
    let groups = metadata.metadata().row_groups().iter();
    let expected: Vec<i64> = groups.map(|group| group.column(0).data_page_offset()).collect();
    assert_eq!(first_pages, expected);
    Ok(())
}

#[test]
fn a_row_group_in_another_form_is_decoded() -> Outcome {
    let (directory, catalogue) = catalogue()?;
    let known = schema();
    let nullable = known.fields().iter();
    let nullable = nullable.map(|field| field.as_ref().clone().with_nullable(true));
    let nullable = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
    let path = directory.path().join("nullable.parquet");
    let mut file = ArrowWriter::try_new(fs::File::create(&path)?, Arc::clone(&nullable), None)?;
    file.write(&RecordBatch::try_new(nullable, batch(0, 7)?.columns().to_vec())?)?;
    file.close()?;
    let mut change = catalogue.begin()?;
    let mut table = change.begin_table("sharps", schema())?;
    table.copy(&TableFile::open("sharps", &path)?, 0)?;
    table.finish()?;
    change.commit()?;
    let mut rows = table::Rows::open("sharps", catalogue.verify_table("sharps")?)?;
    assert_eq!(rows.next()?, Some(batch(0, 7)?));
    Ok(())
}

#[test]
fn a_change_of_nothing_is_no_commit() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let before = files(catalogue.root());
    catalogue.begin()?.commit()?;
    let mut change = catalogue.begin()?;
    assert!(!change.drop_table("regions"));
    change.commit()?;
    assert_eq!(
        (
            files(catalogue.root()),
            Catalogue::open(catalogue.root())?.generation()
        ),
        (before, 1)
    );
    Ok(())
}

#[test]
fn a_change_that_is_dropped_never_was() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let before = files(catalogue.root());
    let mut change = catalogue.begin()?;
    change.write_table("sharps", schema(), [batch(0, 5)?])?;
    change.put_model(ModelKind::Generator, "sun", &json!({}), b"weights")?;
    assert!(change.drop_table("sharps"));
    drop(change);
    assert_eq!(files(catalogue.root()), before);
    assert_eq!(
        Catalogue::open(catalogue.root())?
            .table("sharps")
            .map(|table| table.rows),
        Some(3)
    );
    Ok(())
}

#[test]
fn a_table_that_is_not_finished_is_left_out() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let mut change = catalogue.begin()?;
    let mut table = change.begin_table("half", schema())?;
    table.write(&batch(0, 5)?)?;
    drop(table);
    change.commit()?;
    assert_eq!(catalogue.table("half"), None);
    assert_eq!(files(catalogue.root()), ["lock", "manifest.json"]);
    Ok(())
}

#[test]
fn a_commit_replaces_files_and_deletes_the_old_ones() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let reader = Catalogue::open(catalogue.root())?;
    write_sharps(&catalogue, 5)?;
    assert_eq!(
        files(catalogue.root()),
        ["lock", "manifest.json", "tables/sharps-2.parquet"]
    );
    // A reader that has not looked since still finds the table.
    assert_eq!(reader.table("sharps").map(|table| table.rows), Some(3));
    assert!(reader.verify_table("sharps")?[0].ends_with("tables/sharps-2.parquet"));
    assert_eq!(reader.table("sharps").map(|table| table.rows), Some(5));
    assert!(!reader.refresh()?);
    Ok(())
}

/// A killed writer leaves what it had written up to then. Each case puts that on disk, and the catalogue
/// must be the one before or after the commit, whole, and clean after the next change.
#[test]
fn a_killed_writer_loses_only_its_own_change() -> Outcome {
    let (directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let root = catalogue.root().to_owned();
    let copy = |name: &str| -> Outcome<Vec<u8>> { Ok(fs::read(root.join(name))?) };
    let (old_manifest, old_table) = (copy("manifest.json")?, copy("tables/sharps-1.parquet")?);
    write_sharps(&catalogue, 5)?;
    let (new_manifest, new_table) = (copy("manifest.json")?, copy("tables/sharps-2.parquet")?);
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();

    let states = [
        (
            "within a table",
            &old_manifest,
            vec![("tables/sharps-2.parquet", half(&new_table))],
            3,
        ),
        (
            "before the manifest",
            &old_manifest,
            vec![("tables/sharps-2.parquet", new_table.clone())],
            3,
        ),
        (
            "within the manifest",
            &old_manifest,
            vec![
                ("tables/sharps-2.parquet", new_table.clone()),
                ("manifest.json.tmp", half(&new_manifest)),
            ],
            3,
        ),
        (
            "before old files are deleted",
            &new_manifest,
            vec![("tables/sharps-2.parquet", new_table.clone())],
            5,
        ),
    ];
    for (number, (killed, manifest, left, rows)) in states.into_iter().enumerate() {
        let root = directory.path().join(format!("state-{number}.helio"));
        fs::create_dir_all(root.join("tables"))?;
        fs::write(root.join("manifest.json"), manifest)?;
        fs::write(root.join("tables/sharps-1.parquet"), &old_table)?;
        for (name, bytes) in left {
            fs::write(root.join(name), bytes)?;
        }
        let catalogue = Catalogue::open(&root)?;
        catalogue
            .verify_table("sharps")
            .map_err(|error| format!("{killed}: {error}"))?;
        assert_eq!(
            catalogue.table("sharps").map(|table| table.rows),
            Some(rows),
            "{killed}"
        );
        catalogue.begin()?.commit()?;
        let generation = if rows == 3 { 1 } else { 2 };
        let expected = [
            "lock".to_owned(),
            "manifest.json".to_owned(),
            format!("tables/sharps-{generation}.parquet"),
        ];
        assert_eq!(files(&root), expected, "{killed}");
    }
    Ok(())
}

#[test]
fn files_stay_as_long_as_somebody_reads_them() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let early = catalogue.snapshot()?;
    write_sharps(&catalogue, 5)?;
    let late = Catalogue::open(catalogue.root())?.snapshot()?;
    write_sharps(&catalogue, 7)?;
    let rows = |snapshot: &Snapshot| -> Outcome<u64> {
        let files = snapshot.files("sharps")?;
        assert!(files.compare(0, || false)?);
        Ok(files.rows(0))
    };
    assert_eq!(
        (rows(&early)?, rows(&late)?, catalogue.tables()[0].rows),
        (3, 5, 7)
    );

    // The end of the early reader sets free what only it could need.
    drop(early);
    let removed = catalogue.remove_unused()?;
    assert_eq!((removed.files, removed.kept), (1, 1));
    assert_eq!(rows(&late)?, 5);
    drop(late);
    write_sharps(&catalogue, 9)?;
    assert_eq!(
        files(catalogue.root()),
        ["lock", "manifest.json", "tables/sharps-4.parquet"]
    );
    Ok(())
}

#[test]
fn rows_are_added_beside_those_that_are_there() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    for first in [3, 4] {
        let mut change = catalogue.begin()?;
        let mut rows = change.begin_rows("sharps", schema())?;
        rows.write(&batch(first, 1)?)?;
        rows.finish()?;
        change.commit()?;
    }
    let table = catalogue.table("sharps").ok_or("the table is there")?;
    assert_eq!((table.rows, table.paths.len(), table.generation), (5, 3, 3));

    let mut change = catalogue.begin()?;
    assert!(change.compact_table("sharps")?);
    assert!(!change.compact_table("sharps")?);
    change.commit()?;
    let paths = catalogue.verify_table("sharps")?;
    assert_eq!(paths.len(), 1);
    let mut read = table::Rows::open("sharps", paths)?;
    assert_eq!(read.next()?, Some(batch(0, 5)?));
    let message = catalogue
        .begin()?
        .begin_rows("sharp", schema())
        .map(|_| ())
        .expect_err("no such table");
    assert_eq!(
        message.to_string(),
        "no table `sharp` in the catalogue; did you mean `sharps`?"
    );
    Ok(())
}

#[test]
fn a_table_gets_another_name() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let before = catalogue.snapshot()?;
    let mut change = catalogue.begin()?;
    change.rename_table("sharps", "regions")?;
    change.commit()?;
    assert_eq!(catalogue.table("sharps"), None);
    assert!(catalogue.verify_table("regions")?[0].ends_with("tables/regions-1.parquet"));
    assert_eq!(before.files("sharps")?.len(), 1);
    drop(before);
    write_sharps(&catalogue, 1)?;
    let message = catalogue
        .begin()?
        .rename_table("regions", "sharps")
        .expect_err("the name is taken");
    assert_eq!(
        message.to_string(),
        "there is a table `sharps` already; drop it first, or choose another name"
    );
    assert_eq!(
        files(catalogue.root()),
        [
            "lock",
            "manifest.json",
            "tables/regions-1.parquet",
            "tables/sharps-3.parquet"
        ]
    );
    Ok(())
}

/// What version 0.1 wrote before tables had several files.
#[test]
fn a_catalogue_of_format_1_is_read_and_becomes_one_of_today() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let path = catalogue.root().join("tables/sharps-1.parquet");
    let bytes = fs::read(&path)?;
    let content = format!(
        r#"{{"generation":1,"tables":{{"sharps":{{"rows":3,"generation":1,"file":{{"path":"tables/sharps-1.parquet","bytes":{},"xxh3":"{}"}}}}}},"models":{{}}}}"#,
        bytes.len(),
        checksum(&bytes)
    );
    let old = format!(
        r#"{{"format":1,"xxh3":"{}","content":{content}}}"#,
        checksum(content.as_bytes())
    );
    let manifest = catalogue.root().join("manifest.json");
    fs::write(&manifest, &old)?;

    let catalogue = Catalogue::open(catalogue.root())?;
    assert_eq!(catalogue.table("sharps").map(|table| table.rows), Some(3));
    catalogue.verify_table("sharps")?;
    assert_eq!(fs::read_to_string(&manifest)?, old, "reading changes nothing");
    let mut change = catalogue.begin()?;
    change.put_model(ModelKind::Encoder, "look", &json!({}), b"weights")?;
    change.commit()?;
    assert!(fs::read_to_string(&manifest)?.contains("\"format\": 3"));
    assert_eq!(Catalogue::open(catalogue.root())?.tables(), catalogue.tables());

    fs::write(&manifest, old.replace("\"rows\":3", "\"rows\":4"))?;
    assert!(Catalogue::open(catalogue.root()).is_err());
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() -> Outcome {
    let (directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let path = catalogue.verify_table("sharps")?.swap_remove(0);
    let elsewhere = directory.path().join("elsewhere.parquet");
    fs::rename(&path, &elsewhere)?;
    std::os::unix::fs::symlink(&elsewhere, &path)?;
    let message = catalogue
        .verify_table("sharps")
        .expect_err("it leads out of the catalogue")
        .to_string();
    assert!(message.contains("is not a file of its own"), "{message}");
    Ok(())
}

#[test]
fn check_names_what_is_wrong() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let mut change = catalogue.begin()?;
    change.put_model(ModelKind::Encoder, "look", &json!({}), b"weights")?;
    change.commit()?;
    let found = |catalogue: &Catalogue| -> Outcome<Vec<(String, Option<String>)>> {
        let findings = catalogue.check()?.into_iter();
        Ok(findings
            .map(|finding| (finding.file.unwrap_or_default(), finding.problem))
            .collect())
    };
    let whole = [
        "tables/sharps-1.parquet",
        "models/encoder/look-2.json",
        "models/encoder/look-2.safetensors",
    ];
    assert_eq!(found(&catalogue)?, whole.map(|file| (file.to_owned(), None)));

    flip(&catalogue.root().join("tables/sharps-1.parquet"), 100)?;
    fs::remove_file(catalogue.root().join("models/encoder/look-2.json"))?;
    fs::write(catalogue.root().join("tables/lost-1.parquet"), "left over")?;
    let found = found(&catalogue)?;
    let problem = |file: &str| {
        let of_file = found.iter().find(|(name, _)| name == file);
        of_file
            .and_then(|(_, problem)| problem.clone())
            .unwrap_or_default()
    };
    assert!(problem("tables/sharps-1.parquet").starts_with("table `sharps` is damaged"));
    assert!(problem("models/encoder/look-2.json").contains("is missing"));
    assert_eq!(problem("models/encoder/look-2.safetensors"), "");
    assert_eq!(found.last(), Some(&("tables/lost-1.parquet".to_owned(), None)));
    Ok(())
}

#[test]
fn only_our_own_files_are_swept() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    fs::write(catalogue.root().join("tables/notes.txt"), "mine")?;
    fs::write(catalogue.root().join("tables/my-copy.parquet"), "mine")?;
    catalogue.begin()?.commit()?;
    assert!(files(catalogue.root()).contains(&"tables/notes.txt".to_owned()));
    assert!(files(catalogue.root()).contains(&"tables/my-copy.parquet".to_owned()));
    Ok(())
}

#[test]
fn a_file_is_compared_once_before_it_is_read() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let files = catalogue.snapshot()?.files("sharps")?;
    assert!(!files.compare(0, || true)?, "it was told to stop");
    flip(files.path(0), 100)?;
    let message = files
        .compare(0, || false)
        .expect_err("a bit is wrong")
        .to_string();
    assert!(message.starts_with("table `sharps` is damaged: `"), "{message}");
    flip(files.path(0), 100)?;
    assert!(files.compare(0, || false)?);
    // Known from here on to all who have this catalogue open, and to nobody else.
    assert!(catalogue.snapshot()?.files("sharps")?.compare(0, || true)?);
    let opened = Catalogue::open(catalogue.root())?;
    assert!(!opened.snapshot()?.files("sharps")?.compare(0, || true)?);
    write_sharps(&catalogue, 5)?;
    assert!(!catalogue.snapshot()?.files("sharps")?.compare(0, || true)?);
    Ok(())
}

#[test]
fn a_damaged_table_or_model_is_refused_by_name() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let mut change = catalogue.begin()?;
    change.write_table("sharps", schema(), [batch(0, 9)?])?;
    change.put_model(ModelKind::Generator, "sun", &json!({"dim": 100}), b"weights")?;
    change.commit()?;
    let path = catalogue.verify_table("sharps")?.swap_remove(0);
    assert_eq!(
        catalogue.read_model(ModelKind::Generator, "sun")?,
        (json!({"dim": 100}), b"weights".to_vec())
    );

    flip(&path, 100)?;
    let message = catalogue
        .verify_table("sharps")
        .expect_err("a bit is wrong")
        .to_string();
    assert!(message.starts_with("table `sharps` is damaged: `"), "{message}");
    assert!(message.contains("has the checksum"), "{message}");
    fs::write(&path, b"short")?;
    let message = catalogue
        .verify_table("sharps")
        .expect_err("it is short")
        .to_string();
    assert!(message.contains("has 5 bytes, expected"), "{message}");
    fs::remove_file(&path)?;
    let message = catalogue
        .verify_table("sharps")
        .expect_err("it is gone")
        .to_string();
    assert!(message.contains("is missing"), "{message}");

    for form in ["json", "safetensors"] {
        let path = catalogue.root().join(format!("models/generator/sun-1.{form}"));
        flip(&path, 3)?;
        let error = catalogue
            .read_model(ModelKind::Generator, "sun")
            .expect_err("a bit is wrong");
        assert!(error.is_missing_or_damaged());
        assert!(
            error.to_string().starts_with("generator `sun` is damaged"),
            "{error}"
        );
        flip(&path, 3)?;
    }
    // A damaged table can be written again, and everything else is still there.
    write_sharps(&catalogue, 9)?;
    catalogue.verify_table("sharps")?;
    assert_eq!(catalogue.models(ModelKind::Generator).len(), 1);
    Ok(())
}

#[test]
fn names_that_are_not_there_are_told_with_the_nearest() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 1)?;
    let message = catalogue
        .verify_table("sharp")
        .expect_err("no such table")
        .to_string();
    assert_eq!(
        message,
        "no table `sharp` in the catalogue; did you mean `sharps`?"
    );
    let message = catalogue
        .read_model(ModelKind::Encoder, "look")
        .expect_err("no such model")
        .to_string();
    assert_eq!(message, "no encoder `look` in the catalogue");
    Ok(())
}

#[test]
fn there_is_one_writer_at_a_time() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let change = catalogue.begin()?;
    for other in [catalogue.clone(), Catalogue::open(catalogue.root())?] {
        let message = other.begin().expect_err("the lock is held").to_string();
        assert!(
            message.contains("is being written by another statement of this process"),
            "{message}"
        );
    }
    drop(change);
    catalogue.begin()?.commit()?;
    Ok(())
}

#[test]
fn a_writer_begins_from_the_last_commit_of_any_process() -> Outcome {
    let (_directory, ours) = catalogue()?;
    let theirs = Catalogue::open(ours.root())?;
    write_sharps(&theirs, 3)?;
    let mut change = ours.begin()?;
    change.write_table("others", schema(), [batch(0, 1)?])?;
    change.commit()?;
    assert_eq!(
        ours.tables()
            .iter()
            .map(|table| table.name.as_str())
            .collect::<Vec<_>>(),
        ["others", "sharps"]
    );
    assert!(theirs.refresh()?);
    assert_eq!(theirs.generation(), 2);
    Ok(())
}

#[test]
fn a_manifest_that_is_not_ours_is_refused() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let path = catalogue.root().join("manifest.json");
    let whole = fs::read_to_string(&path)?;
    let cases = [
        (String::new(), "is damaged: EOF"),
        ("not json".to_owned(), "is damaged: expected"),
        (whole[..whole.len() / 2].to_owned(), "is damaged: EOF"),
        (
            whole.replace("\"rows\": 3", "\"rows\": 4"),
            "its content has the checksum",
        ),
        (
            whole.replace("\"format\": 3", "\"format\": 4"),
            "has format 4; this version of HelioQL reads up to format 3",
        ),
        (
            whole.replace("\"format\": 3", "\"format\": 0"),
            "its format is 0, expected 1 to 3",
        ),
    ];
    for (text, expected) in cases {
        fs::write(&path, &text)?;
        let message = Catalogue::open(catalogue.root())
            .expect_err("not a manifest")
            .to_string();
        assert!(message.contains(expected), "expected `{expected}` in: {message}");
        // A writer must not take an unreadable manifest for an empty one, and sweep everything.
        assert!(catalogue.begin().is_err());
        assert!(catalogue.root().join("tables/sharps-1.parquet").exists());
    }
    Ok(())
}

#[test]
fn every_flipped_bit_of_a_manifest_is_noticed() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let known = catalogue.tables();
    let path = catalogue.root().join("manifest.json");
    let whole = fs::read(&path)?;
    for at in 0..whole.len() {
        flip(&path, at)?;
        if let Ok(opened) = Catalogue::open(catalogue.root()) {
            // Only the white space around values may change unseen.
            assert_eq!(opened.tables(), known, "byte {at}");
        }
        fs::write(&path, &whole)?;
    }
    Ok(())
}

#[test]
fn a_manifest_cannot_point_out_of_its_directory() -> Outcome {
    let (directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    fs::write(directory.path().join("precious"), "mine")?;
    let mut manifest = Manifest::read(catalogue.root())?;
    if let Some(table) = manifest.tables.get_mut("sharps") {
        table.parts[0].file.path = "tables/../../precious".to_owned();
    }
    manifest.write(catalogue.root())?;
    let message = Catalogue::open(catalogue.root())
        .expect_err("it points outside")
        .to_string();
    assert!(
        message.contains("expected the file `tables/sharps-1.parquet`, found `tables/../../precious`"),
        "{message}"
    );
    Ok(())
}

#[test]
fn generations_of_a_manifest_are_in_their_order() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let whole = Manifest::read(catalogue.root())?;
    Manifest {
        generation: 0,
        ..whole.clone()
    }
    .write(catalogue.root())?;
    let message = Catalogue::open(catalogue.root())
        .expect_err("a table of a later commit")
        .to_string();
    assert!(
        message.contains("expected table `sharps` to be of generation 0 at most, found 1"),
        "{message}"
    );
    Manifest {
        generation: u64::MAX,
        ..whole
    }
    .write(catalogue.root())?;
    let last = Catalogue::open(catalogue.root())?;
    assert_eq!(last.tables(), catalogue.tables());
    let message = last.begin().expect_err("nothing can follow").to_string();
    assert!(
        message.contains("its generation is 18446744073709551615, which none can follow"),
        "{message}"
    );
    Ok(())
}

#[test]
fn sizes_that_no_file_bears_out_are_no_panic() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let mut manifest = Manifest::read(catalogue.root())?;
    if let Some(table) = manifest.tables.get_mut("sharps") {
        let mut part = table.parts[0].clone();
        (part.rows, part.file.bytes) = (u64::MAX, u64::MAX);
        table.parts.push(part);
    }
    manifest.write(catalogue.root())?;
    let opened = Catalogue::open(catalogue.root())?;
    assert_eq!(
        opened.table("sharps").map(|table| (table.rows, table.bytes)),
        Some((u64::MAX, u64::MAX))
    );
    assert!(opened.verify_table("sharps").is_err());
    Ok(())
}

#[test]
fn names_cannot_leave_the_directory() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let mut change = catalogue.begin()?;
    for name in ["../evil", "a/b", "", "Sun"] {
        let message = change
            .write_table(name, schema(), [])
            .expect_err("not a name")
            .to_string();
        assert!(
            message.starts_with(&format!("`{name}` cannot name a table: expected")),
            "{message}"
        );
        assert!(
            change
                .put_model(ModelKind::Encoder, name, &json!({}), b"")
                .is_err()
        );
    }
    Ok(())
}

#[test]
fn a_batch_of_another_schema_is_refused() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    let other = Arc::new(Schema::new(vec![Field::new("n", DataType::Utf8, false)]));
    let mut change = catalogue.begin()?;
    let message = change
        .write_table("sharps", other, [batch(0, 1)?])
        .expect_err("it does not fit")
        .to_string();
    assert!(
        message.starts_with("a batch does not fit the schema of table `sharps`"),
        "{message}"
    );
    Ok(())
}

#[test]
fn a_catalogue_is_not_made_where_something_else_is() -> Outcome {
    let directory = tempfile::tempdir()?;
    let message = Catalogue::open(directory.path())
        .expect_err("nothing there")
        .to_string();
    assert!(
        message.contains("expected a directory with a `manifest.json`"),
        "{message}"
    );
    fs::write(directory.path().join("thesis.tex"), "mine")?;
    let message = Catalogue::open_or_create(directory.path())
        .expect_err("foreign")
        .to_string();
    assert!(
        message.contains("found a directory with `thesis.tex`"),
        "{message}"
    );
    let message = Catalogue::create(directory.path().join("thesis.tex"))
        .expect_err("a file")
        .to_string();
    assert!(message.contains("is not a catalogue: found a file"), "{message}");
    let made = Catalogue::open_or_create(directory.path().join("new/sun.helio"))?;
    assert!(matches!(
        Catalogue::create(made.root()),
        Err(StoreError::Foreign { .. } | StoreError::Exists { .. })
    ));
    Catalogue::open_or_create(made.root())?;
    Ok(())
}

/// Not a claim but a measurement: `cargo test --release -- --ignored --nocapture patches_of_64`.
#[test]
#[ignore = "a measurement, run by hand"]
#[expect(clippy::print_stderr, reason = "the figures are what it is for")]
fn patches_of_64_by_64_take_this_much() -> Outcome {
    let grid = Grid {
        height: 64,
        width: 64,
        cell_mm: 3.08,
    };
    let schema: SchemaRef = Arc::new(Schema::new(vec![patch_field("patch", grid)]));
    // Noise of some 10 G under a few strong spots, from a small generator of our own.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24) - 0.5
    };
    let pixels: Vec<f32> = (0..2000 * grid.cells())
        .map(|n| {
            let (x, y) = ((n % 64) as f64 - 32.0, (n / 64 % 64) as f64 - 32.0);
            (1500.0 * (-(x * x + y * y) / 50.0).exp() * x / 8.0 + 35.0 * random() * random()) as f32
        })
        .collect();
    let item = Arc::new(Field::new_list_field(DataType::Float32, true));
    let patches = FixedSizeListArray::try_new(
        item,
        grid.cells() as i32,
        Arc::new(Float32Array::from(pixels)),
        None,
    )?;
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(patches)])?;
    let (_directory, catalogue) = catalogue()?;
    let begun = std::time::Instant::now();
    let mut change = catalogue.begin()?;
    change.write_table("patches", schema, [batch])?;
    change.commit()?;
    let written = begun.elapsed();
    let begun = std::time::Instant::now();
    let path = catalogue.verify_table("patches")?.swap_remove(0);
    let verified = begun.elapsed();
    let begun = std::time::Instant::now();
    let rows: usize = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path)?)?
        .build()?
        .map(|batch| batch.map(|batch| batch.num_rows()))
        .sum::<Result<_, _>>()?;
    let bytes = catalogue.table("patches").map_or(0, |table| table.bytes);
    eprintln!(
        "{rows} patches: {bytes} bytes of 32768000; written in {written:?}, checked in {verified:?}, read in {:?}",
        begun.elapsed()
    );
    Ok(())
}

#[test]
fn an_index_is_of_the_rows_that_it_was_made_of() -> Outcome {
    let (_directory, catalogue) = catalogue()?;
    write_sharps(&catalogue, 3)?;
    let put = |name: &str, vectors: &[f32]| -> Outcome {
        let files = catalogue.snapshot()?.table_files("sharps")?;
        let mut change = catalogue.begin()?;
        change.put_index(&NewIndex {
            name,
            table: "sharps",
            files,
            config: IndexConfig {
                column: "embedding".to_owned(),
                ..IndexConfig::default()
            },
            vectors,
            graph: &|path| fs::write(path, b"graph"),
        })?;
        Ok(change.commit()?)
    };
    // More numbers than are read at a time, and not a whole number of such pieces.
    let vectors: Vec<f32> = (0..50_001).map(|number| number as f32 / 7.0).collect();
    put("near", &vectors)?;
    let snapshot = catalogue.snapshot()?;
    let files = snapshot.read_index("near")?;
    assert_eq!(files.vectors, vectors);
    assert_eq!(fs::read(&files.graph)?, b"graph");
    let entry = |name: &str| catalogue.indexes().into_iter().find(|entry| entry.name == name);
    let near = entry("near").ok_or("no index")?;
    assert_eq!((near.rows, near.files, near.table.as_str()), (3, 1, "sharps"));
    drop(snapshot);

    // Rows that are added come after its own; it goes by the table's name.
    let mut change = catalogue.begin()?;
    let mut later = change.begin_rows("sharps", schema())?;
    later.write(&batch(3, 1)?)?;
    later.finish()?;
    change.commit()?;
    let mut change = catalogue.begin()?;
    change.rename_table("sharps", "regions")?;
    change.commit()?;
    let near = entry("near").ok_or("no index")?;
    assert_eq!((near.rows, near.files, near.table.as_str()), (3, 1, "regions"));
    assert!(catalogue.check()?.iter().all(|finding| finding.problem.is_none()));

    // A table that is written anew is another one; one that is dropped takes it along.
    let mut change = catalogue.begin()?;
    assert!(change.compact_table("regions")?);
    change.commit()?;
    assert_eq!(entry("near").map(|entry| entry.files), Some(0));
    let mut change = catalogue.begin()?;
    assert!(change.drop_table("regions") && !change.drop_index("near"));
    change.commit()?;
    assert_eq!(entry("near"), None);
    assert_eq!(fs::read_dir(catalogue.root().join("indexes"))?.count(), 0);
    Ok(())
}
