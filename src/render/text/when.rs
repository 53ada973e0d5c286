//! Instants as people read them: the clock time, with the date only where it is needed.

use jiff::Timestamp;

use crate::model::{Period, Seconds};

/// What may stand around a number or an instant in a sentence.
pub(in crate::render) const AROUND: [char; 6] = ['(', ')', '.', ',', ':', ';'];

/// How instants are shortened in one report.
#[derive(Clone, Copy, Debug)]
pub(in crate::render) struct Clock {
    /// Where the text begins: after the date, after the year, or with it.
    from: usize,
    /// What is left out, as the period begins: `2026-11-20T`, `2026-`.
    left_out: [u8; 11],
}

impl Clock {
    /// Leaves out the date when everything happened on one day (UTC), the year when in one year.
    pub(in crate::render) fn of(period: &Period) -> Self {
        let same = |to: usize| {
            let part = |time: &Option<String>| time.as_deref()?.get(..to).map(str::to_owned);
            part(&period.first) == part(&period.last)
        };
        let from = if same(10) {
            11
        } else if same(4) {
            5
        } else {
            0
        };
        let mut left_out = [0; 11];
        if let Some(first) = period.first.as_deref().and_then(|t| t.as_bytes().get(..from)) {
            left_out[..from].copy_from_slice(first);
        }
        Self { from, left_out }
    }

    /// Returns `10:31:00`, or `11-20 10:31:00` when the report spans days; an instant outside the period
    /// (`exp` of a token) with its whole date, text that is no RFC 3339 as it is, nothing as `-`.
    pub(in crate::render) fn show(self, time: Option<&str>) -> String {
        let Some(time) = time else { return "-".to_owned() };
        let within = time.as_bytes().get(..self.from) == self.left_out.get(..self.from);
        match time.get(if within { self.from } else { 0 }..19) {
            Some(text) if time.as_bytes().get(10) == Some(&b'T') => text.replace('T', " "),
            _ => time.to_owned(),
        }
    }

    /// Returns `10:31:00 to 10:38:12`; the second date only where it differs, one instant only once.
    pub(in crate::render) fn range(self, first: Option<&str>, last: Option<&str>) -> String {
        let (start, end) = (self.show(first), self.show(last));
        let day = |time: Option<&'_ str>| time.and_then(|t| t.get(..10)).map(str::to_owned);
        let same_day = day(first).is_some() && day(first) == day(last);
        let end = if same_day {
            last.and_then(|t| t.get(11..19)).map_or(end, str::to_owned)
        } else {
            end
        };
        if start.ends_with(&end) { start } else { format!("{start} to {end}") }
    }

    /// Shortens the instants inside a sentence as [`Clock::show`] does, but keeps milliseconds: facts are
    /// about which of two came first.
    pub(super) fn within(self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('T') {
            let start = at.checked_sub(10).filter(|start| rest.is_char_boundary(*start));
            let Some((start, end)) = start.zip(instant_end(rest, at)) else {
                let (before, after) = rest.split_at(at + 1);
                out.push_str(before);
                rest = after;
                continue;
            };
            let instant = rest.get(start..end).unwrap_or_default();
            out.push_str(rest.get(..start).unwrap_or_default());
            out.push_str(&self.show(Some(instant)));
            let fraction = instant.get(19..instant.len() - 1).unwrap_or_default();
            out.push_str(fraction.get(..fraction.len().min(4)).unwrap_or_default());
            rest = rest.get(end..).unwrap_or_default();
        }
        out + rest
    }

    /// Returns the width of what [`Clock::show`] gives.
    pub(in crate::render) fn columns(self) -> usize {
        19 - self.from
    }
}

/// Returns where the RFC 3339 instant in UTC ends whose `T` stands at `at`; `None` where there is none.
fn instant_end(text: &str, at: usize) -> Option<usize> {
    let end = at + 1 + text.get(at..)?.find('Z')?;
    let instant = text.get(at.checked_sub(10)?..end)?;
    (instant.len() <= 30 && instant.parse::<Timestamp>().is_ok()).then_some(end)
}

/// Milliseconds since 1970 of an RFC 3339 text.
pub(in crate::render) fn millis(time: Option<&str>) -> Option<i64> {
    Some(time?.parse::<Timestamp>().ok()?.as_millisecond())
}

/// Returns a span of milliseconds as people say it: `7 m 12 s`.
pub(in crate::render) fn span_of(millis: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "spans of captures are far below 2^52 ms")]
    let secs = millis as f64 / 1e3;
    Seconds(secs).to_string()
}

/// Returns a number with its thousands apart: `1,284`.
pub(in crate::render) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Returns a sentence with its whole numbers as [`number`] shows them.
pub(in crate::render) fn numbers(text: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(AROUND);
        match bare.parse() {
            Ok(n) if bare.bytes().all(|b| b.is_ascii_digit()) => word.replacen(bare, &number(n), 1),
            _ => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Returns `1 failure`, `2 failures`.
pub(in crate::render) fn count(n: u64, one: &str) -> String {
    let ending = match one.as_bytes().last() {
        _ if n == 1 => "",
        Some(b's' | b'h') => "es",
        _ => "s",
    };
    format!("{} {one}{ending}", number(n))
}

/// Returns a size as `812 B`, `96.4 kB`, `4.8 MB`.
pub(in crate::render) fn size(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut scaled = bytes as f64 / 1e3;
    let mut unit = 0;
    while scaled >= 999.95 && unit + 1 < units.len() {
        scaled /= 1e3;
        unit += 1;
    }
    format!("{scaled:.1} {}", units[unit])
}

/// Returns a share as `72.7%`, `100%`, `0.3%`.
pub(in crate::render) fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_shows_only_when_days_differ() {
        let period = |first: &str, last: &str| Period {
            first: Some(first.to_owned()),
            last: Some(last.to_owned()),
        };
        let day = Clock::of(&period("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z"));
        assert_eq!(day.show(Some("2026-11-20T10:31:00.120Z")), "10:31:00");
        let days = Clock::of(&period("2026-11-20T10:00:00Z", "2026-11-21T11:00:00Z"));
        assert_eq!(days.show(Some("2026-11-20T10:31:00Z")), "11-20 10:31:00");
        let range = days.range(Some("2026-11-20T10:31:00Z"), Some("2026-11-20T10:32:00Z"));
        assert_eq!(range, "11-20 10:31:00 to 10:32:00");
        assert_eq!(
            day.range(Some("2026-11-20T10:31:00Z"), Some("2026-11-20T10:31:00.5Z")),
            "10:31:00"
        );
        let years = Clock::of(&period("2026-12-31T10:00:00Z", "2027-01-01T11:00:00Z"));
        assert_eq!(years.show(Some("2026-12-31T10:31:00Z")), "2026-12-31 10:31:00");
        // A token that expired three years before: its clock time alone would read like today's.
        assert_eq!(day.show(Some("2023-11-14T22:13:20Z")), "2023-11-14 22:13:20");
        assert_eq!(days.show(Some("2025-11-20T10:31:00Z")), "2025-11-20 10:31:00");
        assert_eq!(days.show(None), "-");
        assert_eq!(days.show(Some("soon")), "soon");
    }

    #[test]
    fn instants_inside_a_sentence_are_shortened_too() {
        let day = Clock::of(&Period {
            first: Some("2026-11-20T10:00:00Z".into()),
            last: Some("2026-11-20T11:00:00Z".into()),
        });
        for (text, short) in [
            (
                "let in until 2026-11-20T10:31:00.620315Z, before",
                "let in until 10:31:00.620, before",
            ),
            (
                "from 2026-11-20T10:31:00Z to 2026-11-21T10:31:00Z",
                "from 10:31:00 to 2026-11-21 10:31:00",
            ),
            ("The Token of größeT1 Z", "The Token of größeT1 Z"),
            ("T2026-11-20T10:31Z and T", "T2026-11-20T10:31Z and T"),
        ] {
            assert_eq!(day.within(text), short);
        }
    }

    #[test]
    fn numbers_read_like_numbers() {
        assert_eq!([0, 999, 1_284, 1_000_000].map(number), ["0", "999", "1,284", "1,000,000"]);
        assert_eq!([0.727_27, 1.0, 0.003].map(percent), ["72.7%", "100%", "0.3%"]);
        assert_eq!([812, 96_412, 999_999].map(size), ["812 B", "96.4 kB", "1.0 MB"]);
        assert_eq!(count(1, "failure"), "1 failure");
        assert_eq!(count(2, "address"), "2 addresses");
    }
}
