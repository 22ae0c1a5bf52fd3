//! Where rows of keywords came from, and what became of them: counted, since there may be hundreds of
//! thousands.

use std::collections::BTreeMap;

use super::super::{cell::Cell, report::Line};

/// How many rows are listed one by one for each flaw.
const LISTED: usize = 5;

/// A table of keywords, or a record set that JSOC was asked for.
pub(super) struct Origin {
    pub(super) name: String,
    /// What its rows are called in the column `source`.
    pub(super) source: &'static str,
    /// Rows of a record that another row is of too.
    pub(super) again: usize,
    pub(super) skipped: BTreeMap<&'static str, Places>,
    /// Cells that are no values of their column, by its name.
    pub(super) unread: BTreeMap<String, Places>,
    /// Columns that are no keyword.
    pub(super) ignored: Vec<String>,
}

/// What the records of an origin have become.
#[derive(Default)]
pub(super) struct Fates {
    pub(super) new: usize,
    pub(super) updated: usize,
    pub(super) updated_beside_pixels: usize,
}

/// Rows of a table with the same flaw.
#[derive(Default)]
pub(super) struct Places {
    count: usize,
    first: Vec<u64>,
    found: String,
}

impl Places {
    pub(super) fn add(&mut self, place: u64, found: &Cell<'_>) {
        if self.count == 0 {
            self.found = found.to_string();
        }
        if self.first.len() < LISTED {
            self.first.push(place);
        }
        self.count += 1;
    }

    /// `3 rows (4, 9, 17)`
    fn described(&self) -> String {
        let places: Vec<String> = self.first.iter().map(ToString::to_string).collect();
        let more = if self.count > self.first.len() {
            ", …"
        } else {
            ""
        };
        format!("{} ({}{more})", counted(self.count, "row"), places.join(", "))
    }

    fn example(&self) -> String {
        if self.found.is_empty() {
            String::new()
        } else {
            format!(", as `{}`", self.found)
        }
    }
}

impl Origin {
    pub(super) fn new(name: &str, source: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            source,
            again: 0,
            skipped: BTreeMap::new(),
            unread: BTreeMap::new(),
            ignored: Vec::new(),
        }
    }

    /// A line for each outcome and reason.
    pub(super) fn report(&self, fates: &Fates) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut line = |outcome, detail| lines.push(Line::about(&self.name, outcome, detail));
        let records = |count| counted(count, "record");
        if fates.new > 0 {
            line("imported", records(fates.new));
        }
        if fates.updated > 0 {
            line("updated", format!("{} without pixels", records(fates.updated)));
        }
        if fates.updated_beside_pixels > 0 {
            let records = records(fates.updated_beside_pixels);
            line("updated", format!("{records}, whose pixels stay"));
        }
        if self.again > 0 {
            let rows = counted(self.again, "row");
            line("merged", format!("{rows} into the record of another row"));
        }
        for (reason, places) in &self.skipped {
            line(
                "skipped",
                format!("{}: {reason}{}", places.described(), places.example()),
            );
        }
        for (column, places) in &self.unread {
            line(
                "unread",
                format!("{}: no value of {column}{}", places.described(), places.example()),
            );
        }
        if !self.ignored.is_empty() {
            line(
                "ignored",
                format!("columns that are no keyword: {}", self.ignored.join(", ")),
            );
        }
        if lines.is_empty() {
            lines.push(Line::about(
                &self.name,
                "skipped",
                "there are no records".to_owned(),
            ));
        }
        lines
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
