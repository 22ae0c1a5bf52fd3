//! How a file tells which network its weights are of: by the name of one tensor.

use crate::nn::{ModelError, Result, WeightsFile};

/// The names of one architecture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// As the option `arch` has it.
    pub(crate) arch: &'static str,
    /// A tensor that the network has, and no other architecture.
    pub(crate) probe: &'static str,
    /// What the names of all its tensors begin with.
    pub(crate) own: &'static str,
}

impl WeightsFile {
    /// The layout that the file has, of those named `arch` or of all, and what stands before its names: one of
    /// `prefixes` or nothing.
    pub(crate) fn layout(
        &self,
        layouts: &[Layout],
        arch: Option<&str>,
        prefixes: &[&'static str],
    ) -> Result<(Layout, &'static str)> {
        let possible = || {
            let asked = layouts
                .iter()
                .filter(move |layout| arch.is_none_or(|arch| arch == layout.arch));
            asked.flat_map(|layout| prefixes.iter().chain([&""]).map(move |&prefix| (*layout, prefix)))
        };
        possible()
            .find(|(layout, prefix)| self.shape(&format!("{prefix}{}", layout.probe)).is_some())
            .ok_or_else(|| ModelError::UnknownArchitecture {
                expected: possible()
                    .map(|(layout, prefix)| format!("{prefix}{}", layout.probe))
                    .collect(),
                found: self.names().map(ToOwned::to_owned).collect(),
            })
    }
}
