//! The cards of a header: `KEYWORD = value / comment`, 80 bytes each, up to `END`.
//!
//! Reading is lenient: a card whose value is no FITS value is kept as undefined, since a header of two
//! hundred cards must not be lost for one of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Bytes of a card.
pub(super) const CARD: usize = 80;

/// The cards of a header by keyword, the first of each.
///
/// # Examples
/// ```
/// use helioql_catalog::fits::Header;
///
/// let header = Header::from_lines("HARPNUM =                  377\nR_VALUE = nan\nOBJECT  = 'AR'");
/// assert_eq!(header.integer("HARPNUM"), Some(377));
/// assert_eq!(header.real("R_VALUE"), None); // written, but not known
/// assert_eq!(header.text("OBJECT"), Some("AR"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    cards: BTreeMap<String, Value>,
}

/// The value of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `T` or `F`.
    Logical(bool),
    /// A number without point or exponent.
    Integer(i64),
    /// Any other number; NaN and the infinities where a file has them.
    Real(f64),
    /// A string, without its trailing spaces.
    Text(String),
    /// Blank, or not a FITS value.
    Undefined,
}

impl Header {
    /// Reads cards of 80 bytes, up to `END` or the last whole one.
    pub fn parse(bytes: &[u8]) -> Self {
        Self::collect(bytes.chunks(CARD).map(String::from_utf8_lossy))
    }

    /// Reads cards that stand on lines of their own, as tests and notes have them.
    pub fn from_lines(text: &str) -> Self {
        Self::collect(text.lines().map(Cow::Borrowed))
    }

    /// A header of these cards, for records that no file holds.
    pub fn from_cards<K: Into<String>>(cards: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self {
            cards: cards
                .into_iter()
                .map(|(keyword, value)| (keyword.into(), value))
                .collect(),
        }
    }

    /// The value of a card.
    pub fn get(&self, keyword: &str) -> Option<&Value> {
        self.cards.get(keyword)
    }

    /// A number, unless the card is missing, not a number, or NaN: the files' way to say unknown.
    pub fn real(&self, keyword: &str) -> Option<f64> {
        match self.get(keyword)? {
            Value::Integer(value) => Some(*value as f64),
            Value::Real(value) if value.is_finite() => Some(*value),
            _ => None,
        }
    }

    /// A whole number, also when it is written with a point, as in `CMASK = 45703.000`.
    pub fn integer(&self, keyword: &str) -> Option<i64> {
        /// Beyond 2⁵³ neighbouring integers share one double.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self.get(keyword)? {
            Value::Integer(value) => Some(*value),
            Value::Real(value) if value.fract() == 0.0 && value.abs() <= EXACT => Some(*value as i64),
            _ => None,
        }
    }

    /// A string that is not blank.
    pub fn text(&self, keyword: &str) -> Option<&str> {
        match self.get(keyword)? {
            Value::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        }
    }

    /// A truth value.
    pub fn logical(&self, keyword: &str) -> Option<bool> {
        match self.get(keyword)? {
            Value::Logical(value) => Some(*value),
            _ => None,
        }
    }

    /// Every card, by keyword.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.cards
            .iter()
            .map(|(keyword, value)| (keyword.as_str(), value))
    }

    /// What stands at a keyword, in the words of an error message.
    pub(crate) fn found(&self, keyword: &str) -> String {
        match self.get(keyword) {
            None => "no such card".to_owned(),
            Some(Value::Undefined) => "a card without a value".to_owned(),
            Some(Value::Logical(value)) => if *value { "T" } else { "F" }.to_owned(),
            Some(Value::Integer(value)) => value.to_string(),
            Some(Value::Real(value)) => value.to_string(),
            Some(Value::Text(text)) => format!("'{text}'"),
        }
    }

    fn collect<'a>(cards: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let mut header = Self::default();
        let mut last = None;
        for card in cards.take_while(|card| card.trim_end() != "END") {
            last = header.push(&card, last);
        }
        header
    }

    /// Adds one card, or continues the string of the last one. Returns the keyword that a CONTINUE card
    /// after this one would extend.
    fn push(&mut self, card: &str, last: Option<String>) -> Option<String> {
        let (keyword, field) = split_at_chars(card, 8);
        let keyword = keyword.trim_end();
        if keyword == "CONTINUE" {
            let continued = last.as_ref().and_then(|keyword| self.cards.get_mut(keyword));
            if let (Some(Value::Text(text)), Value::Text(more)) = (continued, parse_value(field))
                && text.ends_with('&')
            {
                text.pop();
                text.push_str(&more);
                return last;
            }
            return None;
        }
        let field = field.strip_prefix('=')?;
        if keyword.is_empty() || self.cards.contains_key(keyword) {
            return None;
        }
        self.cards.insert(keyword.to_owned(), parse_value(field));
        Some(keyword.to_owned())
    }
}

fn split_at_chars(text: &str, count: usize) -> (&str, &str) {
    let at = text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

fn parse_value(field: &str) -> Value {
    let field = field.trim();
    if let Some(quoted) = field.strip_prefix('\'') {
        return parse_text(quoted);
    }
    let value = field.split('/').next().unwrap_or_default().trim();
    match value {
        "T" => Value::Logical(true),
        "F" => Value::Logical(false),
        _ => parse_number(value),
    }
}

/// The string up to its closing quote, where a doubled quote stands for one.
fn parse_text(quoted: &str) -> Value {
    let mut text = String::new();
    let mut chars = quoted.chars().peekable();
    loop {
        match chars.next() {
            Some('\'') if chars.peek() == Some(&'\'') => {
                chars.next();
                text.push('\'');
            }
            Some('\'') => break,
            Some(other) => text.push(other),
            None => return Value::Undefined,
        }
    }
    text.truncate(text.trim_end().len());
    Value::Text(text)
}

fn parse_number(text: &str) -> Value {
    if let Ok(integer) = text.parse() {
        return Value::Integer(integer);
    }
    // Fortran writes the exponent of a double as D.
    match text.replace(['d', 'D'], "E").parse() {
        Ok(real) => Value::Real(real),
        Err(_) => Value::Undefined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_read_as_files_have_them() {
        let cases = [
            ("BITPIX  =                  -32 / bits", Value::Integer(-32)),
            ("CDELT1  = 0.0299999993", Value::Real(0.029_999_999_3)),
            ("BZERO   =                   0.", Value::Real(0.0)),
            ("USFLUX  = 2.714760e+22", Value::Real(2.714_76e22)),
            ("FLUX    = 1.5D3", Value::Real(1500.0)),
            (
                "SIMPLE  =                    T / file does conform",
                Value::Logical(true),
            ),
            ("ZIMAGE  = F", Value::Logical(false)),
            (
                "T_REC   = '2025.05.04_15:00:00.000_TAI' / [TAI] Slot time",
                "2025.05.04_15:00:00.000_TAI".into(),
            ),
            ("NOTE    = 'it''s / quoted  '", "it's / quoted".into()),
            ("EMPTY   = ''", "".into()),
            ("NOTHING =", Value::Undefined),
            ("OPEN    = 'no end", Value::Undefined),
            ("WORD    = hello", Value::Undefined),
        ];
        for (card, value) in cases {
            let header = Header::from_lines(card);
            let keyword = card
                .split(['=', ' '])
                .next()
                .expect("split yields at least one part");
            assert_eq!(header.get(keyword), Some(&value), "{card}");
        }
    }

    #[test]
    fn a_stray_line_break_harms_its_own_card_only() {
        let header =
            Header::parse(format!("{:80}{:80}{:80}", "COMMENT a\nb", "A       = 1", "END").as_bytes());
        assert_eq!(header, Header::from_lines("A       = 1"));
    }

    #[test]
    fn unquoted_nan_is_unknown_and_not_an_error() {
        let header = Header::from_lines("R_VALUE = nan\nGWILL   = NaN\nCRDER1  = -inf\nUSFLUX  = 1.0\nEND");
        for keyword in ["R_VALUE", "GWILL", "CRDER1"] {
            assert_eq!(header.real(keyword), None);
            assert!(header.get(keyword).is_some());
        }
        assert_eq!(header.real("USFLUX"), Some(1.0));
    }

    #[test]
    fn the_first_of_equal_cards_counts_and_nothing_after_the_end() {
        let header = Header::from_lines("A       = 1\nA       = 2\nCOMMENT = 3\nEND\nB       = 4");
        assert_eq!(header.integer("A"), Some(1));
        assert_eq!(header.get("B"), None);
    }

    #[test]
    fn long_strings_continue() {
        let header =
            Header::from_lines("LICENSE = 'marked &'\nCONTINUE  'CC0&'\nCONTINUE  ' 1.0'\nA       = 1\nEND");
        assert_eq!(header.text("LICENSE"), Some("marked CC0 1.0"));
        assert_eq!(header.integer("A"), Some(1));
    }

    #[test]
    fn a_number_with_a_point_is_an_integer_only_if_it_is_whole() {
        let header = Header::from_lines("CMASK   = 45703.000\nCDELT1  = 0.03\nHUGE    = 1e300\nEND");
        assert_eq!(header.integer("CMASK"), Some(45703));
        assert_eq!(header.integer("CDELT1"), None);
        assert_eq!(header.integer("HUGE"), None);
    }

    impl From<&str> for Value {
        fn from(text: &str) -> Self {
            Self::Text(text.to_owned())
        }
    }
}
