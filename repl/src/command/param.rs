//! `.param [NAME=VALUE]`: sets `$NAME`, as `--param` does; without an argument, lists the parameters.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use helioql_grammar::Constant;

use super::{Command, Takes};
use crate::{
    args::parameter,
    error::{Error, Failure, Result},
    exec::Flow,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "param",
    arguments: "[NAME=VALUE]",
    takes: Takes::Nothing,
    summary: "sets the parameter `$NAME`; lists parameters without one",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    if arguments.is_empty() {
        let parameters = listed(&shell.parameters)?;
        shell.show_batch(&parameters)?;
    } else {
        let (name, value) = parameter(arguments).map_err(Error::command)?;
        shell.bind(&name, value);
    }
    Ok(Flow::Continue)
}

fn listed(parameters: &[(String, Constant)]) -> Result<RecordBatch> {
    let column = |text: fn(&(String, Constant)) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(parameters.iter().map(text)))
    };
    Ok(RecordBatch::try_from_iter([
        ("name", column(|(name, _)| format!("${name}"))),
        ("type", column(|(_, value)| type_name(value).to_owned())),
        ("value", column(|(_, value)| text(value))),
    ])?)
}

fn type_name(value: &Constant) -> &'static str {
    match value {
        Constant::Number(_) => "number",
        Constant::Boolean(_) => "boolean",
        Constant::Text(_) => "text",
        Constant::Quantity(_) => "quantity",
        Constant::Time(_) => "time",
    }
}

fn text(value: &Constant) -> String {
    match value {
        Constant::Number(text) | Constant::Text(text) => text.clone(),
        Constant::Boolean(value) => value.to_string(),
        Constant::Quantity(value) => value.to_string(),
        Constant::Time(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_listed_with_their_types() {
        let parameters = [
            "flux=1e22Mx",
            "n=5",
            "on=true",
            "where=sharps",
            "at=2011.02.15_02:00:00_TAI",
        ]
        .map(|text| parameter(text).expect(text));
        let batch = listed(&parameters).expect("three columns");
        let shown = arrow::util::pretty::pretty_format_batches(&[batch])
            .expect("text")
            .to_string();
        for (name, kind, value) in [
            ("$flux", "quantity", "1e22 Mx"),
            ("$n", "number", "5"),
            ("$on", "boolean", "true"),
            ("$where", "text", "sharps"),
            ("$at", "time", "2011.02.15_02:00:00_TAI"),
        ] {
            let is_row = |line: &str| [name, kind, value].iter().all(|part| line.contains(part));
            assert!(shown.lines().any(is_row), "{name} in\n{shown}");
        }
    }
}
