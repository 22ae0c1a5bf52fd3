//! "Did you mean": the closest of the names that would have been right.
//!
//! Closeness is the optimal string alignment distance (Damerau 1964): how many characters must be
//! inserted, left out, replaced, or swapped with their neighbour.

/// Names longer than this are nobody's slip of the finger, and comparing them would cost time.
const LONGEST_NAME: usize = 64;

/// The candidate closest to `word`, regardless of case, if one is close: one slip for every three
/// characters, and at least one. The first of equals wins.
///
/// # Examples
/// ```
/// use helioql_grammar::closest;
///
/// assert_eq!(closest("usflx", ["psep", "usflux", "seed"]), Some("usflux"));
/// assert_eq!(closest("banana", ["psep", "usflux", "seed"]), None);
/// ```
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word: Vec<char> = word.to_lowercase().chars().take(LONGEST_NAME + 1).collect();
    if word.len() > LONGEST_NAME {
        return None;
    }
    let reach = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let name: Vec<char> = candidate.to_lowercase().chars().take(LONGEST_NAME).collect();
            let distance = distance(&word, &name);
            // A change of every character is no likeness: `x` is not a misspelt `k`.
            (distance <= reach && distance < word.len().max(name.len())).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1; b.len() + 1];
        for (j, &to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && a[i - 1] == to {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let distance =
            |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(distance("seed", "seed"), 0);
        assert_eq!(distance("sede", "seed"), 1, "a swap is one slip");
        assert_eq!(distance("", "seed"), 4);
        assert_eq!(distance("usflx", "usflux"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn only_close_names_are_suggested() {
        let names = ["usflux", "psep", "k"];
        assert_eq!(closest("USFLUX", names), Some("usflux"));
        assert_eq!(closest("x", names), None);
        assert_eq!(closest("", names), None);
        assert_eq!(closest(&"u".repeat(100_000), names), None);
    }
}
