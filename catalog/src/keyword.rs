//! The keyword registry: one row for every quantity that SQL can name.
//!
//! Schemas, function docs, completion, `SHOW KEYWORDS` and the tests all read these rows, so that a name,
//! its unit and its reference are written down once. The rows stand in one file for each kind of need:
//! [`patch`], [`vector`], [`los`], [`header`], [`paper`].
//!
//! References: Bobra et al. 2014 (Sol. Phys. 289, 3549), table 3; Hoeksema et al. 2014 (Sol. Phys. 289,
//! 3483); the JSOC series `hmi.sharp_cea_720s`.

use helioql_grammar::Dimension;

pub mod header;
pub mod los;
pub mod paper;
pub mod patch;
pub mod vector;

/// A quantity that SQL can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// Its name in SQL, lower case: a column of `sharps`, a function of a PATCH, or both.
    pub name: &'static str,
    /// The card it is read from, or nothing where no header has it.
    pub fits: Option<&'static str>,
    /// What its values are in SQL.
    pub kind: Kind,
    /// The unit of its values, empty for a bare number.
    pub unit: &'static str,
    /// One sentence on what it is.
    pub summary: &'static str,
    /// How it is computed, empty where it is only handed on.
    pub formula: &'static str,
    /// Where it is defined.
    pub reference: &'static str,
    /// What must be at hand to compute it.
    pub needs: Needs,
    /// The card of its formal error, in the same unit.
    pub error: Option<&'static str>,
    /// Other names it answers to.
    pub aliases: &'static [&'static str],
}

/// What the values of a keyword are in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A double.
    Real,
    /// A 64-bit integer.
    Integer,
    /// A string.
    Text,
    /// A time, TAI in the header and UTC in SQL.
    Time,
}

/// What must be at hand to compute a keyword; each asks for more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// The PATCH alone: one signed component of the field on a true-scale grid.
    Patch,
    /// A PATCH, clipped and squashed to an image without a scale; a generator is not asked for it.
    Squashed,
    /// The line-of-sight magnetogram and the bitmap.
    LineOfSight,
    /// Br, Bp and Bt with the bitmap and the disambiguation's confidence.
    Vector,
    /// The header: the pipeline that wrote it used what a record does not hold.
    Header,
}

impl Needs {
    /// The word that `SHOW KEYWORDS` prints.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Squashed => "squashed patch",
            Self::LineOfSight => "line of sight",
            Self::Vector => "vector",
            Self::Header => "header",
        }
    }
}

const ROWS: usize = patch::KEYWORDS.len()
    + vector::KEYWORDS.len()
    + los::KEYWORDS.len()
    + header::KEYWORDS.len()
    + paper::KEYWORDS.len();

/// Every keyword, in the order in which columns and listings show them.
pub static KEYWORDS: &[Keyword] = &{
    let parts = [
        patch::KEYWORDS,
        vector::KEYWORDS,
        los::KEYWORDS,
        header::KEYWORDS,
        paper::KEYWORDS,
    ];
    let mut all = [patch::KEYWORDS[0]; ROWS];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let mut row = 0;
        while row < parts[part].len() {
            all[at] = parts[part][row];
            at += 1;
            row += 1;
        }
        part += 1;
    }
    all
};

/// The keyword of this name, alias or card, in any case. Names come first: `area` is that of a PATCH, and
/// the card AREA is `area_harp`.
///
/// # Examples
/// ```
/// use helioql_catalog::keyword::find;
///
/// assert_eq!(find("R_VALUE").map(|k| k.unit), Some("log10"));
/// assert_eq!(find("usflx"), None);
/// ```
pub fn find(name: &str) -> Option<&'static Keyword> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    KEYWORDS.iter().find(|k| is(k.name)).or_else(|| {
        KEYWORDS
            .iter()
            .find(|k| k.aliases.iter().copied().any(is) || k.fits.is_some_and(is))
    })
}

/// The column of `sharps` that is filled from a card, in any case: that of a value, or of its error.
///
/// # Examples
/// ```
/// use helioql_catalog::keyword::column_of_card;
///
/// assert_eq!(column_of_card("Area").as_deref(), Some("area_harp"));
/// assert_eq!(column_of_card("ERRVF").as_deref(), Some("usflux_err"));
/// assert_eq!(column_of_card("SIMPLE"), None);
/// ```
pub fn column_of_card(card: &str) -> Option<String> {
    let is = |other: Option<&str>| other.is_some_and(|other| other.eq_ignore_ascii_case(card));
    KEYWORDS.iter().find_map(|keyword| {
        if is(keyword.fits) {
            Some(keyword.name.to_owned())
        } else if is(keyword.error) {
            keyword.error_name()
        } else {
            None
        }
    })
}

/// The keyword whose name is nearest to a misspelt one, unless none is near.
pub fn closest(name: &str) -> Option<&'static Keyword> {
    let names = KEYWORDS.iter().flat_map(Keyword::names);
    find(helioql_grammar::closest(name, names)?)
}

/// The keywords that can be measured on a PATCH.
pub fn measurable() -> impl Iterator<Item = &'static Keyword> {
    KEYWORDS.iter().filter(|k| k.needs == Needs::Patch)
}

/// The keywords of a record, read from its header or computed from its segments: the columns of `sharps`.
pub fn of_record() -> impl Iterator<Item = &'static Keyword> {
    let of_patch_only = |k: &Keyword| matches!(k.needs, Needs::Patch | Needs::Squashed) && k.fits.is_none();
    KEYWORDS.iter().filter(move |k| !of_patch_only(k))
}

impl Keyword {
    /// Its name, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The physical dimension of the unit, where it is one that a quantity can be written in.
    pub fn dimension(&self) -> Option<Dimension> {
        helioql_grammar::Unit::find(self.unit)
            .ok()
            .map(|unit| unit.dimension)
    }

    /// The card that its values stand under in a [`Header`](crate::Header). A keyword that no file has goes by
    /// its own name, as one that was computed does in memory.
    ///
    /// ```
    /// use helioql_catalog::keyword::find;
    ///
    /// assert_eq!(find("area_harp").map(|k| k.card_name()).as_deref(), Some("AREA"));
    /// assert_eq!(find("meanshr_pot").map(|k| k.card_name()).as_deref(), Some("MEANSHR_POT"));
    /// ```
    pub fn card_name(&self) -> String {
        self.fits.map_or_else(|| self.name.to_uppercase(), str::to_owned)
    }

    /// The name of the column that holds the formal error, where there is one.
    ///
    /// ```
    /// let flux = helioql_catalog::keyword::find("usflux").expect("a row of the registry");
    /// assert_eq!(flux.error_name().as_deref(), Some("usflux_err"));
    /// ```
    pub fn error_name(&self) -> Option<String> {
        self.error.map(|_| format!("{}_err", self.name))
    }

    const fn new(name: &'static str, needs: Needs, unit: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            fits: None,
            kind: Kind::Real,
            unit,
            summary,
            formula: "",
            reference: "",
            needs,
            error: None,
            aliases: &[],
        }
    }

    const fn card(mut self, card: &'static str) -> Self {
        self.fits = Some(card);
        self
    }

    const fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    const fn formula(mut self, formula: &'static str) -> Self {
        self.formula = formula;
        self
    }

    const fn reference(mut self, reference: &'static str) -> Self {
        self.reference = reference;
        self
    }

    const fn error(mut self, card: &'static str) -> Self {
        self.error = Some(card);
        self
    }

    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_rows_share_a_name_a_card_or_an_alias() {
        let mut seen = BTreeSet::new();
        for keyword in KEYWORDS {
            for name in keyword.names() {
                assert!(seen.insert(name.to_owned()), "{name} stands twice");
            }
            if let Some(error) = keyword.error_name() {
                assert!(seen.insert(error.clone()), "{error} stands twice");
            }
        }
        let cards: Vec<_> = KEYWORDS
            .iter()
            .flat_map(|k| k.fits.into_iter().chain(k.error))
            .collect();
        let distinct: BTreeSet<_> = cards.iter().collect();
        assert_eq!(cards.len(), distinct.len(), "a card feeds two columns: {cards:?}");
    }

    #[test]
    fn every_row_is_whole() {
        for keyword in KEYWORDS {
            let name = keyword.name;
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{name}"
            );
            assert!(
                keyword.summary.ends_with('.') && keyword.summary.len() > 10,
                "{name} has no summary"
            );
            assert!(!keyword.reference.is_empty(), "{name} has no reference");
            assert!(
                keyword.needs == Needs::Header || !keyword.formula.is_empty(),
                "{name} is computed, so its formula must be told"
            );
        }
    }

    #[test]
    fn a_patch_gives_exactly_the_promised_quantities() {
        let names: Vec<_> = measurable().map(|k| (k.name, k.unit)).collect();
        let promised = [
            ("usflux", "Mx"),
            ("tpf", "Mx"),
            ("tnf", "Mx"),
            ("netflux", "Mx"),
            ("psep", "Mm"),
            ("r_flux", "Mx"),
            ("r_value", "log10"),
            ("area", "Mm2"),
            ("tilt", "deg"),
            ("polarity", ""),
            ("dipole", "Mm"),
            ("imbalance", ""),
        ];
        assert_eq!(names, promised);
    }

    #[test]
    fn misspelt_names_find_their_keyword_and_noise_finds_none() {
        for (typed, meant) in [
            ("usflx", "usflux"),
            ("TOTUSJX", "totusjz"),
            ("r_valeu", "r_value"),
            ("tpff", "tpf"),
        ] {
            assert_eq!(closest(typed).map(|k| k.name), Some(meant), "{typed}");
        }
        assert_eq!(closest("wavelength_of_light"), None);
        assert_eq!(closest(""), None);
    }
}
