//! The reply of `jsoc_info?op=rs_list`: `{"keywords": [{"name": "USFLUX", "values": ["2.7e22", …]}, …],
//! "count": 2, "status": 0}`. A keyword has as many values as there are records; keywords stand in any order.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::{cell::Cell, keyword_rows::KeywordRows};
use crate::{Error, Result};

#[derive(Deserialize)]
pub(super) struct RsList {
    #[serde(default)]
    keywords: Vec<Values>,
    /// How many records there are.
    #[serde(default)]
    pub(super) count: Option<u64>,
    #[serde(default)]
    pub(super) status: i64,
    /// What went wrong, in the server's words.
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct Values {
    name: String,
    values: Vec<Value>,
}

/// A value, which is a string or a bare number.
struct Value(String);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a number or null")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value(text.to_owned()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value(value.to_string()))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value(String::new()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl RsList {
    /// Refuses a reply that says that it is none.
    pub(super) fn check(&self, from: &str) -> Result<()> {
        if self.status == 0 {
            return Ok(());
        }
        Err(broken(from, self.refusal()))
    }

    /// What the server says of a question that it does not answer.
    pub(super) fn refusal(&self) -> String {
        const SHOWN: usize = 500;
        let said = self.error.as_deref().unwrap_or("no reason is given");
        let said: String = said.trim().chars().take(SHOWN).collect();
        format!("JSOC answers with status {}: {said}", self.status)
    }

    /// What is amiss in a reply that was perhaps cut.
    pub(super) fn flaw(&self) -> Option<String> {
        let records = self.keywords.first()?.values.len();
        if let Some(Values { name, values }) = self
            .keywords
            .iter()
            .find(|keyword| keyword.values.len() != records)
        {
            let found = values.len();
            return Some(format!(
                "{name} has {found} values, the first keyword has {records}; the reply is not whole"
            ));
        }
        let told = self.count.filter(|count| *count != records as u64)?;
        Some(format!(
            "the reply speaks of {told} records and holds {records}; it is not whole"
        ))
    }

    /// Takes the records; a record's place is its number in the reply, from one on.
    pub(super) fn add_to(&self, rows: &mut KeywordRows, from: &str) -> Result<()> {
        if let Some(flaw) = self.flaw() {
            return Err(broken(from, flaw));
        }
        let records = self.keywords.first().map_or(0, |keyword| keyword.values.len());
        if records == 0 {
            return Ok(());
        }
        let layout = rows.layout(self.keywords.iter().map(|keyword| keyword.name.as_str()))?;
        for record in 0..records {
            rows.add(&layout, record as u64 + 1, |column| {
                let value = self
                    .keywords
                    .get(column)
                    .and_then(|keyword| keyword.values.get(record));
                value.map_or(Cell::Missing, |Value(text)| Cell::Text(text))
            });
        }
        Ok(())
    }
}

fn broken(from: &str, reason: String) -> Error {
    Error::KeywordTable {
        name: from.to_owned(),
        reason,
    }
}
