//! Values of options: times, spans, statuses, conditions. Every error says what was expected.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::complaint::Complaint;
use crate::desk::explain::{is_known, nearest_id};
use crate::desk::{BUCKETS, FailOn, GroupKey, Limits, Moment, SourceName, Statuses};
use crate::model::{At, Class, Seconds};

/// Which end of a day a bare date means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    First,
    Last,
}

/// Reads RFC 3339, `2026-11-20`, `2026-11-20T10:30` or `-3h`; times without a zone are in `zone`.
pub(super) fn moment(
    option: &str,
    text: &str,
    end: End,
    zone: Option<&TimeZone>,
) -> Result<Moment, Complaint> {
    if let Some(back) = text.strip_prefix('-') {
        return Ok(Moment::BeforeLatest(span(option, back)?));
    }
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    let in_zone = |local: DateTime| zone.to_ambiguous_timestamp(local).compatible().ok();
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| {
            let date = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten()?;
            match end {
                End::First => in_zone(date.at(0, 0, 0, 0)),
                End::Last => {
                    let next = in_zone(date.tomorrow().ok()?.at(0, 0, 0, 0))?;
                    next.checked_sub(SignedDuration::from_nanos(1)).ok()
                }
            }
        })
        .or_else(|| in_zone(text.parse().ok().filter(|_| text.len() > 10)?));
    let nanos = at.and_then(|at| i64::try_from(at.as_nanosecond()).ok());
    nanos.map(|nanos| Moment::At(At(nanos))).ok_or_else(|| {
        Complaint::new(format!("{option}: `{text}` is no time")).hint(
            "write 2026-11-20T10:30:00Z, 2026-11-20, or -3h for three hours before the latest",
        )
    })
}

/// Reads `90`, `30s`, `1.5h`, `500ms`.
pub(super) fn span(option: &str, text: &str) -> Result<Seconds, Complaint> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "" | "s" | "sec" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => f64::NAN,
    };
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let secs = number.parse::<f64>().ok().filter(|_| plain).map(|n| n * factor);
    secs.filter(|secs| secs.is_finite() && *secs < 1e10).map(Seconds).ok_or_else(|| {
        Complaint::new(format!("{option}: `{text}` is no span of time"))
            .hint("write a number and one of ms, s, m, h, d: 30s, 15m, 3h")
    })
}

/// Reads `auto` or one of the widths of [`BUCKETS`].
pub(super) fn bucket(text: &str) -> Result<Option<f64>, Complaint> {
    if text == "auto" {
        return Ok(None);
    }
    let named = BUCKETS.iter().find(|(name, _)| *name == text).map(|(_, secs)| *secs);
    named.map(Some).ok_or_else(|| {
        let names: Vec<&str> = BUCKETS.iter().map(|(name, _)| *name).collect();
        Complaint::new(format!("--bucket: `{text}` is no bucket width"))
            .hint(format!("the widths are auto, {}", names.join(", ")))
    })
}

/// Reads a year that an instant can be of.
pub(super) fn year(text: &str) -> Result<u16, Complaint> {
    // Instants are nanoseconds of 64 bits: they end in 2262.
    text.parse().ok().filter(|year| (1970..2262).contains(year)).ok_or_else(|| {
        Complaint::new(format!("--year: `{text}` is no year"))
            .hint("write it with four digits, such as 2026")
    })
}

/// Reads keys of `--group-by`, each once.
pub(super) fn group_keys(list: &[String]) -> Result<Vec<GroupKey>, Complaint> {
    let mut keys: Vec<GroupKey> = Vec::new();
    for text in list {
        let Some(key) = GroupKey::ALL.into_iter().find(|key| key.as_str() == text) else {
            let near = |key: &GroupKey| strsim::damerau_levenshtein(key.as_str(), text) <= 2;
            let hint = GroupKey::ALL.into_iter().find(near).map_or_else(
                || format!("the keys are {}", GroupKey::ALL.map(GroupKey::as_str).join(", ")),
                |key| format!("did you mean `{}`?", key.as_str()),
            );
            let complaint = Complaint::new(format!("--group-by: `{text}` is no key"));
            return Err(complaint.hint(hint));
        };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Reads `+02:00`, `+0200`, `+2`, `UTC`, `Z` or a name of the system's zone database.
pub(super) fn zone(text: &str) -> Result<TimeZone, Complaint> {
    if text.eq_ignore_ascii_case("utc") || text.eq_ignore_ascii_case("z") {
        return Ok(TimeZone::UTC);
    }
    offset(text).map(TimeZone::fixed).or_else(|| TimeZone::get(text).ok()).ok_or_else(|| {
        Complaint::new(format!("--tz: `{text}` is no known zone"))
            .hint("write an offset such as +02:00, or a name such as Europe/Paris")
    })
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let digit = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 2;
    if !digit(hours) || !digit(minutes) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let valid = hours <= 25 && minutes < 60;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok().filter(|_| valid)
}

/// Reads `401`, `4xx`, `400-499`, `none`.
pub(super) fn statuses(text: &str) -> Result<Statuses, Complaint> {
    let number = |text: &str| {
        let digits = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|n| digits && *n >= 100)
    };
    let read = || {
        if text == "none" {
            return Some(Statuses::Missing);
        }
        if let Some(hundreds) = text.to_ascii_lowercase().strip_suffix("xx") {
            let hundreds = hundreds.parse::<u16>().ok().filter(|n| (1..=9).contains(n))? * 100;
            return Some(Statuses::Between(hundreds, hundreds + 99));
        }
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let (from, to) = (number(from)?, number(to)?);
        (from <= to).then_some(Statuses::Between(from, to))
    };
    read().ok_or_else(|| {
        Complaint::new(format!("--status: `{text}` is no status"))
            .hint("write 401, 4xx, 400-499, or none for exchanges without one")
    })
}

/// Reads classes; `all` stands for each of them.
pub(super) fn classes(list: &[String]) -> Result<Vec<Class>, Complaint> {
    let mut classes = Vec::new();
    for text in list {
        match Class::ALL.into_iter().find(|class| class.as_str() == text) {
            Some(class) => classes.push(class),
            None if text == "all" => classes.extend(Class::ALL),
            None => {
                return Err(Complaint::new(format!("--class: `{text}` is no class"))
                    .hint("the classes are ok, failure, expected, lookalike, and all"));
            }
        }
    }
    classes.sort_unstable();
    classes.dedup();
    Ok(classes)
}

/// Reads a cause id or a family. With dialects of the user's, any well-formed id may exist.
pub(super) fn cause(option: &str, text: &str, own_dialects: bool) -> Result<String, Complaint> {
    if is_known(text) || own_dialects && text.contains('.') {
        return Ok(text.to_owned());
    }
    let complaint = Complaint::new(format!("{option}: `{text}` is neither a cause nor a family"));
    Err(complaint.hint(match nearest_id(text) {
        Some(id) => format!("did you mean `{id}`?"),
        None => "`authopsy explain` lists every cause".to_owned(),
    }))
}

/// Reads `any`, a cause, a family, `5%`.
pub(super) fn fail_on(text: &str, own_dialects: bool) -> Result<FailOn, Complaint> {
    match (text, text.strip_suffix('%')) {
        ("any", _) => Ok(FailOn::Any),
        ("new", _) => Err(Complaint::new("--fail-on new: not built yet")),
        (_, Some(number)) => {
            let percent = number.parse().ok().filter(|n| (0.0..=100.0).contains(n));
            percent.map(FailOn::Percent).ok_or_else(|| {
                Complaint::new(format!("--fail-on: `{text}` is no share")).hint("write 0% to 100%")
            })
        }
        _ => Ok(FailOn::Cause(cause("--fail-on", text, own_dialects)?)),
    }
}

/// Reads `NAME` or `NAME:FIRST_LINE`.
pub(super) fn source(text: &str) -> Result<SourceName, Complaint> {
    let (name, first_line) = match text.rsplit_once(':') {
        Some((name, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => {
            (name, line.parse().ok().filter(|line| *line > 0))
        }
        _ => (text, None),
    };
    if name.is_empty() || first_line.is_none() && name.len() < text.len() {
        return Err(Complaint::new(format!("--source: `{text}` is no NAME or NAME:FIRST_LINE"))
            .hint("lines count from 1: --source access.log:50001"));
    }
    Ok(SourceName { name: name.to_owned(), first_line })
}

/// Reads `FIELD=PATH`.
pub(super) fn mapping(text: &str) -> Result<(String, String), Complaint> {
    match text.split_once('=') {
        Some((field, path)) if !field.trim().is_empty() && !path.trim().is_empty() => {
            Ok((field.trim().to_owned(), path.trim().to_owned()))
        }
        _ => Err(Complaint::new(format!("--map: `{text}` is not FIELD=PATH"))
            .hint("write --map status=http.code,path=request.uri")),
    }
}

/// Reads a size such as `512MB`, `1.5G` (both in powers of 1,000), `512MiB` (of 1,024), or bytes.
pub(super) fn memory(text: &str) -> Result<Limits, Complaint> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "ki" | "kib" => 1024.0,
        "mi" | "mib" => 1_048_576.0,
        "gi" | "gib" => 1_073_741_824.0,
        "ti" | "tib" => 1_099_511_627_776.0,
        _ => f64::NAN,
    };
    let number = number.trim_end();
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let size = number.parse::<f64>().ok().filter(|_| plain).map(|n| n * factor);
    let Some(size) = size.filter(|size| size.is_finite() && *size < 1e18) else {
        return Err(Complaint::new(format!("--max-memory: `{text}` is no size"))
            .hint("write a number and a unit: 512MB, 512MiB, 2GB"));
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number below 2^63"
    )]
    let limits = Limits::of(size as u64);
    limits.ok_or_else(|| {
        let least = Limits::LEAST >> 20;
        Complaint::new(format!("--max-memory: {text} is too little, the least is {least}MiB"))
    })
}

/// Reads a whole number from 1 on.
pub(super) fn positive(option: &str, text: &str) -> Result<std::num::NonZeroUsize, Complaint> {
    text.parse()
        .map_err(|_| Complaint::new(format!("{option}: `{text}` is no whole number from 1 on")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, end: End) -> String {
        match moment("--since", text, end, None).unwrap() {
            Moment::At(at) => at.to_string(),
            Moment::BeforeLatest(by) => format!("-{by}"),
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expected) in [
            ("2026-11-20T10:30:00Z", "2026-11-20T10:30:00Z"),
            ("2026-11-20T10:30:00.5+02:00", "2026-11-20T08:30:00.500Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T10:30", "2026-11-20T10:30:00Z"),
            ("2026-11-20 10:30:05", "2026-11-20T10:30:05Z"),
            ("-3h", "-3 h"),
            ("-90", "-1 m 30 s"),
        ] {
            assert_eq!(at(text, End::First), expected, "{text}");
        }
        assert_eq!(at("2026-11-20", End::Last), "2026-11-20T23:59:59.999999999Z");
    }

    #[test]
    fn a_local_time_is_in_the_zone_given() {
        let zone = zone("+02:00").unwrap();
        let moment = moment("--since", "2026-11-20", End::First, Some(&zone)).unwrap();
        assert_eq!(moment, Moment::At(At::from_secs(1_795_132_800 - 7200)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "yesterday", "2026-13-01", "20261120", "-3x", "--3h", "-", "-1e3s", "-nans"]
        {
            assert!(moment("--since", text, End::First, None).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets_come_in_three_forms() {
        for text in ["+02:00", "+0200", "+2", "+02"] {
            assert_eq!(zone(text).unwrap().to_fixed_offset().unwrap().seconds(), 7200, "{text}");
        }
        assert_eq!(zone("-05:30").unwrap().to_fixed_offset().unwrap().seconds(), -19_800);
        for text in ["+", "+2:0", "+99", "+1:60", "Nowhere/Land", "++2"] {
            assert!(zone(text).is_err(), "{text}");
        }
    }

    #[test]
    fn statuses_come_alone_in_hundreds_and_in_runs() {
        assert_eq!(statuses("401"), Ok(Statuses::Between(401, 401)));
        assert_eq!(statuses("4XX"), Ok(Statuses::Between(400, 499)));
        assert_eq!(statuses("400-403"), Ok(Statuses::Between(400, 403)));
        assert_eq!(statuses("none"), Ok(Statuses::Missing));
        for text in ["", "4", "99", "403-400", "0xx", "4x", "+401"] {
            assert!(statuses(text).is_err(), "{text}");
        }
    }

    #[test]
    fn group_keys_stand_once_and_a_near_one_is_offered() {
        let list = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        let keys = group_keys(&list(&["host", "cause", "host"])).unwrap();
        assert_eq!(keys, [GroupKey::Host, GroupKey::Cause]);
        let complaint = group_keys(&list(&["hosts"])).unwrap_err();
        assert_eq!(complaint.hint.as_deref(), Some("did you mean `host`?"));
        assert!(group_keys(&list(&["weather"])).unwrap_err().hint.unwrap().contains("endpoint"));
    }

    #[test]
    fn a_source_may_end_in_a_line_number() {
        assert_eq!(
            source("a.log:7").unwrap(),
            SourceName { name: "a.log".into(), first_line: Some(7) }
        );
        assert_eq!(source("s3://a/b").unwrap().name, "s3://a/b");
        assert!(source("a.log:0").is_err() && source("").is_err() && source(":7").is_err());
    }

    #[test]
    fn sizes_come_in_powers_of_ten_and_of_two_and_too_small_ones_name_the_least() {
        for (text, bytes) in [
            ("512MB", 512_000_000),
            ("512MiB", 512 << 20),
            ("1G", 1_000_000_000),
            ("1.5gib", 3 << 29),
            ("67108864", 64 << 20),
            ("2 GB", 2_000_000_000),
        ] {
            assert_eq!(memory(text).unwrap().bytes(), Some(bytes), "{text}");
        }
        for text in ["", "MB", "-1G", "1e9", "12X", "lots", "1.2.3G", "99999999999T"] {
            assert!(memory(text).unwrap_err().hint.is_some(), "{text}");
        }
        for text in ["0", "1MB", "64MB", "67108863"] {
            assert!(memory(text).unwrap_err().message.contains("64MiB"), "{text}");
        }
    }

    #[test]
    fn a_cause_nearby_is_offered() {
        let complaint = cause("--cause", "tme.expird", false).unwrap_err();
        assert_eq!(complaint.hint.as_deref(), Some("did you mean `time.expired`?"));
        assert!(cause("--cause", "acme.frozen", true).is_ok());
        assert_eq!(fail_on("header", false), Ok(FailOn::Cause("header".into())));
        assert!(fail_on("101%", false).is_err() && fail_on("-1%", false).is_err());
    }
}
