//! IMPORT SHARPS of tables of keywords: what CSV, JSON and Parquet give, what is set aside and why, and what a
//! record that is there keeps.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{ArrayRef, Float32Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use helioql::Engine;
use helioql_tests::{Bench, observations};
use proptest::prelude::*;

type Outcome = Result<(), Box<dyn Error>>;

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = folder.join(name);
    fs::write(&path, text)?;
    Ok(path)
}

/// Outcomes and details of an import, and what its error says.
fn import(bench: &Bench, path: &Path) -> Result<Vec<(String, String)>, String> {
    let sql = format!("IMPORT SHARPS FROM '{}'", path.display());
    let rows = bench.rows(&sql).map_err(|error| error.to_string())?;
    Ok(rows
        .into_iter()
        .map(|row| (row[1].clone(), row[4].clone()))
        .collect())
}

fn lines(found: &[(&str, &str)]) -> Vec<(String, String)> {
    found
        .iter()
        .map(|(outcome, detail)| ((*outcome).to_owned(), (*detail).to_owned()))
        .collect()
}

#[test]
fn csv_of_drms_becomes_rows() -> Outcome {
    let (bench, folder) = (Bench::empty()?, tempfile::tempdir()?);
    // Every spelling of a time, and every way to have no value; the first column is the index of pandas.
    let path = write(
        folder.path(),
        "keys.csv",
        ",HARPNUM,T_REC,NOAA_AR,USFLUX,ERRVF,AREA,R_VALUE,QUALITY,NOAA_ARS,FLARE\n\
         0,377,2011.02.15_02:00:00_TAI,11158,2.639277e+22,6.9e18,1000.5,4.826,0x00000400,11158,X2.2\n\
         1,377,2011.02.15_02:12:00.000_TAI,11158,nan,MISSING,,Invalid KeyLink,0,\"11158,11159\",\n\
         2,377.0,2011-02-15T02:23:26Z,0,2.7e22,NaN,1e3,-inf,0,,\n\
         3,378,2011-02-15 02:00:00,0,much,1,1,1,1,1,1\n\
         4,,2011.02.15_02:00:00_TAI,0,1,1,1,1,1,1,1\n\
         5,379,-4712.01.01_11:59:28_TAI,0,1,1,1,1,1,1,1\n\
         6,38O,2011.02.15_02:00:00_TAI,0,1,1,1,1,1,1,1\n\
         7,380,2011.02.15_02:00:00_TAI,0,1\n",
    )?;
    assert_eq!(
        import(&bench, &path)?,
        lines(&[
            ("imported", "4 records"),
            ("skipped", "1 row (6): HARPNUM is missing"),
            ("skipped", "1 row (8): HARPNUM is no whole number, as `38O`"),
            (
                "skipped",
                "1 row (7): T_REC is no time, as `-4712.01.01_11:59:28_TAI`"
            ),
            ("skipped", "1 row (9): not as many cells as the header has"),
            ("unread", "1 row (4): no value of R_VALUE, as `-inf`"),
            ("unread", "1 row (5): no value of USFLUX, as `much`"),
            ("ignored", "columns that are no keyword: FLARE"),
        ])
    );
    let rows = bench.rows(
        "SELECT harpnum, t_rec, t_rec_tai, noaa_ar, noaa_ars, usflux, usflux_err, area_harp, r_value, quality, patch IS NULL, \
         embedding IS NULL, source FROM sharps ORDER BY harpnum, t_rec",
    )?;
    let expected = [
        "377 2011-02-15T01:59:26 2011.02.15_02:00:00_TAI 11158 11158 2.639277e22 6.9e18 1000.5 4.826 1024 true true keywords",
        "377 2011-02-15T02:11:26 2011.02.15_02:12:00_TAI 11158 11158,11159 NULL NULL NULL NULL 0 true true keywords",
        "377 2011-02-15T02:23:26 2011.02.15_02:24:00_TAI NULL NULL 2.7e22 NULL 1000.0 NULL 0 true true keywords",
        "378 2011-02-15T01:59:26 2011.02.15_02:00:00_TAI NULL 1 NULL 1.0 1.0 1.0 1 true true keywords",
    ];
    assert_eq!(rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>(), expected);
    assert_eq!(
        bench.value("SELECT DISTINCT path FROM sharps")?,
        path.display().to_string()
    );
    // The columns have their units, and compare with quantities.
    assert_eq!(
        bench.value("SELECT count(*) FROM sharps WHERE usflux > 2.65e22Mx")?,
        "1"
    );
    Ok(())
}

#[test]
fn a_reply_of_jsoc_becomes_rows_and_its_errors_are_told() -> Outcome {
    let (bench, folder) = (Bench::empty()?, tempfile::tempdir()?);
    let reply = r#"{"keywords":[{"name":"T_REC","values":["2021.05.01_05:24:00_TAI","2021.05.01_05:36:00_TAI"]},
        {"name":"USFLUX","values":["1.5e22","nan"]},{"name":"NOAA_ARS","values":["12818,12820,12821","MISSING"]},
        {"name":"HARPNUM","values":["6314","6314"]}],"segments":[],"links":[],"count":2,"runtime":0.029,"status":0}"#;
    // A reply is known by how it begins, whatever the file is called.
    for name in ["reply.json", "reply.csv", "reply"] {
        let path = write(folder.path(), name, reply)?;
        let outcome = if name == "reply.json" {
            "imported"
        } else {
            "updated"
        };
        assert_eq!(import(&bench, &path)?[0].0, outcome, "{name}");
    }
    assert_eq!(
        bench.rows("SELECT harpnum, t_rec_tai, usflux, noaa_ars FROM sharps ORDER BY t_rec")?,
        [
            ["6314", "2021.05.01_05:24:00_TAI", "1.5e22", "12818,12820,12821"],
            ["6314", "2021.05.01_05:36:00_TAI", "NULL", "NULL"]
        ]
    );
    for (reply, says) in [
        (
            r#"{"status":1,"error":"no such series: hmi.sharp"}"#,
            "JSOC answers with status 1: no such series: hmi.sharp",
        ),
        (r#"{"count":0,"status":0}"#, "there are no records"),
        (
            r#"{"keywords":[{"name":"HARPNUM","values":["1","2"]},{"name":"T_REC","values":["x"]}],"status":0}"#,
            "T_REC has 1 values, the first keyword has 2",
        ),
        (
            r#"{"keywords":[{"name":"HARPNUM","values":["1"]}],"count":1,"status":0}"#,
            "T_REC is missing",
        ),
        (
            r#"{"keywords":[{"name":"HARPNUM","values":["1"]},{"name":"T_REC","values":["2011.02.15"]}],"count":9,"status":0}"#,
            "speaks of 9 records and holds 1",
        ),
        (
            r#"{"keywords":[{"name":"HARPNUM","values":[[]]}]}"#,
            "no reply of JSOC's rs_list",
        ),
        (r#"{"keywords":[{"name":"HARPNUM","#, "no reply of JSOC's rs_list"),
    ] {
        let path = write(folder.path(), "wrong.json", reply)?;
        let error = import(&bench, &path).map_or_else(|error| error, |lines| format!("{lines:?}"));
        assert!(
            error.contains(says) || error.contains("no record was imported"),
            "{reply}: {error}"
        );
    }
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "2");
    Ok(())
}

#[test]
fn a_real_reply_on_another_series_is_read_and_refused() -> Outcome {
    let Some(folder) = observations::folder("drms", "a_real_reply_on_another_series_is_read_and_refused")
    else {
        return Ok(());
    };
    let bench = Bench::empty()?;
    let error = import(&bench, &folder.join("jsoc_info_rs_list_hmi.M_45s_20150101.json"));
    let error = error.expect_err("full disks have no HARPNUM");
    assert!(
        error.ends_with("needs the columns HARPNUM and T_REC, HARPNUM is missing"),
        "{error}"
    );
    Ok(())
}

#[test]
fn keywords_update_a_record_and_leave_its_pixels() -> Outcome {
    let (bench, folder) = (Bench::simulated()?, tempfile::tempdir()?);
    let record = "FROM sharps WHERE harpnum = 9000007 ORDER BY t_rec LIMIT 1";
    let before = bench.rows(&format!(
        "SELECT t_rec_tai, noaa_ar, lat_fwt, source, USFLUX(patch), PSEP(patch), embedding {record}"
    ))?;
    let t_rec = &before[0][0];
    let path = write(
        folder.path(),
        "keys.csv",
        &format!(
            "HARPNUM,T_REC,USFLUX,TOTUSJH,LAT_FWT\n9000007,{t_rec},1.25e22,3000,nan\n1,{t_rec},1e21,10,5\n1,{t_rec},nan,20,\n"
        ),
    )?;
    assert_eq!(
        import(&bench, &path)?,
        lines(&[
            ("imported", "1 record"),
            ("updated", "1 record, whose pixels stay"),
            ("merged", "1 row into the record of another row"),
        ])
    );
    let after = bench.rows(&format!(
        "SELECT t_rec_tai, noaa_ar, lat_fwt, source, USFLUX(patch), PSEP(patch), embedding {record}"
    ))?;
    assert_eq!(before, after, "what the table does not say stays");
    assert_eq!(
        bench.rows(&format!("SELECT usflux, totusjh {record}"))?,
        [["1.25e22", "3000.0"]]
    );
    assert_eq!(
        bench.rows("SELECT usflux, totusjh, lat_fwt FROM sharps WHERE harpnum = 1")?,
        [["1e21", "20.0", "5.0"]]
    );
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "201");
    // The separation follows from the centres that a table brings: 3° along a meridian.
    let path = write(
        folder.path(),
        "centres.csv",
        &format!("HARPNUM,T_REC,LATFWTPO,LONFWTPO,LATFWTNE,LONFWTNE\n1,{t_rec},13,5,10,5\n"),
    )?;
    import(&bench, &path)?;
    assert_eq!(
        bench.rows("SELECT round(psep_harp * 1e9), tilt_harp FROM sharps WHERE harpnum = 1")?,
        [["3000000000.0", "90.0"]]
    );
    // Once more, in another table: the record without pixels is updated too.
    let path = write(
        folder.path(),
        "more.tsv",
        &format!("harpnum\tt_rec\tmeangam\n1\t{t_rec}\t35\n"),
    )?;
    assert_eq!(
        import(&bench, &path)?,
        lines(&[("updated", "1 record without pixels")])
    );
    assert_eq!(
        bench.rows("SELECT usflux, meangam FROM sharps WHERE harpnum = 1")?,
        [["1e21", "35.0"]]
    );
    Ok(())
}

#[test]
fn a_table_that_breaks_off_leaves_the_catalogue_as_it_was() -> Outcome {
    let folder = tempfile::tempdir()?;
    let engine = Engine::open(folder.path().join("sun.helio"))?;
    let bench = Bench::over(&engine)?;
    let good = write(
        folder.path(),
        "good.csv",
        "HARPNUM,T_REC,USFLUX\n1,2011.02.15,1e21\n2,2011.02.15,2e21\n",
    )?;
    import(&bench, &good)?;
    let generation = engine.catalogue().map(helioql_catalog::Catalogue::generation);
    let bad = write(folder.path(), "bad.csv", "HARPNUM,USFLUX\n1,5e21\n")?;
    let cut = folder.path().join("cut.parquet");
    fs::write(&cut, b"PAR1 and no more")?;
    for (path, says) in [(&bad, "T_REC is missing"), (&cut, "cut.parquet")] {
        let sql = format!("IMPORT SHARPS FROM '{}', '{}'", good.display(), path.display());
        let error = bench.rows(&sql).expect_err("no table of keywords").to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(
            engine.catalogue().map(helioql_catalog::Catalogue::generation),
            generation
        );
    }
    assert_eq!(
        bench.rows("SELECT harpnum, usflux FROM sharps ORDER BY harpnum")?,
        [["1", "1e21"], ["2", "2e21"]]
    );
    // What was committed is there for another session, with its types and units.
    let again = Bench::over(&Engine::open(folder.path().join("sun.helio"))?)?;
    assert_eq!(
        again.value("SELECT count(*) FROM sharps WHERE usflux > 1.5e21Mx AND patch IS NULL")?,
        "1"
    );
    Ok(())
}

#[test]
fn parquet_columns_of_any_type_are_read() -> Outcome {
    let (bench, folder) = (Bench::empty()?, tempfile::tempdir()?);
    let path = folder.path().join("keys.parquet");
    let text = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let columns = vec![
        text(["377", "377|378"]),
        text(["2011.02.15_02:00:00_TAI", "2011.02.15_02:12:00_TAI"]),
        Arc::new(Float32Array::from(vec![1.5e22_f32, f32::NAN])) as ArrayRef,
    ];
    let fields = [
        ("HarpNum", DataType::Utf8),
        ("t_rec", DataType::Utf8),
        ("UsFlux", DataType::Float32),
    ];
    let schema = Schema::new(
        fields
            .map(|(name, data_type)| Field::new(name, data_type, true))
            .to_vec(),
    );
    bench
        .session()
        .context()
        .register_batch("keys", RecordBatch::try_new(Arc::new(schema), columns)?)?;
    bench.rows(&format!(
        "COPY (SELECT *, CAST(7 AS BIGINT) AS quality, [1, 2] AS list FROM keys) TO '{}'",
        path.display()
    ))?;
    assert_eq!(
        import(&bench, &path)?,
        lines(&[
            ("imported", "1 record"),
            ("skipped", "1 row (2): HARPNUM is no whole number, as `377|378`"),
            ("ignored", "columns that are no keyword: list"),
        ])
    );
    assert_eq!(
        bench.rows("SELECT harpnum, t_rec, round(usflux / 1e19), quality FROM sharps")?,
        [["377", "2011-02-15T01:59:26", "1500.0", "7"]]
    );
    // The table's own columns, exported, are read as they were.
    let own = folder.path().join("own.parquet");
    bench.rows(&format!(
        "COPY (SELECT * EXCLUDE (patch, embedding) FROM sharps) TO '{}'",
        own.display()
    ))?;
    let report = import(&bench, &own)?;
    assert_eq!(
        report[0],
        ("updated".to_owned(), "1 record without pixels".to_owned())
    );
    assert_eq!(bench.value("SELECT count(*) FROM sharps")?, "1");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is in a file, the answer is rows or an error.
    #[test]
    fn no_file_panics(
        ending in prop::sample::select(vec!["csv", "json", "parquet"]),
        head in prop::sample::select(vec!["", "HARPNUM,T_REC,USFLUX\n", "{\"keywords\":[", "PAR1", "\u{feff}harpnum\tt_rec\n"]),
        rest in prop_oneof![any::<String>(), "[0-9.,_:TAI\"\n-]{0,80}"],
    ) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join(format!("file.{ending}"));
        fs::write(&path, format!("{head}{rest}"))?;
        let bench = Bench::empty().expect("a session");
        let ended = import(&bench, &path);
        prop_assert!(!format!("{ended:?}").contains("internal"), "{ended:?}");
    }
}

#[test]
fn two_hundred_thousand_real_records_are_imported() -> Outcome {
    let Some(folder) = observations::folder("keywords", "two_hundred_thousand_real_records_are_imported")
    else {
        return Ok(());
    };
    let directory = tempfile::tempdir()?;
    let engine = Engine::open(directory.path().join("sun.helio"))?;
    let bench = Bench::over(&engine)?;
    let path = folder.join("sharp_keywords.parquet");
    let report = import(&bench, &path)?;
    let count = |sql: &str| {
        bench
            .value(sql)
            .map(|text| text.parse::<u64>().unwrap_or_default())
    };
    // The oracle is SQL on the file itself: one record for each HARPNUM that is a number, and time.
    let told = format!(
        "FROM '{}' WHERE \"HARPNUM\" ~ '^[0-9]+$' AND \"T_REC\" IS NOT NULL",
        path.display()
    );
    let expected = count(&format!("SELECT count(DISTINCT \"HARPNUM\" || \"T_REC\") {told}"))?;
    assert!(expected > 150_000, "{expected}");
    assert_eq!(count("SELECT count(*) FROM sharps")?, expected);
    assert_eq!(report[0], ("imported".to_owned(), format!("{expected} records")));
    assert!(report.len() < 8, "{report:?}");
    let sums = "count(usflux), count(meanalp), min(r_value), max(totusjh)";
    let quoted = "count(\"USFLUX\"), count(\"MEANALP\"), min(\"R_VALUE\"), max(\"TOTUSJH\")";
    let one_each = format!(
        "SELECT {quoted} FROM (SELECT max(\"USFLUX\") AS \"USFLUX\", max(\"MEANALP\") AS \"MEANALP\", min(\"R_VALUE\") AS \"R_VALUE\", \
         max(\"TOTUSJH\") AS \"TOTUSJH\" {told} GROUP BY \"HARPNUM\", \"T_REC\")"
    );
    let (ours, theirs) = (
        bench.rows(&format!("SELECT {sums} FROM sharps"))?,
        bench.rows(&one_each)?,
    );
    assert_eq!(ours[0][..2], theirs[0][..2]);
    Ok(())
}
