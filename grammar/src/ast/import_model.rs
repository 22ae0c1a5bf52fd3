//! `IMPORT [OR REPLACE] GENERATOR | ENCODER name FROM 'file' [WITH (name = value, …)]`

use sqlparser::ast::Ident;

use crate::{
    ast::{ModelKind, Options, or_replace, quoted},
    keywords::{Setting, Syntax, setting},
    span::Span,
};

/// Takes a generator or an encoder from a file of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportModel {
    /// The model's name.
    pub name: Ident,
    /// Whether a model of that name is replaced.
    pub or_replace: bool,
    /// The file as written.
    pub file: String,
    /// Where the file's name stands, its quotes included.
    pub file_span: Span,
    /// `WITH (…)`
    pub options: Options,
}

const NOTHING_RUNS: &str = "\
A file is read as safetensors or as a PyTorch checkpoint, whose code is never run. A tensor that is missing, \
misshapen or not finite is an error that names it, and nothing is kept.";

const CELL_MM: Setting = setting(
    "cell_mm",
    "number",
    "Mm",
    "the architecture's",
    "the side of a pixel on the Sun",
);

const WHAT_WAS_READ: &str = "A table of fact and value: the name, the tensors read and those left out.";

/// What help says of a generator.
pub(crate) const GENERATOR: Syntax = Syntax {
    opening: "IMPORT GENERATOR",
    form: "IMPORT [OR REPLACE] GENERATOR name FROM 'file' [WITH (name = value, …)]",
    summary: "takes a generator from a safetensors file or a PyTorch checkpoint",
    details: NOTHING_RUNS,
    settings: &[
        setting(
            "arch",
            "text",
            "",
            "told by the tensors",
            "'dcgan' (ours) or 'generative_interrogator' (arXiv:2502.05351)",
        ),
        CELL_MM,
        setting(
            "clip",
            "number",
            "G",
            "the architecture's",
            "the field at the image values ±1",
        ),
    ],
    returns: WHAT_WAS_READ,
    examples: &["\
IMPORT GENERATOR theirs FROM 'gan.ckpt';
SELECT name, origin FROM system.generators ORDER BY name"],
    errors: &["IMPORT GENERATOR theirs FROM 'gan.ckpt' WITH (arch = 'stylegan')"],
};

/// What help says of an encoder.
pub(crate) const ENCODER: Syntax = Syntax {
    opening: "IMPORT ENCODER",
    form: "IMPORT [OR REPLACE] ENCODER name FROM 'file' [WITH (name = value, …)]",
    summary: "takes an encoder from a safetensors file or a PyTorch checkpoint",
    details: NOTHING_RUNS,
    settings: &[
        setting(
            "arch",
            "text",
            "",
            "told by the tensors",
            "'resnet' (ours) or 'simsiam' (arXiv:2502.05351)",
        ),
        setting(
            "size",
            "whole number",
            "pixel",
            "the architecture's",
            "the side of the images it takes",
        ),
        CELL_MM,
        setting(
            "clip",
            "number",
            "G",
            "the architecture's",
            "the field beyond which images are clipped",
        ),
    ],
    returns: WHAT_WAS_READ,
    examples: &["\
IMPORT ENCODER copy FROM 'look.safetensors';
SELECT name, origin FROM system.encoders ORDER BY name"],
    errors: &["IMPORT ENCODER theirs FROM 'gan.ckpt' WITH (arch = 'resnet18')"],
};

impl ImportModel {
    /// The statement as text; whether it brings a generator or an encoder is known to the caller.
    pub fn to_sql(&self, kind: ModelKind) -> String {
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!(" WITH ({})", self.options)
        };
        format!(
            "IMPORT {}{kind} {} FROM {}{options}",
            or_replace(self.or_replace),
            self.name,
            quoted(&self.file)
        )
    }
}
