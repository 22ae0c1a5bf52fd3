//! Functions that calls are bound to in tests: some of the engine's, with arguments of every kind.

use helioql_grammar::{CallSignature, Default, Dimension, Kind, Parameter};

pub(crate) fn signatures() -> Vec<CallSignature> {
    vec![
        CallSignature {
            name: "generate",
            parameters: vec![
                Parameter::measure("usflux", Dimension::Flux),
                Parameter::measure("psep", Dimension::Length),
                Parameter::optional("n", Kind::Integer, Default::Number(1.0)),
                Parameter::optional("seed", Kind::Integer, Default::Null),
                Parameter::optional("tolerance", Kind::Number, Default::Number(0.02)),
                Parameter::optional("generator", Kind::Text, Default::Null),
            ],
            positional: 0,
        },
        CallSignature {
            name: "steer",
            parameters: vec![
                Parameter::required("sample", Kind::Any),
                Parameter::measure("usflux", Dimension::Flux),
                Parameter::optional("along", Kind::Text, Default::Null),
                Parameter::optional("by", Kind::Number, Default::Number(-1.5)),
                Parameter::optional("hold", Kind::List, Default::Null),
            ],
            positional: 1,
        },
        CallSignature {
            name: "nearest",
            parameters: vec![
                Parameter::required("to", Kind::Any),
                Parameter::optional("k", Kind::Integer, Default::Number(10.0)),
                Parameter::optional("by", Kind::Text, Default::Text("embedding")),
                Parameter::optional("exact", Kind::Boolean, Default::Bool(false)),
            ],
            positional: 1,
        },
        CallSignature {
            name: "usflux",
            parameters: vec![Parameter::required("patch", Kind::Any)],
            positional: 1,
        },
    ]
}
