//! Names of tables and models. They become file names, so they are kept to what every system takes and
//! no path can be made of: `[a-z_][a-z0-9_]*`, sixty letters at most.

use crate::error::StoreError;

const MAX: usize = 60;

/// Accepts a name, or says what it should be.
///
/// # Errors
/// When it is empty, too long, or has a letter that is not one of those above.
pub fn check(name: &str, kind: &'static str) -> Result<(), StoreError> {
    if is_valid(name) {
        Ok(())
    } else {
        Err(StoreError::Name {
            name: name.to_owned(),
            kind,
        })
    }
}

/// Whether this is a name.
pub(super) fn is_valid(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty()
        && name.len() <= MAX
        && name.chars().all(word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn only_plain_words_are_names() {
        for name in ["sharps", "_t", "sun_64", &"a".repeat(60)] {
            assert!(is_valid(name), "{name}");
        }
        for name in [
            "",
            "1st",
            "Sharps",
            "../x",
            "a/b",
            "a.b",
            "a-1",
            "a b",
            "ä",
            "nul\0",
            &"a".repeat(61),
        ] {
            assert!(!is_valid(name), "{name}");
        }
    }
}
