//! Instants and spans: nanoseconds in UTC, with the precision the input had.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An instant in nanoseconds since 1970-01-01T00:00:00Z; saturates at the years 1677 and 2262.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
pub struct At(pub i64);

/// A span in seconds, with its sign.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Seconds(pub f64);

const NANOS: i64 = 1_000_000_000;

impl At {
    /// Returns the instant `secs` seconds after the epoch; fractions are kept to the nanosecond.
    pub fn from_secs_f64(secs: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, which is the contract"
        )]
        let whole = secs.floor() as i64;
        #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second fits")]
        let rest = ((secs - secs.floor()) * 1e9).round() as i64;
        Self(whole.saturating_mul(NANOS).saturating_add(rest))
    }

    /// Returns the whole seconds from the epoch on, cut towards it.
    pub const fn whole_secs(self) -> i64 {
        self.0 / NANOS
    }

    /// Returns the instant `secs` whole seconds after the epoch.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(NANOS))
    }

    /// Returns how long after `other` this instant lies; negative when it lies before.
    pub fn since(self, other: Self) -> Seconds {
        #[expect(clippy::cast_precision_loss, reason = "spans of captures are far below 2^52 ns")]
        let nanos = self.0.saturating_sub(other.0) as f64;
        Seconds(nanos / 1e9)
    }

    /// Returns the instant `by` later.
    #[must_use]
    pub fn plus(self, by: Seconds) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, which is the contract"
        )]
        let nanos = (by.0 * 1e9).round() as i64;
        Self(self.0.saturating_add(nanos))
    }

    /// Returns the whole milliseconds since the epoch: what RFC 3339 with three decimals shows.
    pub fn millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Formats as RFC 3339 in UTC with `digits` decimals of the second (0 to 9).
    pub fn rfc3339(self, digits: u8) -> String {
        let nanos = i128::from(self.0);
        let stamp = jiff::Timestamp::from_nanosecond(nanos).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{stamp:.prec$}", prec = usize::from(digits.min(9)))
    }
}

impl fmt::Display for At {
    /// RFC 3339 in UTC, with as many decimals as the value needs (0, 3, 6 or 9).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339(Time::digits_of(self.0)))
    }
}

impl fmt::Display for Seconds {
    /// `75 s`, `0.4 s`, `6 m 2 s`, `3 h 5 m`, `2 d 4 h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let abs = self.0.abs();
        let sign = if self.0 < 0.0 { "-" } else { "" };
        if abs < 10.0 && abs.fract() > 0.049 && abs.fract() < 0.951 {
            return write!(f, "{sign}{abs:.1} s");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, saturates"
        )]
        let whole = abs.round() as u64;
        let (days, h, m, s) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
        match (days, h, m, s) {
            (0, 0, 0, s) => write!(f, "{sign}{s} s"),
            (0, 0, m, 0) => write!(f, "{sign}{m} m"),
            (0, 0, m, s) => write!(f, "{sign}{m} m {s} s"),
            (0, h, 0, _) => write!(f, "{sign}{h} h"),
            (0, h, m, _) => write!(f, "{sign}{h} h {m} m"),
            (days, 0, _, _) => write!(f, "{sign}{days} d"),
            (days, h, _, _) => write!(f, "{sign}{days} d {h} h"),
        }
    }
}

/// A time as an input wrote it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Time {
    /// The instant.
    pub at: At,
    /// Decimals of the second that the input gave, 0 to 9.
    pub digits: u8,
    /// Whether the input gave no zone, so that UTC (or `--tz`) was assumed.
    pub zone_assumed: bool,
}

impl Time {
    /// Returns the instant that the same digits mean in `zone`; a time that falls into a gap or twice
    /// into an hour of the clock's change is read as the zone's rules say first.
    #[must_use]
    pub fn read_in(self, zone: &jiff::tz::TimeZone) -> Self {
        let civil = jiff::Timestamp::from_nanosecond(i128::from(self.at.0))
            .map(|stamp| jiff::tz::Offset::UTC.to_datetime(stamp));
        let local = civil.and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible());
        let at = local.ok().and_then(|stamp| i64::try_from(stamp.as_nanosecond()).ok());
        Self { at: at.map_or(self.at, At), zone_assumed: false, ..self }
    }

    /// Returns the number of decimals (0, 3, 6 or 9) that `nanos` needs.
    fn digits_of(nanos: i64) -> u8 {
        match nanos.rem_euclid(NANOS) {
            0 => 0,
            n if n % 1_000_000 == 0 => 3,
            n if n % 1_000 == 0 => 6,
            _ => 9,
        }
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC, as precise as the input was.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.at.rfc3339(self.digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_prints_as_precisely_as_the_input_was() {
        let time = Time { at: At(1_767_261_600_000_000_000), digits: 3, zone_assumed: false };
        assert_eq!(time.to_string(), "2026-01-01T10:00:00.000Z");
        assert_eq!(At(1_767_261_600_000_000_000).to_string(), "2026-01-01T10:00:00Z");
        assert_eq!(At(1_767_261_600_120_000_000).to_string(), "2026-01-01T10:00:00.120Z");
    }

    #[test]
    fn digits_without_a_zone_mean_another_instant_elsewhere() {
        let time = Time { at: At::from_secs(1_767_261_600), digits: 0, zone_assumed: true };
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(time.read_in(&zone).to_string(), "2026-01-01T08:00:00Z");
    }

    #[test]
    fn spans_read_like_speech() {
        let spoken = [0.0, 0.4, 75.0, 60.0, 3600.0, 11_100.0, 187_200.0, -5.0]
            .map(|s| Seconds(s).to_string());
        assert_eq!(
            spoken,
            ["0 s", "0.4 s", "1 m 15 s", "1 m", "1 h", "3 h 5 m", "2 d 4 h", "-5 s"]
        );
    }

    proptest::proptest! {
        #[test]
        fn times_of_equal_length_sort_as_their_milliseconds(
            a in proptest::prelude::any::<i64>(),
            near in -3_000_000i64..3_000_000,
        ) {
            for (a, b) in [(At(a), At(a.saturating_add(near))), (At(near), At(a % 2_000_000))] {
                let shown = a.rfc3339(3).cmp(&b.rfc3339(3));
                proptest::prop_assert_eq!(a.millis().cmp(&b.millis()), shown);
            }
        }
    }

    #[test]
    fn a_far_time_saturates_instead_of_wrapping() {
        assert_eq!(At::from_secs_f64(1e300), At(i64::MAX));
        assert_eq!(At(i64::MAX).plus(Seconds(10.0)), At(i64::MAX));
    }
}
