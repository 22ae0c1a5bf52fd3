//! What `IMPORT GENERATOR` and `IMPORT ENCODER` share: the file is read, checked and run once before anything is
//! kept, and the answer says what was taken from it and what was not.

use std::path::PathBuf;

use datafusion::dataframe::DataFrame;
use helioql_catalog::ModelKind;
use helioql_grammar::{
    Diagnostic,
    ast::{ImportModel, OptionValue, Options},
    closest,
};
use serde_json::Value;

use super::{blocking, facts};
use crate::{
    Result,
    models::kind_name,
    nn::{ModelError, WeightsFile, weights::in_file},
    session::Session,
};

/// Ignored tensors that the answer names; the model's card has them all.
const NAMED: usize = 8;

/// A model as it was read.
pub(super) struct Read {
    pub(super) config: Value,
    pub(super) weights: Vec<u8>,
    pub(super) tensors: usize,
    pub(super) numbers: usize,
    pub(super) ignored: Vec<String>,
}

/// Takes the option `arch`, which must be one of `known`.
pub(super) fn arch(options: &mut Options, known: &[&str]) -> Result<Option<String>> {
    match options.take("arch") {
        None => Ok(None),
        Some((OptionValue::Text(arch), _)) if known.contains(&arch.as_str()) => Ok(Some(arch)),
        Some((value, span)) => {
            let mut error = Diagnostic::error(format!("unknown architecture {value}"))
                .with_span(span)
                .with_label(format!("expected one of {}", known.join(", ")));
            if let OptionValue::Text(text) = &value {
                error = error.with_suggestion(closest(text, known.iter().copied()));
            }
            Err(error.into())
        }
    }
}

/// Reads the file with `read` and keeps the model under the statement's name.
pub(super) async fn execute(
    session: &Session,
    import: &ImportModel,
    kind: ModelKind,
    text: &str,
    read: impl FnOnce(&mut WeightsFile) -> Result<Read, ModelError> + Send + 'static,
) -> Result<DataFrame> {
    let models = session.models().for_last_statement();
    let (name, statement) = (import.name.value.clone(), text.to_owned());
    let file = import.file.clone();
    let facts_found = blocking(move || {
        let path = PathBuf::from(&file);
        let found = read(&mut WeightsFile::open(&path)?).map_err(|error| in_file(&path, error))?;
        let arch = found.config["arch"].as_str().unwrap_or_default().to_owned();
        let answer = vec![
            (kind_name(kind).to_owned(), name.clone()),
            ("arch".to_owned(), arch),
            ("tensors".to_owned(), found.tensors.to_string()),
            ("parameters".to_owned(), found.numbers.to_string()),
            ("ignored tensors".to_owned(), found.ignored.len().to_string()),
            ("ignored".to_owned(), named(&found.ignored)),
        ];
        let config = serde_json::json!({
            "config": found.config,
            "statement": statement,
            "import": { "file": file, "tensors": found.tensors, "ignored": found.ignored },
        });
        models.check_cancelled()?;
        models.store().put(kind, &name, config, found.weights)?;
        Ok(answer)
    })
    .await?;
    facts(session, facts_found)
}

/// The first of the names.
fn named(names: &[String]) -> String {
    let rest = names.len().saturating_sub(NAMED);
    let more = if rest > 0 {
        format!(", and {rest} more")
    } else {
        String::new()
    };
    names[..names.len() - rest].join(", ") + &more
}
