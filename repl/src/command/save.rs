//! `.save FILE.png`: the patches of the last result as a picture. Several stand on a contact sheet with what
//! is known of each below it; the steps of a STEER path on a strip, with a plot of every quantity against the
//! step.

use std::io::Write;

use helioql::picture::{
    self, Sheet,
    captions::{Tile, captioned},
    plot::{Line, Panel},
};

use super::{Command, Takes, path, usage};
use crate::{
    error::{Error, Failure, Result},
    exec::Flow,
    output::WholeFile,
    patches::Kept,
    render::magnetogram::range_gauss,
    shell::Shell,
};

pub(super) const COMMAND: Command = Command {
    name: "save",
    arguments: "FILE.png",
    takes: Takes::File,
    summary: "saves the patches of the last result as a picture, with what is known of each",
    action,
};

/// Lines under a patch.
const CAPTION: usize = 6;
/// Patches in a row of a strip.
const STRIP: usize = 6;
/// Plots under a strip.
const PLOTS: usize = 20;
/// The column of a STEER path that counts its steps.
const STEP: &str = "step";
/// Columns that are not measured: what was asked for, and what names a row.
const NOT_PLOTTED: [&str; 5] = [STEP, "position", "seed", "harpnum", "noaa_ar"];
const BLUE: [u8; 3] = [30, 90, 180];

fn action(shell: &mut Shell, arguments: &str) -> Result<Flow, Failure> {
    let path = path(arguments).ok_or_else(|| usage(&COMMAND, arguments))?;
    if !path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
    {
        return Err(usage(&COMMAND, arguments).into());
    }
    let bytes = picture(&shell.kept)?;
    let write = || {
        let mut file = WholeFile::create(path)?;
        file.write_all(&bytes)?;
        file.keep()
    };
    write().map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Flow::Continue)
}

/// A PNG of all patches on the scale of the first: the query beside its matches, the start of a path.
/// A generated patch is clipped where its training images were, and would be pale beside a sunspot.
fn picture(kept: &[Kept]) -> Result<Vec<u8>> {
    let Some(first) = kept.first() else {
        return Err(Error::command("no result so far has a patch to save"));
    };
    let range_gauss = range_gauss(&first.patch);
    let steps: Vec<(f64, &Kept)> = kept
        .iter()
        .filter_map(|kept| Some((value(kept, STEP)?, kept)))
        .collect();
    let is_path = steps.len() == kept.len() && kept.len() > 1;
    let bytes = match kept {
        [alone] if alone.facts.is_empty() => picture::png(&alone.patch, range_gauss),
        _ => {
            let tiles: Vec<Tile<'_>> = kept.iter().map(tile).collect();
            let sheet = Sheet {
                columns: if is_path {
                    // Rows of the same length: ten steps are twice five.
                    kept.len().div_ceil(kept.len().div_ceil(STRIP))
                } else {
                    kept.len().isqrt().max(5)
                },
                range_gauss,
                ..Sheet::default()
            };
            let panels = if is_path { panels(&steps) } else { Vec::new() };
            captioned(&tiles, sheet, &panels)
        }
    };
    bytes.map_err(|error| Error::command(format!("the picture cannot be made: {error}")))
}

fn tile(kept: &Kept) -> Tile<'_> {
    let short = kept
        .facts
        .iter()
        .filter(|fact| !fact.name.starts_with("requested_"));
    Tile {
        patch: &kept.patch,
        caption: short.take(CAPTION).map(ToString::to_string).collect(),
    }
}

fn value(kept: &Kept, name: &str) -> Option<f64> {
    kept.facts.iter().find(|fact| fact.name == name)?.value
}

/// A plot of each number that is not the same at every step.
fn panels(steps: &[(f64, &Kept)]) -> Vec<Panel> {
    let names = steps[0].1.facts.iter().filter(|fact| {
        fact.value.is_some()
            && !fact.name.starts_with("requested_")
            && !NOT_PLOTTED.contains(&fact.name.as_str())
    });
    let panels = names.filter_map(|fact| {
        let points = steps
            .iter()
            .filter_map(|(step, kept)| Some((*step, value(kept, &fact.name)?)));
        panel(&fact.name, fact.unit.as_deref(), points.collect())
    });
    panels.take(PLOTS).collect()
}

fn panel(name: &str, unit: Option<&str>, points: Vec<(f64, f64)>) -> Option<Panel> {
    let finite = || {
        points
            .iter()
            .map(|(_, value)| *value)
            .filter(|value| value.is_finite())
    };
    let first = finite().next()?;
    // To the bit: what was measured anew at each step differs by more.
    if finite().all(|value| value.total_cmp(&first).is_eq()) {
        return None;
    }
    // An axis has room for a few digits: what is larger or smaller is counted in a power of a thousand.
    let largest = finite().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let power = (largest.log10() / 3.0).floor() as i32 * 3;
    let power = if (-3..=3).contains(&power) { 0 } else { power };
    let scale = 10_f64.powi(power);
    let unit = match (power, unit) {
        (0, unit) => unit.unwrap_or_default().to_owned(),
        (power, unit) => format!("1e{power} {}", unit.unwrap_or_default()),
    };
    Some(Panel {
        title: format!("{name} {unit}"),
        lines: vec![Line {
            name: "",
            colour: BLUE,
            points: points
                .into_iter()
                .map(|(step, value)| (step, value / scale))
                .collect(),
        }],
    })
}

#[cfg(test)]
mod tests {
    use helioql::patch::{Grid, Patch};

    use super::*;
    use crate::patches::Fact;

    fn kept(facts: &[(&str, f64)]) -> Kept {
        let grid = Grid {
            height: 2,
            width: 2,
            cell_mm: 1.0,
        };
        let fact = |(name, value): &(&str, f64)| Fact {
            name: (*name).to_owned(),
            text: value.to_string(),
            unit: Some("Mx".to_owned()),
            value: Some(*value),
        };
        Kept {
            patch: Patch::new(grid, vec![-100.0, 0.0, 50.0, f32::NAN]).expect("four pixels"),
            facts: facts.iter().map(fact).collect(),
        }
    }

    fn size(bytes: &[u8]) -> (u32, u32) {
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        (side(16), side(20))
    }

    #[test]
    fn one_patch_is_its_pixels_and_several_are_a_sheet() {
        assert_eq!(size(&picture(&[kept(&[])]).expect("a picture")), (2, 2));
        let several = vec![kept(&[]); 7];
        assert_eq!(
            size(&picture(&several).expect("a picture")),
            (5 * 6 + 2, 2 * 6 + 2)
        );
        assert!(picture(&[]).is_err());
    }

    #[test]
    fn a_path_has_a_plot_for_each_quantity_that_moves() {
        let path = [0.0, 1.0, 2.0]
            .map(|step| kept(&[("step", step), ("usflux", 1e22 + step * 1e21), ("area", 7.0)]));
        let steps: Vec<(f64, &Kept)> = path
            .iter()
            .zip([0.0, 1.0, 2.0])
            .map(|(kept, step)| (step, kept))
            .collect();
        let panels = panels(&steps);
        assert_eq!(panels.len(), 1);
        assert_eq!(panels[0].title, "usflux 1e21 Mx");
        let last = panels[0].lines[0].points[2];
        assert!(
            (last.0 - 2.0).abs() < 1e-9 && (last.1 - 12.0).abs() < 1e-9,
            "{last:?}"
        );
        let plain = size(&picture(&path[..1]).expect("a picture"));
        assert!(size(&picture(&path).expect("a picture")).1 > plain.1 + 200);
    }
}
