//! The year of times that name none, as those of traditional syslog.

use super::clock::parse_time;
use crate::model::{At, Seconds, Time};

/// A log may be a little ahead of the clock of its file, and its zone is not known.
const AHEAD: Seconds = Seconds(86_400.0);

/// Years that may lie between two leap days.
const LEAP: i64 = 8;

/// Which year is meant.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Calendar {
    /// Nobody knows: a time without a year is none.
    #[default]
    Unknown,
    /// The one that the user gave.
    Given(u16),
    /// The latest in which the time does not lie a day or more after this instant, when the log was last
    /// written to: December before January is the year before.
    Before(At),
}

impl Calendar {
    /// Returns the instant of a time such as `Nov 23 02:29:33`, and whether its year was assumed.
    ///
    /// `None` where the year is not known, or has no such day.
    pub(super) fn date(self, text: &str) -> Option<(Time, bool)> {
        let of = |year: i64| parse_time(&format!("{text} {year}"));
        match self {
            Self::Unknown => None,
            Self::Given(year) => Some((of(i64::from(year))?, false)),
            Self::Before(written) => {
                let end = written.plus(AHEAD);
                let year: i64 = end.rfc3339(0).get(..4)?.parse().ok()?;
                let found = (year - LEAP..=year).rev().filter_map(of).find(|t| t.at <= end);
                Some((found?, true))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(text: &str, written: &str) -> String {
        let written = parse_time(written).unwrap().at;
        let found = Calendar::Before(written).date(text);
        found.map_or_else(|| "-".into(), |(time, _)| time.to_string())
    }

    #[test]
    fn december_before_january_is_of_the_year_before() {
        let written = "2026-01-02T00:10:00Z";
        assert_eq!(dated("Dec 31 23:59:59", written), "2025-12-31T23:59:59Z");
        assert_eq!(dated("Jan  1 00:00:01", written), "2026-01-01T00:00:01Z");
        assert_eq!(dated("Jan  2 23:00:00", written), "2026-01-02T23:00:00Z");
        assert_eq!(dated("Jan  3 00:11:00", written), "2025-01-03T00:11:00Z");
        assert_eq!(dated("Jan  1 02:00:00", "2025-12-31T23:00:00Z"), "2026-01-01T02:00:00Z");
    }

    #[test]
    fn a_leap_day_is_of_the_last_leap_year() {
        assert_eq!(dated("Feb 29 12:00:00", "2027-05-01T00:00:00Z"), "2024-02-29T12:00:00Z");
        assert_eq!(Calendar::Given(2027).date("Feb 29 12:00:00"), None);
    }

    #[test]
    fn the_year_that_was_given_is_not_assumed() {
        let (time, assumed) = Calendar::Given(2020).date("Nov 23 02:29:33").unwrap();
        assert_eq!((time.to_string(), assumed), ("2020-11-23T02:29:33Z".into(), false));
        assert!(time.zone_assumed);
        assert_eq!(Calendar::Unknown.date("Nov 23 02:29:33"), None);
    }
}
