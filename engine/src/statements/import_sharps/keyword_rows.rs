//! Keywords without pixels, on their way into `sharps`: rows by their key, columns of values.
//!
//! A row of keywords updates the record of its key, in the table as among the rows before it: the values that
//! it has replace those of the record, and those that it lacks stay. Patch, embedding, source and path of a
//! record with pixels stay too.

mod bipole;
mod column;
mod origin;

use std::{collections::HashMap, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
    },
    datatypes::{DataType, SchemaRef},
};
use helioql_catalog::{keyword, schema::KEY, types::KEYWORD};
use helioql_grammar::TRec;

use self::{
    column::{Column, over},
    origin::{Fates, Origin},
};
use super::{
    cell::{Cell, integer, t_rec},
    report::Line,
    store::Incoming,
};
use crate::{
    Error, Result,
    tables::sharps::{BATCH_ROWS, Key, keys},
};

/// Rows of keywords from one or several places.
pub(super) struct KeywordRows {
    columns: Vec<Column>,
    keys: Vec<Key>,
    of_key: HashMap<Key, usize>,
    /// The origin of each row.
    from: Vec<usize>,
    /// What each row has become.
    fate: Vec<Fate>,
    origins: Vec<Origin>,
    /// The first row that has not been handed on.
    next: usize,
    /// Columns without a value, to be shared by batches of one size: those of patches are large.
    nulls: HashMap<String, ArrayRef>,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    New,
    Updated,
    UpdatedBesidePixels,
}

/// Which column of a table feeds which column of `sharps`.
pub(super) struct Layout {
    harpnum: usize,
    t_rec: usize,
    values: Vec<(usize, usize)>,
}

impl Layout {
    /// The columns of the table that are read, in order.
    pub(super) fn columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.values.iter().map(|(from, _)| *from).collect();
        columns.extend([self.harpnum, self.t_rec]);
        columns.sort_unstable();
        columns
    }
}

impl KeywordRows {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        let fields = schema
            .fields()
            .iter()
            .filter(|field| field.metadata().contains_key(KEYWORD) && !KEY.contains(&field.name().as_str()));
        Self {
            columns: fields.filter_map(|field| Column::of(field)).collect(),
            keys: Vec::new(),
            of_key: HashMap::new(),
            from: Vec::new(),
            fate: Vec::new(),
            origins: Vec::new(),
            next: 0,
            nulls: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Says where the rows that follow come from.
    pub(super) fn begin(&mut self, name: &str, source: &'static str) {
        self.origins.push(Origin::new(name, source));
    }

    /// Finds the columns of a table by their names: cards, as in headers, or columns as in `sharps`, in any
    /// case. Those that are neither are named in the report.
    ///
    /// # Errors
    /// When there is no HARPNUM or no `T_REC`.
    pub(super) fn layout<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> Result<Layout> {
        let (mut harpnum, mut t_rec, mut t_rec_tai) = (None, None, None);
        let mut values: Vec<(usize, usize)> = Vec::new();
        let mut ignored = Vec::new();
        for (from, name) in names.into_iter().enumerate() {
            let name = name.trim();
            let known = column_of(name);
            let key = match known.as_str() {
                "harpnum" => Some(&mut harpnum),
                "t_rec" => Some(&mut t_rec),
                "t_rec_tai" => Some(&mut t_rec_tai),
                _ => None,
            };
            let to = self.columns.iter().position(|column| column.name == known);
            match (key, to) {
                (Some(key @ None), _) => *key = Some(from),
                (None, Some(to)) if values.iter().all(|(_, taken)| *taken != to) => values.push((from, to)),
                // The index that pandas writes in front of every row is no column of anybody's.
                _ if name.is_empty() || name == "Unnamed: 0" || name == "__index_level_0__" => {}
                _ => ignored.push(name.to_owned()),
            }
        }
        let Some(origin) = self.origins.last_mut() else {
            return Err(Error::Unsupported(
                "internal: a table of keywords without a name".to_owned(),
            ));
        };
        let (Some(harpnum), Some(t_rec)) = (harpnum, t_rec.or(t_rec_tai)) else {
            let missing = if harpnum.is_none() { "HARPNUM" } else { "T_REC" };
            return Err(Error::KeywordTable {
                name: origin.name.clone(),
                reason: format!(
                    "a table of keywords needs the columns HARPNUM and T_REC, {missing} is missing"
                ),
            });
        };
        ignored.retain(|name| !origin.ignored.contains(name));
        origin.ignored.extend(ignored);
        Ok(Layout {
            harpnum,
            t_rec,
            values,
        })
    }

    /// Takes a row; `place` is where it stands in its table, and `cell` gives the cell of a column of it.
    pub(super) fn add<'c>(&mut self, layout: &Layout, place: u64, cell: impl Fn(usize) -> Cell<'c>) {
        let at = self.origins.len().saturating_sub(1);
        let Some(origin) = self.origins.last_mut() else {
            return;
        };
        let mut skip = |reason, found: &Cell<'_>| origin.skipped.entry(reason).or_default().add(place, found);
        let (harpnum, time) = (cell(layout.harpnum), cell(layout.t_rec));
        let key = match (integer(&harpnum), t_rec(&time)) {
            _ if harpnum.is_missing() => return skip("HARPNUM is missing", &Cell::Missing),
            _ if time.is_missing() => return skip("T_REC is missing", &Cell::Missing),
            (None, _) => return skip("HARPNUM is no whole number", &harpnum),
            (_, None) => return skip("T_REC is no time", &time),
            (Some(harpnum), Some(time)) => (harpnum, time.to_unix_micros()),
        };
        let row = match self.of_key.get(&key) {
            Some(&row) => {
                origin.again += 1;
                row
            }
            None => {
                self.of_key.insert(key, self.keys.len());
                self.keys.push(key);
                self.from.push(at);
                self.fate.push(Fate::New);
                self.keys.len() - 1
            }
        };
        for &(from, to) in &layout.values {
            let (cell, column) = (cell(from), &mut self.columns[to]);
            if !cell.is_missing() && !column.set(row, &cell) {
                let unread = origin.unread.entry(column.name.to_uppercase());
                unread.or_default().add(place, &cell);
            }
        }
    }

    /// Sets a row aside that has not the cells of its table.
    pub(super) fn skip_broken(&mut self, place: u64) {
        if let Some(origin) = self.origins.last_mut() {
            let skipped = origin.skipped.entry("not as many cells as the header has");
            skipped.or_default().add(place, &Cell::Missing);
        }
    }

    /// What became of the rows of each origin.
    pub(super) fn report(&self) -> Vec<Line> {
        let mut fates: Vec<Fates> = self.origins.iter().map(|_| Fates::default()).collect();
        for (fate, from) in self.fate.iter().zip(&self.from) {
            let fates = &mut fates[*from];
            *match fate {
                Fate::New => &mut fates.new,
                Fate::Updated => &mut fates.updated,
                Fate::UpdatedBesidePixels => &mut fates.updated_beside_pixels,
            } += 1;
        }
        let lines = self
            .origins
            .iter()
            .zip(&fates)
            .map(|(origin, fates)| origin.report(fates));
        lines.flatten().collect()
    }

    /// The column `source` or `path` of some rows.
    fn origin(&self, rows: &[Option<usize>], source: bool) -> ArrayRef {
        let texts = rows.iter().map(|row| {
            let origin = &self.origins[self.from[(*row)?]];
            Some(if source {
                origin.source
            } else {
                origin.name.as_str()
            })
        });
        Arc::new(texts.collect::<StringArray>())
    }

    /// The values of some rows in a column of keywords, or nothing where no row has one.
    fn values(&self, name: &str, rows: &[Option<usize>]) -> Option<ArrayRef> {
        let column = self.columns.iter().find(|column| column.name == name)?;
        (!column.is_empty()).then(|| column.values(rows))
    }

    /// The key's columns of some rows.
    fn key(&self, name: &str, rows: &[Option<usize>]) -> Option<ArrayRef> {
        let keys = rows.iter().map(|row| row.map(|row| self.keys[row]));
        Some(match name {
            "harpnum" => Arc::new(
                keys.map(|key| key.map(|(harpnum, _)| harpnum))
                    .collect::<Int64Array>(),
            ),
            "t_rec" => Arc::new(
                keys.map(|key| key.map(|(_, time)| time))
                    .collect::<TimestampMicrosecondArray>(),
            ),
            "t_rec_tai" => {
                let times = keys.map(|key| key.map(|(_, time)| TRec::from_unix_micros(time).to_string()));
                Arc::new(times.collect::<StringArray>())
            }
            _ => return None,
        })
    }

    fn nulls(&mut self, name: &str, data_type: &DataType, len: usize) -> ArrayRef {
        match self.nulls.get(name) {
            Some(nulls) if nulls.len() == len => Arc::clone(nulls),
            _ => {
                let nulls = new_null_array(data_type, len);
                self.nulls.insert(name.to_owned(), Arc::clone(&nulls));
                nulls
            }
        }
    }
}

/// The column of `sharps` that a column of a table is for, if it is one.
fn column_of(name: &str) -> String {
    keyword::column_of_card(name)
        .or_else(|| keyword::find(name).map(|keyword| keyword.name.to_owned()))
        .unwrap_or_else(|| name.to_lowercase())
}

impl Incoming for KeywordRows {
    fn knows(&self, key: &Key) -> bool {
        self.of_key.contains_key(key)
    }

    fn meet(&mut self, there: RecordBatch) -> Result<RecordBatch> {
        let keys = keys(&there)?;
        let rows: Vec<Option<usize>> = keys.iter().map(|key| self.of_key.get(key).copied()).collect();
        if rows.iter().all(Option::is_none) {
            return Ok(there);
        }
        let patch = there.column_by_name("patch").cloned();
        let has_pixels = |at: usize| patch.as_ref().is_some_and(|patch| patch.is_valid(at));
        let mut without_pixels = rows.clone();
        for (at, row) in without_pixels.iter_mut().enumerate() {
            let Some(found) = *row else { continue };
            self.fate[found] = if has_pixels(at) {
                *row = None;
                Fate::UpdatedBesidePixels
            } else {
                Fate::Updated
            };
        }
        let schema = there.schema();
        let mut columns = there.columns().to_vec();
        for (field, column) in schema.fields().iter().zip(&mut columns) {
            let new = match field.name().as_str() {
                name @ ("source" | "path") => Some(self.origin(&without_pixels, name == "source")),
                name => self.values(name, &rows),
            };
            if let Some(new) = new {
                *column = over(&new, column)?;
            }
        }
        bipole::derive(&schema, &mut columns, &rows)?;
        Ok(RecordBatch::try_new(schema, columns)?)
    }

    fn next(&mut self, schema: &SchemaRef) -> Result<Option<RecordBatch>> {
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        while rows.len() < BATCH_ROWS && self.next < self.keys.len() {
            if self.fate[self.next] == Fate::New {
                rows.push(Some(self.next));
            }
            self.next += 1;
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let column = match field.name().as_str() {
                name @ ("source" | "path") => Some(self.origin(&rows, name == "source")),
                name => self.key(name, &rows).or_else(|| self.values(name, &rows)),
            };
            columns.push(match column {
                Some(column) => column,
                None => self.nulls(field.name(), field.data_type(), rows.len()),
            });
        }
        bipole::derive(schema, &mut columns, &rows)?;
        Ok(Some(RecordBatch::try_new(Arc::clone(schema), columns)?))
    }
}
