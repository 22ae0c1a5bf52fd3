//! Times of simulated records: `T_REC` lies on slots of 720 s counted in TAI, the catalogue stores UTC.

/// Length of a `T_REC` slot, s.
const CADENCE_S: f64 = 720.0;

/// Days from 1970-01-01 to 2010-01-01.
const DAYS_TO_2010: f64 = 14_610.0;

/// TAI − UTC in the years that are simulated: (UTC second from which it holds, seconds).
/// IERS Bulletin C 43, 49 and 52: 2012-07-01, 2015-07-01, 2017-01-01.
const TAI_MINUS_UTC: [(i64, i64); 4] = [
    (i64::MIN, 34),
    (1_341_100_800, 35),
    (1_435_708_800, 36),
    (1_483_228_800, 37),
];

/// Days since 1970 of a time given as a year with its fraction.
pub(super) fn days(year: f64) -> f64 {
    DAYS_TO_2010 + (year - 2010.0) * 365.25
}

/// The slot nearest to a time in days since 1970, in seconds of UTC.
pub(super) fn slot(days: f64) -> i64 {
    let tai = ((days * 86_400.0 / CADENCE_S).round() * CADENCE_S) as i64;
    let offset = TAI_MINUS_UTC
        .iter()
        .rev()
        .find(|(from, offset)| tai - offset >= *from)
        .map_or(0, |(_, offset)| *offset);
    tai - offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_t_rec() {
        // 2011.02.15_02:00:00_TAI is 01:59:26 UTC, 2018.01.01_00:00:00_TAI is 23:59:23 UTC the day before.
        assert_eq!(slot(1_297_735_200.0 / 86_400.0), 1_297_735_200 - 34);
        assert_eq!(slot(1_514_764_800.0 / 86_400.0), 1_514_764_800 - 37);
    }
}
