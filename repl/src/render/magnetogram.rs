//! A patch in the terminal: its title, the picture by the protocol that the terminal has, and below it a bar
//! of so many megametres and the scale with its unit. A file for each protocol, one for the colours.

mod blocks;
mod colours;
mod iterm;
mod kitty;
mod png;
mod raster;
mod sixel;

use std::io::Write;

use helioql::patch::Patch;
use unicode_width::UnicodeWidthStr;

pub(crate) use self::colours::Colours;
use self::{blocks::Ink, raster::Raster};
use super::View;
use crate::{
    error::Result,
    images::Protocol,
    patches::{Fact, Kept},
};

/// Columns that an image takes where the screen is wider.
const IMAGE_COLUMNS: usize = 64;
/// Pixels along the width of a character where the terminal does not say.
const CELL: usize = 10;
/// Columns of a small picture, and between two of them.
const PREVIEW: usize = 24;
const GAP: usize = 2;
/// Facts of a title.
const TITLE_FACTS: usize = 6;

/// A way to draw, and the width and height of a character in pixels where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    pub(crate) protocol: Protocol,
    pub(crate) cell: Option<(usize, usize)>,
}

/// Draws a patch.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn draw(kept: &Kept, means: Means, view: &View, out: &mut dyn Write) -> Result<()> {
    let patch = &kept.patch;
    let (range, width) = (range_gauss(patch), view.screen.unwrap_or_default().width);
    let ink = Ink::of(view.colour, view.colours);
    let title = title(&kept.facts, width);
    if !title.is_empty() {
        writeln!(out, "{title}")?;
    }
    let (picture, columns) = match means.protocol {
        Protocol::Blocks => {
            let raster = Raster::at_most(patch, range, width);
            (blocks::lines(&raster, ink).join("\n") + "\n", raster.width)
        }
        _ => image(patch, range, width, means, view.colours)?,
    };
    out.write_all(picture.as_bytes())?;
    writeln!(out, "{}", bar(patch, columns))?;
    writeln!(
        out,
        "{}  −{range} … +{range} G{}",
        blocks::scale(ink),
        legend(patch)
    )?;
    Ok(())
}

/// Draws small pictures of the first patches of a result beside one another, on the scale of the first and with the
/// numbers that `.show` knows them by.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn strip(kept: &[Kept], view: &View, out: &mut dyn Write) -> Result<()> {
    let width = view.screen.unwrap_or_default().width;
    let shown = &kept[..kept.len().min((width / (PREVIEW + GAP)).max(1))];
    let Some(first) = shown.first() else {
        return Ok(());
    };
    let (range, ink) = (range_gauss(&first.patch), Ink::of(view.colour, view.colours));
    let pictures = shown.iter().map(|kept| {
        let raster = Raster::at_most(&kept.patch, range, PREVIEW);
        (raster.width, blocks::lines(&raster, ink))
    });
    let pictures: Vec<(usize, Vec<String>)> = pictures.collect();
    let numbers = (1..=shown.len()).map(|number| format!("{number:<PREVIEW$}{:GAP$}", ""));
    writeln!(out, "{}", numbers.collect::<String>().trim_end())?;
    let height = pictures
        .iter()
        .map(|(_, lines)| lines.len())
        .max()
        .unwrap_or_default();
    for line in 0..height {
        let mut text = String::new();
        for (width, lines) in &pictures {
            let (drawn, taken) = lines.get(line).map_or(("", 0), |drawn| (drawn.as_str(), *width));
            text += drawn;
            text += &" ".repeat(PREVIEW + GAP - taken);
        }
        writeln!(out, "{}", text.trim_end())?;
    }
    let more = if kept.len() > shown.len() {
        format!(", {} of {} patches", shown.len(), kept.len())
    } else {
        String::new()
    };
    writeln!(out, "±{range} G{more}; `.show N` draws one of them")?;
    Ok(())
}

/// The escape codes of an image, and how many columns it takes.
fn image(
    patch: &Patch,
    range: f32,
    screen: usize,
    Means { protocol, cell }: Means,
    colours: Colours,
) -> Result<(String, usize)> {
    let wide = cell.map_or(CELL, |(wide, _)| wide);
    let columns = IMAGE_COLUMNS.min(screen).max(1);
    let raster = Raster::about(patch, range, columns * wide);
    // A sixel is as large as its pixels are, the others are as wide as they are told.
    if protocol == Protocol::Sixel {
        return Ok((sixel::write(&raster, colours), raster.width.div_ceil(wide)));
    }
    let png = png::encode(&raster, colours)?;
    let text = match protocol {
        Protocol::Iterm => iterm::write(&png, columns),
        _ => kitty::write(&png, columns),
    };
    Ok((text, columns))
}

/// The field drawn as the end of the scale: the strength that one pixel in a hundred exceeds, rounded up to a
/// round number, so that a few strong pixels do not hide the rest and the scale has a readable name.
pub(crate) fn range_gauss(patch: &Patch) -> f32 {
    const WEAKEST: f32 = 50.0;
    let mut strengths: Vec<f32> = patch
        .gauss()
        .iter()
        .map(|gauss| gauss.abs())
        .filter(|gauss| gauss.is_finite())
        .collect();
    strengths.sort_unstable_by(f32::total_cmp);
    let strength = strengths
        .get(strengths.len() * 99 / 100)
        .copied()
        .unwrap_or_default()
        .max(WEAKEST);
    let power = 10_f32.powi(strength.log10().floor() as i32);
    let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps
        .into_iter()
        .find(|step| *step >= strength)
        .unwrap_or(strength)
}

/// `harpnum 377 · usflux 1.02e22 Mx`, as many facts as fit into a line.
fn title(facts: &[Fact], width: usize) -> String {
    let mut title = String::new();
    for fact in facts.iter().take(TITLE_FACTS) {
        let gap = if title.is_empty() { "" } else { " · " };
        let next = format!("{gap}{fact}");
        if title.width() + next.width() > width {
            break;
        }
        title += &next;
    }
    title
}

/// `├─────────┤ 50 Mm`: the longest round length in a third of the picture's columns.
fn bar(patch: &Patch, columns: usize) -> String {
    let grid = patch.grid();
    let column_mm = grid.width as f64 * grid.cell_mm / columns.max(1) as f64;
    let longest = column_mm * (columns / 3).max(2) as f64;
    let power = 10_f64.powf(longest.log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|step| step * power);
    let length = steps.into_iter().find(|step| *step <= longest).unwrap_or(power);
    let columns = ((length / column_mm).round() as usize).max(2);
    format!("├{}┤ {length} Mm", "─".repeat(columns - 2))
}

/// `, 64×64 cells of 3.08 Mm (197 × 197 Mm)`
fn legend(patch: &Patch) -> String {
    let grid = patch.grid();
    let side = |cells: usize| (cells as f64 * grid.cell_mm).round();
    let (height, width) = (grid.height, grid.width);
    format!(
        ", {height}×{width} cells of {} Mm ({} × {} Mm)",
        grid.cell_mm,
        side(height),
        side(width)
    )
}

#[cfg(test)]
mod tests {
    use super::{raster::tests::patch, *};
    use crate::render::Format;

    fn drawn(protocol: Protocol) -> String {
        let field = [100.0, 50.0, 0.0, -50.0, -100.0, 0.0];
        let fact = |name: &str, text: &str, unit: Option<&str>| Fact {
            name: name.to_owned(),
            text: text.to_owned(),
            unit: unit.map(str::to_owned),
            value: None,
        };
        let kept = Kept {
            patch: patch(6, [field, field].concat()),
            facts: vec![
                fact("harpnum", "377", None),
                fact("usflux", "1.02e22", Some("Mx")),
            ],
        };
        let mut out = Vec::new();
        let view = View::new(Format::Table, false, false);
        draw(&kept, Means { protocol, cell: None }, &view, &mut out).expect("a vector takes all");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_patch_is_drawn_with_title_bar_and_scale() {
        let expected = "\
harpnum 377 · usflux 1.02e22 Mx
#+ -= 
├┤ 2 Mm
==----   ++++##  −100 … +100 G, 2×6 cells of 2 Mm (4 × 12 Mm)
";
        assert_eq!(drawn(Protocol::Blocks), expected);
    }

    #[test]
    fn a_strip_shows_what_fits() {
        let kept = |width: usize| Kept {
            patch: patch(width, vec![100.0; width * 2]),
            facts: Vec::new(),
        };
        let mut view = View::new(Format::Table, true, false);
        let mut out = Vec::new();
        strip(&[kept(3), kept(1), kept(2), kept(2)], &view, &mut out).expect("a vector takes all");
        let text = String::from_utf8(out).expect("text");
        let place = " ".repeat(23);
        let expected = format!(
            "1{gap}2{gap}3\n###{place}#{gap}##\n±100 G, 3 of 4 patches; `.show N` draws one of them\n",
            gap = " ".repeat(25)
        );
        assert_eq!(text, expected);
        view.screen = None;
        strip(&[], &view, &mut Vec::new()).expect("nothing is nothing");
    }

    #[test]
    fn every_protocol_has_its_codes() {
        for (protocol, begins) in [
            (Protocol::Kitty, "\x1b_Ga=T,f=100,q=2,c=64,"),
            (Protocol::Iterm, "\x1b]1337;File=inline=1;size="),
            (Protocol::Sixel, "\x1bP0;1q\"1;1;636;212#"),
        ] {
            let text = drawn(protocol);
            let picture = text.split_once('\n').expect("a title").1;
            assert!(picture.starts_with(begins), "{picture:?}");
            assert!(text.contains("┤ 2 Mm\n") || text.contains("┤ 5 Mm\n"), "{text}");
            assert!(text.ends_with("(4 × 12 Mm)\n"), "{text}");
        }
    }

    #[test]
    fn a_title_ends_where_the_line_does() {
        let fact = |name: &str| Fact {
            name: name.to_owned(),
            text: "1".to_owned(),
            unit: None,
            value: None,
        };
        let facts = ["a", "b", "c"].map(fact);
        assert_eq!(title(&facts, 80), "a 1 · b 1 · c 1");
        assert_eq!(title(&facts, 14), "a 1 · b 1");
    }

    #[test]
    fn ranges_are_round_and_above_the_noise() {
        for (strength, expected) in [
            (0.0, "50"),
            (60.0, "60"),
            (130.0, "150"),
            (1400.0, "1500"),
            (f32::NAN, "50"),
        ] {
            let range = range_gauss(&patch(2, vec![strength, -strength]));
            assert_eq!(range.to_string(), expected, "{strength}");
        }
    }
}
