//! Settings of a session beside DataFusion's: `SET helioql.<name> = <value>`.

use datafusion::{
    common::extensions_options,
    config::{ConfigExtension, ConfigOptions},
};

use crate::index;

extensions_options! {
    /// The settings whose names begin with `helioql.`.
    pub(crate) struct HelioOptions {
        /// How many rows are compared exactly in the time of one search of an index; up to so many rows it does not pay.
        pub index_pays_from: u64, default = index::PAYS_FROM
    }
}

impl ConfigExtension for HelioOptions {
    const PREFIX: &'static str = "helioql";
}

impl HelioOptions {
    /// Those of a session.
    pub(crate) fn of(options: &ConfigOptions) -> Self {
        options.extensions.get::<Self>().cloned().unwrap_or_default()
    }
}
