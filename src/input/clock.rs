//! Reads times as captures and logs write them: standards, their dialects and bare numbers.

use crate::model::{At, Time};

const NANOS: i128 = 1_000_000_000;
const NANOS_U32: u32 = 1_000_000_000;

/// Seconds before 1973 are no time of a request but a count of something.
const LEAST_EPOCH_SECS: u64 = 100_000_000;

/// Reads a time; `None` when the text names no instant.
///
/// Accepted: RFC 3339 with `T`, `t`, `_` or a blank in the middle, `,` or `.` before any number of
/// decimals (those after the ninth are cut), `Z`, `z`, `+01:00`, `+0100`, `+01`, ` UTC`, or no zone
/// (UTC is assumed, which `zone_assumed` says); `2006/01/02 15:04:05`; `20060102T150405Z`; the
/// common log format `10/Oct/2000:13:55:36 -0700`; RFC 9110 and RFC 5322 dates, asctime,
/// `Mon Nov 23 2026 02:47:47 GMT+0000 (UTC)`; and seconds, milli-, micro- or nanoseconds since 1970
/// as digits. A date alone is refused: judged at midnight, a token could be valid that was not.
///
/// ```
/// # use authopsy::input::clock::parse_time;
/// let time = parse_time("10/Oct/2000:13:55:36 -0700").expect("the common log format is read");
/// assert_eq!(time.to_string(), "2000-10-10T20:55:36Z");
/// ```
pub fn parse_time(text: &str) -> Option<Time> {
    if let Some(time) = usual(text.as_bytes()) {
        return Some(time);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '"'));
    let bytes = text.as_bytes();
    let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    match (digits, bytes.get(digits)) {
        (14, None) => compact(text).or_else(|| epoch_text(text)),
        (_, None) | (9.., Some(b'.')) => epoch_text(text),
        (4, Some(b'-' | b'/')) => numeric_date(text),
        (8, Some(b'T' | b't')) => compact(text),
        (1 | 2, Some(b'/' | b'-')) => common_log(text).or_else(|| worded(text)),
        _ => worded(text),
    }
}

/// Reads a number of seconds, milli-, micro- or nanoseconds since 1970, told apart by magnitude.
///
/// `None` for what lies before 1973 or after 2262: zero and small counts are no times.
pub fn epoch(number: u64) -> Option<Time> {
    epoch_parts(number, "")
}

/// Reads a number as [`epoch`] does, with the decimals that its shortest writing has.
pub fn epoch_f64(number: f64) -> Option<Time> {
    (number.is_finite() && number > 0.0).then(|| epoch_text(&format!("{number}"))).flatten()
}

fn epoch_text(text: &str) -> Option<Time> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    decimals.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
    epoch_parts(whole.parse().ok()?, decimals)
}

/// `decimals` are those of the number itself, whatever its unit.
fn epoch_parts(whole: u64, decimals: &str) -> Option<Time> {
    let unit_digits: u8 = match whole {
        0..100_000_000_000 => 0,
        100_000_000_000..100_000_000_000_000 => 3,
        100_000_000_000_000..100_000_000_000_000_000 => 6,
        _ => 9,
    };
    if unit_digits == 0 && whole < LEAST_EPOCH_SECS {
        return None;
    }
    let nanos_a_unit = 10_i128.pow(9 - u32::from(unit_digits));
    let (fraction, digits) = decimals_of(decimals);
    let nanos = i128::from(whole) * nanos_a_unit + i128::from(fraction) * nanos_a_unit / NANOS;
    Some(Time {
        at: At(i64::try_from(nanos).ok()?),
        digits: (unit_digits + digits).min(9),
        zone_assumed: false,
    })
}

/// Returns billionths and the number of decimals, at most nine; more are cut.
fn decimals_of(text: &str) -> (u32, u8) {
    let mut place = NANOS_U32 / 10;
    let (mut sum, mut count) = (0, 0);
    for b in text.bytes().take_while(u8::is_ascii_digit).take(9) {
        sum += u32::from(b - b'0') * place;
        place /= 10;
        count += 1;
    }
    (sum, count)
}

#[derive(Clone, Copy)]
struct Date {
    year: i64,
    month: u32,
    day: u32,
}

/// Time of day and what followed it.
#[derive(Clone, Copy)]
struct Clock {
    secs: u32,
    fraction: u32,
    digits: u8,
}

/// `2026-01-01T10:00:00.000Z` and its kin.
fn numeric_date(text: &str) -> Option<Time> {
    usual(text.as_bytes()).or_else(|| by_parts(text))
}

/// Any of its forms.
fn by_parts(text: &str) -> Option<Time> {
    let date = Date {
        year: text.get(..4)?.parse().ok()?,
        month: two(text.get(5..7)?)?,
        day: two(text.get(8..10)?)?,
    };
    matches!(text.as_bytes().get(7), Some(b'-' | b'/')).then_some(())?;
    matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ' | b'_' | b':')).then_some(())?;
    let (clock, zone) = clock(text.get(11..)?.trim_start())?;
    instant(date, clock, zone_of(zone))
}

/// `2026-01-01T10:00:00.000Z` and nothing else: what most loggers write on every line.
fn usual(text: &[u8]) -> Option<Time> {
    let (stamp, rest) = text.split_first_chunk::<19>()?;
    if [stamp[4], stamp[7], stamp[10], stamp[13], stamp[16]] != *b"--T::" {
        return None;
    }
    let decimals = match rest {
        [b'Z'] => &[],
        [b'.', decimals @ .., b'Z'] if (1..=9).contains(&decimals.len()) => decimals,
        _ => return None,
    };
    // Whether all are digits is asked once, as it hardly ever is not so.
    let mut odd = false;
    let mut all = |digits: &[u8]| {
        digits.iter().fold(0, |sum: u32, digit| {
            let value = digit.wrapping_sub(b'0');
            odd |= value > 9;
            sum.wrapping_mul(10).wrapping_add(u32::from(value))
        })
    };
    let (year, month, day) = (all(&stamp[..4]), all(&stamp[5..7]), all(&stamp[8..10]));
    let (hours, minutes, seconds) = (all(&stamp[11..13]), all(&stamp[14..16]), all(&stamp[17..19]));
    let fraction = all(decimals);
    if odd || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let digits = u8::try_from(decimals.len()).ok()?;
    let fraction = fraction * 10_u32.pow(9 - u32::from(digits));
    let secs = hours * 3600 + minutes * 60 + seconds;
    let date = Date { year: year.into(), month, day };
    instant(date, Clock { secs, fraction, digits }, Zone::East(0))
}

/// `20260101T100000Z`, `20260101100000`.
fn compact(text: &str) -> Option<Time> {
    let date = Date {
        year: text.get(..4)?.parse().ok()?,
        month: two(text.get(4..6)?)?,
        day: two(text.get(6..8)?)?,
    };
    (1970..2100).contains(&date.year).then_some(())?;
    let time = text.get(8..)?.trim_start_matches(['T', 't']);
    let secs = two(time.get(..2)?)? * 3600 + two(time.get(2..4)?)? * 60 + two(time.get(4..6)?)?;
    let (fraction, digits, zone) = fraction(time.get(6..)?);
    instant(date, Clock { secs, fraction, digits }, zone_of(zone))
}

/// `10/Oct/2000:13:55:36 -0700`; a blank or dash for the first colon, a missing zone.
fn common_log(text: &str) -> Option<Time> {
    let (day, rest) = text.split_once(['/', '-'])?;
    let month = month(rest.get(..3)?)?;
    let rest = rest.get(3..)?.strip_prefix(['/', '-'])?;
    let date = Date { year: rest.get(..4)?.parse().ok()?, month, day: day.parse().ok()? };
    let (clock, zone) = clock(rest.get(4..)?.strip_prefix([':', ' ', 'T'])?.trim_start())?;
    instant(date, clock, zone_of(zone))
}

/// Dates with a month in words, in any order: RFC 9110, RFC 5322, asctime, Java, JavaScript.
fn worded(text: &str) -> Option<Time> {
    let text = text.split('(').next().unwrap_or_default();
    let (mut year, mut month_of, mut day, mut time) = (None, None, None, None);
    let mut zone = Zone::Missing;
    let mut afternoon = None;
    for word in text.split([' ', ',', '\t']).filter(|w| !w.is_empty()) {
        let numeric = word.bytes().all(|b| b.is_ascii_digit());
        match word.len() {
            1 | 2 if numeric && day.is_none() => day = two(word),
            2 if numeric && year.is_none() => year = short_year(word),
            4 if numeric && year.is_none() => year = word.parse().ok(),
            _ if word.contains(':') && time.is_none() && !word.starts_with(['G', 'U']) => {
                let (clock, rest) = clock(word)?;
                time = Some(clock);
                if !rest.is_empty() {
                    zone = zone_of(rest);
                }
            }
            2 if word.eq_ignore_ascii_case("am") => afternoon = Some(0),
            2 if word.eq_ignore_ascii_case("pm") => afternoon = Some(12 * 3600),
            7.. if word.contains('-') => {
                let mut parts = word.split('-');
                day = day.or(two(parts.next()?));
                month_of = month_of.or(month(parts.next()?));
                let text = parts.next()?;
                year = year.or(if text.len() == 2 { short_year(text) } else { text.parse().ok() });
            }
            3.. if month_of.is_none() && month(word).is_some() => month_of = month(word),
            _ if time.is_some() && matches!(zone, Zone::Missing) => zone = zone_of(word),
            _ => {}
        }
    }
    let mut clock = time?;
    if let Some(half) = afternoon {
        clock.secs = clock.secs % (12 * 3600) + half;
    }
    instant(Date { year: year?, month: month_of?, day: day? }, clock, zone)
}

/// RFC 9110, section 5.6.7: a two-digit year more than 50 years ahead is in the past; 70 is where
/// Unix time begins.
fn short_year(text: &str) -> Option<i64> {
    let year = i64::from(two(text)?);
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}

fn month(word: &str) -> Option<u32> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = word.get(..3)?;
    let at = NAMES.iter().position(|name| word.eq_ignore_ascii_case(name))?;
    u32::try_from(at + 1).ok()
}

/// Reads `HH:MM[:SS[.fraction]]` and returns what follows.
fn clock(text: &str) -> Option<(Clock, &str)> {
    let (hours, rest) = text.split_once(':')?;
    let hours = two(hours).filter(|h| *h < 24)?;
    let minutes = two(rest.get(..2)?).filter(|m| *m < 60)?;
    let rest = rest.get(2..)?;
    let seconds = rest.strip_prefix(':').and_then(|rest| two(rest.get(..2)?));
    let Some(seconds) = seconds else {
        return Some((Clock { secs: hours * 3600 + minutes * 60, fraction: 0, digits: 0 }, rest));
    };
    // A leap second is the last instant of its minute.
    let secs = hours * 3600 + minutes * 60 + seconds.min(59);
    (seconds <= 60).then_some(())?;
    let (fraction, digits, rest) = fraction(rest.get(3..)?);
    Some((Clock { secs, fraction, digits }, rest))
}

fn fraction(text: &str) -> (u32, u8, &str) {
    let Some(decimals) = text.strip_prefix(['.', ',']) else { return (0, 0, text) };
    let (fraction, digits) = decimals_of(decimals);
    (fraction, digits, decimals.trim_start_matches(|c: char| c.is_ascii_digit()))
}

fn two(text: &str) -> Option<u32> {
    (matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[derive(Clone, Copy)]
enum Zone {
    /// Seconds east of UTC.
    East(i32),
    Missing,
}

/// Zone names without a choice of meaning; `EST` and its kin as RFC 5322, section 4.3, has them.
const NAMED_ZONES: [(&str, i32); 15] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("est", -5),
    ("edt", -4),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("cet", 1),
    ("cest", 2),
    ("eest", 3),
    ("jst", 9),
];

/// Reads `Z`, `+01:00`, `-0800`, `+01`, `UTC`, `GMT+0000`, with blanks before it.
fn zone_of(text: &str) -> Zone {
    let text = text.trim_start();
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, offset) = text.split_at(letters);
    let sign = match offset.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => {
            let known = NAMED_ZONES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
            return known.map_or(Zone::Missing, |(_, hours)| Zone::East(hours * 3600));
        }
    };
    let mut digits = offset.bytes().skip(1).filter(|b| *b != b':').take_while(u8::is_ascii_digit);
    let mut pair = || {
        let tens = i32::from(digits.next()? - b'0');
        Some(tens * 10 + i32::from(digits.next()? - b'0'))
    };
    match (pair(), pair()) {
        (Some(hours), minutes) if hours < 24 => {
            Zone::East(sign * (hours * 3600 + minutes.unwrap_or(0).min(59) * 60))
        }
        _ => Zone::Missing,
    }
}

fn instant(date: Date, clock: Clock, zone: Zone) -> Option<Time> {
    let leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    let last = match date.month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    (1..=last).contains(&date.day).then_some(())?;
    let (east, zone_assumed) = match zone {
        Zone::East(secs) => (secs, false),
        Zone::Missing => (0, true),
    };
    let secs = days_since_1970(date) * 86_400 + i64::from(clock.secs) - i64::from(east);
    let nanos = i128::from(secs) * NANOS + i128::from(clock.fraction);
    Some(Time { at: At(i64::try_from(nanos).ok()?), digits: clock.digits, zone_assumed })
}

/// Counts days in the proleptic Gregorian calendar; years begin in March, so that a leap day is
/// the last of its year.
fn days_since_1970(date: Date) -> i64 {
    let year = date.year - i64::from(date.month < 3);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * i64::from((date.month + 9) % 12) + 2) / 5 + i64::from(date.day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        parse_time(text).map_or_else(
            || "-".into(),
            |t| format!("{t}{}", if t.zone_assumed { " assumed" } else { "" }),
        )
    }

    proptest! {
        #[test]
        fn the_usual_form_says_what_every_kin_of_it_says(
            text in "[0-9]{4}-[0-3][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,11})?Z",
        ) {
            // A blank for the `T` takes it off the quick way.
            prop_assert_eq!(parse_time(&text), parse_time(&text.replace('T', " ")));
        }
    }

    #[test]
    fn what_is_nearly_the_usual_form_is_not_taken_for_it() {
        for text in ["2026-02-12T10:11:12.345678901Z", "2026-12-21T10:11:12Z"] {
            assert!(usual(text.as_bytes()).is_some());
            for at in 0..text.len() {
                for put in (' '..='~').map(String::from).chain([String::new(), "00".into()]) {
                    let mut text = text.to_owned();
                    text.replace_range(at..=at, &put);
                    let usual = usual(text.as_bytes());
                    assert!(usual.is_none() || usual == by_parts(&text), "{text}");
                }
            }
        }
    }

    #[test]
    fn times_of_every_habit_are_read() {
        let table = [
            ("2026-01-01T10:00:00.000Z", "2026-01-01T10:00:00.000Z"),
            ("2026-01-01t10:00:00z", "2026-01-01T10:00:00Z"),
            ("2026-01-01 10:00:00+01:00", "2026-01-01T09:00:00Z"),
            ("2026-01-01T10:00:00-0800", "2026-01-01T18:00:00Z"),
            ("2026-01-01T10:00:00.123", "2026-01-01T10:00:00.123Z assumed"),
            ("2026-01-01T10:00:00.1234567Z", "2026-01-01T10:00:00.1234567Z"),
            ("2026-01-01T10:00:00.1234567891Z", "2026-01-01T10:00:00.123456789Z"),
            ("2026-01-01T10:00:00.123456+00:00", "2026-01-01T10:00:00.123456Z"),
            ("2026-01-01 10:00:00,123", "2026-01-01T10:00:00.123Z assumed"),
            ("2026-01-01 10:00:00 +0200", "2026-01-01T08:00:00Z"),
            ("2026-01-01 10:00:00.5 UTC", "2026-01-01T10:00:00.5Z"),
            ("2026-01-01T10:00Z", "2026-01-01T10:00:00Z"),
            ("2026-01-01T10:00:00+01:00[Europe/Berlin]", "2026-01-01T09:00:00Z"),
            ("2006/01/02 15:04:05", "2006-01-02T15:04:05Z assumed"),
            ("20261123T024703Z", "2026-11-23T02:47:03Z"),
            ("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
            ("[23/Nov/2026:02:47:03 +0000]", "2026-11-23T02:47:03Z"),
            ("29/Aug/2023 22:02:58", "2023-08-29T22:02:58Z assumed"),
            ("25/Feb/2019:16:19:48.143", "2019-02-25T16:19:48.143Z assumed"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z assumed"),
            ("Tue, 10 Jan 2023 17:56:32 -0500", "2023-01-10T22:56:32Z"),
            ("Tue Jan 10 17:56:32 EST 2023", "2023-01-10T22:56:32Z"),
            ("Mon Nov 23 2026 02:47:47 GMT+0100 (CET)", "2026-11-23T01:47:47Z"),
            ("Nov 23, 2026 02:30:00.003000000 UTC", "2026-11-23T02:30:00.003000000Z"),
            ("Nov 23, 2026 2:30:00 PM UTC", "2026-11-23T14:30:00Z"),
            ("1795402067518", "2026-11-23T02:47:47.518Z"),
            ("1795401893.7351704", "2026-11-23T02:44:53.7351704Z"),
            ("1700000000000000001", "2023-11-14T22:13:20.000000001Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_names_no_instant_is_refused() {
        for text in [
            "",
            "-",
            "0",
            "12.5",
            "2026-01-01",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "Invalid Date",
            "[object Object]",
            "now",
            "4294967295000000000000",
            "Feb 25 16:19:49",
            "x/y/z",
            "9999999999.1.2",
        ] {
            assert_eq!(shown(text), "-", "{text}");
        }
    }

    #[test]
    fn the_unit_of_a_number_follows_from_its_magnitude() {
        let at = |n| epoch(n).map(|t| (t.at.0, t.digits));
        assert_eq!(at(1_795_402_067), Some((1_795_402_067_000_000_000, 0)));
        assert_eq!(at(1_795_402_067_518), Some((1_795_402_067_518_000_000, 3)));
        assert_eq!(at(1_795_402_067_518_001), Some((1_795_402_067_518_001_000, 6)));
        assert_eq!(at(1_795_402_067_518_001_002), Some((1_795_402_067_518_001_002, 9)));
        assert_eq!(at(0), None);
        assert_eq!(at(99_999_999), None);
        assert_eq!(at(u64::MAX), None);
        assert_eq!(epoch_f64(1_711_741_827.962_628_6).map(|t| t.digits), Some(7));
        assert_eq!(epoch_f64(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = parse_time(&text);
        }

        #[test]
        fn no_arrangement_of_digits_makes_it_panic(text in "[0-9TZtz:/.,+ -]{0,40}") {
            let _ = parse_time(&text);
        }

        #[test]
        fn an_instant_is_read_back_as_it_was_printed(nanos in 0_i64..i64::MAX) {
            let text = At(nanos).rfc3339(9);
            prop_assert_eq!(parse_time(&text).map(|t| t.at.0), Some(nanos));
        }
    }
}
