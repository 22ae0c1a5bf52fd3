//! `CREATE [OR REPLACE] GENERATOR | ENCODER name [WITH (name = value, …)] AS query`

use sqlparser::{ast::Ident, tokenizer::TokenWithSpan};

use crate::{
    ast::{ModelKind, Options, or_replace},
    keywords::{Syntax, setting},
};

/// Trains a generator or an encoder on the patches that a query returns.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateModel {
    /// The model's name.
    pub name: Ident,
    /// Whether a model of that name is replaced.
    pub or_replace: bool,
    /// `WITH (…)`
    pub options: Options,
    /// The query, for `DataFusion`'s parser; literals are already written out.
    pub query: Vec<TokenWithSpan>,
    /// The query as it was typed.
    pub query_text: String,
}

/// What help says of a generator.
pub(crate) const GENERATOR: Syntax = Syntax {
    opening: "CREATE GENERATOR",
    form: "CREATE [OR REPLACE] GENERATOR name [WITH (name = value, …)] AS query",
    summary: "trains a generator on the patches that a query returns",
    details: "\
The first column of type PATCH is what is learned; its field is taken as it is, clipped at ±255 G. Where the query \
has a column usflux, the catalogue's, the flux measured on the generator's patches is calibrated to it, and \
GENERATE(catalogue_usflux => …) can be asked for. Rows for which validation holds are set aside: the moment of the \
training that compares best with them is what is kept.

With the same settings and rows the weights are the same bits for any number of threads. Training reports its \
progress and is stopped by Ctrl-C; with resume = true it goes on from its last checkpoint. To meet targets and to be \
steered the generator then needs CREATE DIRECTIONS.",
    settings: &[
        setting("arch", "text", "", "'dcgan'", "the network and its recipe: ours, or 'generative_interrogator' of arXiv:2502.05351"),
        setting("size", "whole number", "pixel", "64", "the side of an image: 64 or 128; the other architecture has 128"),
        setting("cell_mm", "number", "Mm", "197 Mm / size", "the side of a pixel on the Sun"),
        setting("resolution", "number", "G", "0", "the step in which the fields come; 0 for none"),
        setting("steps", "whole number", "", "10000", "how many steps of training, of one batch each"),
        setting("batch", "whole number", "", "16", "patches in a batch"),
        setting("seed", "whole number", "", "0", "that of weights, batches and latents"),
        setting("threads", "whole number", "", "all", "threads; they do not change the result"),
        setting("validation", "text", "", "none", "a predicate over the query's columns: rows set aside to judge by"),
        setting("resume", "boolean", "", "false", "whether to go on from the last checkpoint"),
        setting("checkpoint", "text", "", "in the catalogue", "the file of the checkpoint"),
        setting("checkpoint_every", "whole number", "", "1000", "steps between two checkpoints"),
        setting("evaluate_every", "whole number", "", "1000", "steps between two comparisons with the rows set aside"),
        setting("generator_rate", "number", "", "0.0005", "first learning rate of the generator"),
        setting("critic_rate", "number", "", "0.001", "first learning rate of the critic"),
        setting("final_rate", "number", "", "0.1", "the part of the rates that is left at the last step"),
        setting("beta1", "number", "", "0", "memory of Adam's mean gradient"),
        setting("beta2", "number", "", "0.99", "memory of Adam's mean squared gradient"),
        setting("critic", "list of whole numbers", "", "[24, 48, 96, 192] or, for size 128, [16, 24, 48, 96, 192]",
                "the critic's channels after each halving of an image down to 4 × 4 pixels; 'dcgan' alone has it"),
        setting("penalty", "number", "", "0.1", "weight of the critic's gradient penalty; 'dcgan' alone has it"),
        setting("straight", "number", "", "0", "weight of what a linear layer cannot read from w: flux, imbalance, the way between \
                                               the polarities; 'dcgan' alone has it"),
        setting("straight_from", "whole number", "", "0", "the step from which straight counts: before, the generator learns to draw"),
        setting("cutout", "number", "", "0", "the side of a square that is blanked in what the critic sees, as a part of an image's \
                                             side; 'dcgan' alone has it"),
        setting("cutout_from", "whole number", "", "0", "the step from which it is blanked"),
    ],
    returns: "A table of fact and value: the patches learned from and set aside, the steps, the step that was kept and how it \
              compared, and the calibration with its scatter.",
    examples: &["\
CREATE GENERATOR tiny WITH (steps = 2, batch = 4, seed = 3) AS SELECT patch FROM sharps LIMIT 8;
SELECT name, origin FROM system.generators ORDER BY name"],
    errors: &["CREATE GENERATOR tiny WITH (stepz = 2) AS SELECT patch FROM sharps"],
};

/// What help says of an encoder.
pub(crate) const ENCODER: Syntax = Syntax {
    opening: "CREATE ENCODER",
    form: "CREATE [OR REPLACE] ENCODER name [WITH (name = value, …)] AS query",
    summary: "trains an encoder on the patches that a query returns",
    details: "\
An encoder makes of a patch the vector that NEAREST compares: a learned part, and beside it standardised physical \
quantities with the weight physical. Where the query has a column of the region (region, noaa_ar or harpnum) and one \
of the time (t_rec, t_obs or time), patches of one region within pair_days are taken for views of one thing. Views \
are never mirrored east-west, and north-south only together with the polarity.

With the same settings and rows the weights are the same bits for any number of threads.",
    settings: &[
        setting("steps", "whole number", "", "400", "how many steps of training, of one batch each"),
        setting("batch", "whole number", "", "128", "pairs of views in a batch"),
        setting("seed", "whole number", "", "0", "that of weights, pairs and views"),
        setting("threads", "whole number", "", "all", "threads; they do not change the result"),
        setting("rate", "number", "", "0.001", "the highest learning rate"),
        setting("physical", "number", "", "0.6", "weight of the physical quantities beside the learned part; 0 for none"),
        setting("quantities", "number", "", "1", "weight of reading the quantities from the learned part"),
        setting("contrast", "number", "", "0", "weight of the contrast between regions in the learned part"),
        setting("pair_days", "number", "d", "1.6", "the longest time between two views of one region"),
        setting("validation", "text", "", "none", "a predicate over the query's columns: rows that are not learned from"),
    ],
    returns: "A table of fact and value: the name, the patches learned from and those set aside.",
    examples: &["\
CREATE ENCODER glance WITH (steps = 2, batch = 4, seed = 3) AS SELECT patch, harpnum, t_rec FROM sharps LIMIT 10;
SELECT count(*) AS nearest FROM NEAREST((SELECT EMBED(patch, 'glance') FROM sharps LIMIT 1), k => 3,
  within => (SELECT harpnum, EMBED(patch, 'glance') AS embedding FROM sharps LIMIT 20))"],
    errors: &["CREATE ENCODER look AS SELECT usflux FROM sharps"],
};

impl CreateModel {
    /// The statement as text; whether it makes a generator or an encoder is known to the caller.
    pub fn to_sql(&self, kind: ModelKind) -> String {
        let options = if self.options.is_empty() {
            String::new()
        } else {
            format!("WITH ({}) ", self.options)
        };
        format!(
            "CREATE {}{kind} {} {options}AS {}",
            or_replace(self.or_replace),
            self.name,
            self.query_text
        )
    }
}
