//! A record set in two halves, so that a server can be asked for a large one in pieces.

use super::{Interval, RecordSet, TimeStep};
use crate::literal::{TRec, t_rec::SLOT_SECONDS};

/// The first slot that a SHARP can have, 2010-05-01 00:00 TAI, and one that lies beyond the mission.
const MISSION: [i64; 2] = [1_767_600, 3_506_400];

impl RecordSet {
    /// Two sets that have no record in common and together those of this one; `None` where it names one
    /// record at most, or depends on what there is (`^`, `$`).
    ///
    /// Times are halved before regions, since the records of a time are few.
    ///
    /// # Examples
    /// ```
    /// use helioql_grammar::RecordSet;
    ///
    /// let set: RecordSet = "hmi.sharp_720s[][2011.02.15/1d@6h]".parse()?;
    /// let halves = set.halves().map(|halves| halves.map(|half| half.to_string()));
    /// assert_eq!(halves, Some([
    ///     "hmi.sharp_720s[][2011.02.15_00:00:00_TAI-2011.02.15_06:00:00_TAI@6h]".to_owned(),
    ///     "hmi.sharp_720s[][2011.02.15_12:00:00_TAI-2011.02.15_23:48:00_TAI@6h]".to_owned(),
    /// ]));
    /// # Ok::<(), helioql_grammar::literal::RecordSetError>(())
    /// ```
    pub fn halves(&self) -> Option<[Self; 2]> {
        if self.harpnum.iter().flatten().any(is_edge) || self.t_rec.iter().flatten().any(is_edge) {
            return None;
        }
        let times = match &self.t_rec {
            Some(times) => split(times, time_halves),
            None => whole_mission(),
        };
        if let Some([a, b]) = times {
            return Some([a, b].map(|t_rec| Self {
                t_rec: Some(t_rec),
                ..self.clone()
            }));
        }
        let [a, b] = split(self.harpnum.as_ref()?, number_halves)?;
        Some([a, b].map(|harpnum| Self {
            harpnum: Some(harpnum),
            ..self.clone()
        }))
    }
}

fn is_edge<V, S>(interval: &Interval<V, S>) -> bool {
    matches!(interval, Interval::First | Interval::Last)
}

/// A list in two, or its only interval in two.
fn split<T: Clone>(intervals: &[T], halves: impl Fn(&T) -> Option<[T; 2]>) -> Option<[Vec<T>; 2]> {
    match intervals {
        [one] => halves(one).map(|halves| halves.map(|half| vec![half])),
        many => {
            let (a, b) = many.split_at(many.len() / 2);
            (!a.is_empty()).then(|| [a.to_vec(), b.to_vec()])
        }
    }
}

fn whole_mission() -> Option<[Vec<Interval<TRec, TimeStep>>; 2]> {
    let [first, last] = MISSION.map(TRec::from_slot);
    time_halves(&Interval::Between {
        first,
        last,
        step: None,
    })
    .map(|halves| halves.map(|half| vec![half]))
}

fn time_halves(interval: &Interval<TRec, TimeStep>) -> Option<[Interval<TRec, TimeStep>; 2]> {
    let (first, last, step) = match interval {
        Interval::Between { first, last, step } => (first.slot(), last.slot(), step),
        Interval::Span { first, length, step } => {
            (first.slot(), first.slot().checked_add(length.slots() - 1)?, step)
        }
        Interval::First | Interval::Last | Interval::One(_) => return None,
    };
    let [a, b] = middle(first, last, step.map_or(1, TimeStep::slots))?;
    // As many slots as it means, so that each half has the steps of the whole.
    let step = step.map(|step| TimeStep {
        seconds: step.slots() * SLOT_SECONDS,
    });
    Some([a, b].map(|[first, last]| Interval::Between {
        first: TRec::from_slot(first),
        last: TRec::from_slot(last),
        step,
    }))
}

fn number_halves(interval: &Interval<i64, i64>) -> Option<[Interval<i64, i64>; 2]> {
    let (first, last, step) = match *interval {
        Interval::Between { first, last, step } => (first, last, step),
        Interval::Span { first, length, step } => (first, first.checked_add(length - 1)?, step),
        Interval::First | Interval::Last | Interval::One(_) => return None,
    };
    let halves = middle(first, last, step.unwrap_or(1))?;
    Some(halves.map(|[first, last]| Interval::Between { first, last, step }))
}

/// The numbers `first, first + step, …` up to `last` in two ranges.
fn middle(first: i64, last: i64, step: i64) -> Option<[[i64; 2]; 2]> {
    let steps = last.checked_sub(first)?.checked_div(step)?;
    if steps < 1 {
        return None;
    }
    let ahead = (steps + 1) / 2;
    let second = first + ahead * step;
    Some([[first, second - step], [second, last]])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every slot or number that an interval without edges names.
    fn members(first: i64, last: i64, step: i64) -> BTreeSet<i64> {
        (first..=last).step_by(step as usize).collect()
    }

    fn slots(set: &RecordSet) -> BTreeSet<i64> {
        let times = set.t_rec.as_ref().expect("times");
        times
            .iter()
            .flat_map(|interval| match interval {
                Interval::One(at) => members(at.slot(), at.slot(), 1),
                Interval::Between { first, last, step } => {
                    members(first.slot(), last.slot(), step.map_or(1, TimeStep::slots))
                }
                Interval::Span { first, length, step } => members(
                    first.slot(),
                    first.slot() + length.slots() - 1,
                    step.map_or(1, TimeStep::slots),
                ),
                edge => panic!("{edge:?}"),
            })
            .collect()
    }

    /// Halves until nothing can be halved, and sees that nothing is lost or doubled.
    fn pieces(set: &RecordSet) -> Vec<RecordSet> {
        match set.halves() {
            None => vec![set.clone()],
            Some(halves) => halves.iter().flat_map(pieces).collect(),
        }
    }

    #[test]
    fn halves_are_the_whole() {
        for text in [
            "hmi.sharp_720s[1][2011.02.15/1d]",
            "hmi.sharp_720s[1][2011.02.15/1d@6h]",
            "hmi.sharp_720s[1][2011.02.15/25h@7h]",
            "hmi.sharp_720s[1][2011.02.15_00:05-2011.02.15_03:00@30m]",
            "hmi.sharp_720s[1][2011.02.15,2011.02.16/1h,2011.02.17-2011.02.17_01:00@1000s]",
        ] {
            let set: RecordSet = text.parse().expect(text);
            let pieces = pieces(&set);
            let found: Vec<i64> = pieces.iter().flat_map(slots).collect();
            assert_eq!(found, slots(&set).into_iter().collect::<Vec<_>>(), "{text}");
            assert!(pieces.iter().all(|piece| slots(piece).len() == 1), "{text}");
        }
    }

    #[test]
    fn regions_are_halved_where_there_is_one_time() {
        let set: RecordSet = "hmi.sharp_720s[3-9@2,20][2011.02.15]".parse().expect("a set");
        let pieces: Vec<String> = pieces(&set).iter().map(ToString::to_string).collect();
        let regions: Vec<&str> = pieces
            .iter()
            .filter_map(|piece| piece.split(['[', ']']).nth(1))
            .collect();
        assert_eq!(regions, ["3-3@2", "5-5@2", "7-7@2", "9-9@2", "20"]);
    }

    #[test]
    fn the_mission_is_halved_where_no_time_is_said() {
        let set: RecordSet = "hmi.sharp_720s[377]".parse().expect("a set");
        let [a, b] = set.halves().expect("two halves").map(|half| half.to_string());
        assert!(
            a.starts_with("hmi.sharp_720s[377][2010.05.01_00:00:00_TAI-"),
            "{a}"
        );
        assert!(b.ends_with("-2050.01.01_00:00:00_TAI]"), "{b}");
    }

    #[test]
    fn what_depends_on_the_table_is_not_halved() {
        for text in [
            "hmi.sharp_720s[1][$]",
            "hmi.sharp_720s[^][2011.02.15/1d]",
            "hmi.sharp_720s[1][2011.02.15]",
        ] {
            let set: RecordSet = text.parse().expect(text);
            assert_eq!(set.halves(), None, "{text}");
        }
    }
}
