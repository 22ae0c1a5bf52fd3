//! `.save FILE.png`: the patches of the last result as a picture; several stand on one contact sheet.

use std::{fs, path::Path};

use helioql::{
    patch::Patch,
    picture::{self, Sheet},
};

use super::{Command, usage};
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    patches::KEPT,
    render::magnetogram::range_gauss,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "save",
    arguments: "FILE.png",
    summary: "saves the patches of the last result as a picture",
    action,
};

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let path = Path::new(arguments.trim_matches(['\'', '"']));
    if !path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    {
        return Err(usage(&COMMAND, arguments).into());
    }
    let bytes = picture(&shell.patches)?;
    fs::write(path, bytes).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Flow::Continue)
}

/// A PNG of all patches on the scale of the first: the query beside its matches, the start of a path.
/// A generated patch is clipped where its training images were, and would be pale beside a sunspot.
fn picture(patches: &[Patch]) -> Result<Vec<u8>> {
    let range = patches.first().map_or(0.0, range_gauss);
    let bytes = match patches {
        [] => return Err(Error::command("no result so far has a patch to save")),
        [patch] => picture::png(patch, range),
        several => {
            let columns = several.len().min(KEPT).isqrt().max(5);
            let sheet = Sheet {
                columns,
                range_gauss: range,
                ..Sheet::default()
            };
            picture::contact_sheet(&several.iter().collect::<Vec<_>>(), sheet)
        }
    };
    bytes.map_err(|error| Error::command(format!("the picture cannot be made: {error}")))
}

#[cfg(test)]
mod tests {
    use helioql::patch::Grid;

    use super::*;

    #[test]
    fn one_patch_or_several_make_one_png() {
        let grid = Grid {
            height: 2,
            width: 2,
            cell_mm: 1.0,
        };
        let patch = Patch::new(grid, vec![-100.0, 0.0, 50.0, f32::NAN]).expect("four pixels");
        for patches in [vec![patch.clone()], vec![patch; 7]] {
            assert_eq!(&picture(&patches).expect("a picture")[1..4], b"PNG");
        }
        assert!(picture(&[]).is_err());
    }
}
