//! Times that a message prints: the server's own, and those of the token as the server saw it.

use std::sync::LazyLock;

use crate::model::{At, Told};

use super::pattern::{Caught, Pattern};

/// Words without which a message prints no time of interest; each is a part, so that its case and the
/// letters around it do not matter.
const TELLTALES: [&str; 16] = [
    "xpir",
    "urrent",
    "erver",
    "now ",
    "Now",
    "efore",
    "prior",
    "alid",
    "arly",
    "still",
    " late",
    "skew",
    "current",
    "ifference",
    "服务器",
    "当前",
];
/// What says that a time without a zone is UTC; the last two are how ASP.NET Core writes it in its
/// challenge (`JwtBearerHandler`, `CreateErrorDescription`).
const UTC: [&str; 4] = ["UTC", "GMT", "The token expired at '", "The token is not valid before '"];
/// Longer texts are pages, not messages.
const LONGEST: usize = 2_000;

/// What one message prints.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Printed {
    /// The server's clock.
    pub(super) now: Option<At>,
    /// The token's times.
    pub(super) told: Told,
}

/// A time in any of the forms that messages use.
const TIME: &str = r"(?:\d{4}-\d\d-\d\d[T\x20_]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:\x20?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?(?:\x20UTC)?|\d{8}T\d{6}Z|[A-Z][a-z]{2},\x20\d\d?[\x20-][A-Z][a-z]{2}[\x20-]\d{4}\x20\d\d:\d\d:\d\d\x20(?:GMT|UTC|[+-]\d{4})|[A-Z][a-z]{2}\x20[A-Z][a-z]{2}\x20\d\d?\x20\d\d:\d\d:\d\d\x20(?:UTC|GMT|Z)\x20\d{4}|\d\d?/\d\d?/\d{4}\x20\d\d?:\d\d:\d\d(?:\x20[AP]M)?|\b1\d{9}(?:\d{3})?(?:\.\d+)?\b)";
/// A span: `1m3s`, `1h2m3.5s`, `200000 milliseconds`, `5 minutes`.
const SPAN: &str = r"(?:(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?m?s\b|\d+h\d+m\b|\d+(?:\.\d+)?\x20?(?:milliseconds?|millis|ms|seconds?|secs?|minutes?|mins?|hours?|days?)\b)";

/// Reads what a message prints of times; nothing where it prints none.
///
/// A time without a zone counts only where the message says that it is UTC: a server that prints its
/// local time would else be hours off.
pub(super) fn read(text: &str) -> Printed {
    let mut printed = Printed::default();
    let dull = text.len() > LONGEST || !text.bytes().any(|b| b.is_ascii_digit());
    if dull || !TELLTALES.iter().any(|part| text.contains(part)) {
        return printed;
    }
    let patterns = &*PATTERNS;
    let utc = UTC.iter().any(|words| text.contains(words));
    let time = |pattern: &Pattern| instant(pattern.captures(text)?.name("time")?, utc);
    printed.now = time(&patterns.now);
    // `Signature expired: 20261123T015800Z` is the time of a signed request.
    if !text.contains("ignature expired") && !text.contains("ignature not yet") {
        printed.told.exp = time(&patterns.exp);
        printed.told.start = time(&patterns.start);
    }
    if let Some(caught) = patterns.compared.captures(text) {
        compare(&caught, &mut printed);
    }
    let span = |pattern: &Pattern| millis(pattern.captures(text)?.name("span")?);
    printed.told.late_ms = span(&patterns.late);
    printed.told.early_ms = span(&patterns.early);
    if let (Some(now), None) = (printed.now, printed.told.late_ms)
        && let (Some(exp), Some(difference)) = (printed.told.exp, span(&patterns.difference))
        && now >= exp
    {
        printed.told.late_ms = Some(difference);
    }
    printed
}

/// `Token used too late, NOW > EXP` and `Token used too early, NOW < IAT`, in seconds since 1970.
fn compare(caught: &Caught<'_>, printed: &mut Printed) {
    let time = |name| caught.name(name).and_then(|text| instant(text, true));
    let (Some(left), Some(right)) = (time("left"), time("right")) else { return };
    let early = caught.name("way").is_some_and(|way| way.eq_ignore_ascii_case("early"));
    let expired = caught.name("way").is_some_and(|way| way.eq_ignore_ascii_case("expired"));
    // `Token expired, EXP < NOW` stands the other way round.
    let (now, claim) = if expired && left < right { (right, left) } else { (left, right) };
    printed.now = Some(now);
    if early {
        printed.told.start = Some(claim);
    } else {
        printed.told.exp = Some(claim);
    }
}

struct Patterns {
    now: Pattern,
    exp: Pattern,
    start: Pattern,
    compared: Pattern,
    late: Pattern,
    early: Pattern,
    difference: Pattern,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let of = |text: &str| {
        let text = text.replace("TIME", &format!("(?P<time>{TIME})")).replace("SPAN", SPAN);
        // They say themselves where the case does not matter; of these letters one stands in a class.
        Pattern::with_others(format!("(?-i){text}"), &['：'])
    };
    Patterns {
        now: of(
            r#"(?:(?i:current[\s_-]*(?:server|utc|system|epoch|unix)?[\s_-]*time(?:stamp)?|server[\s'_.-]*s?[\s_-]*time(?:stamp)?|the time now|\bnow)(?i:\s*\(utc\))?(?i:\s+(?:is|was))?|(?i:now\s+earlier|still\s+later)\s+than\s+\d{8}T\d{6}Z|服务器(?:当前|系统)?时间(?:为|是)?|当前(?:服务器|系统)?时间(?:为|是)?)[\s:：='"(\[<>]*TIME"#,
        ),
        exp: of(
            r#"(?:(?i:\b(?:token|jwt|assertion|credentials?|session|it)\b[^0-9.]{0,24}\b(?:has\s+)?expired|\bexpired|\bexpiry(?:[\s_-]*time)?(?:\s+of\s+(?:the\s+)?assertion)?|\bexpiration(?:[\s_-]*(?:time|date))?|\bexp|\bvalid[\s_]*to|\bvalid until|\bexpires)(?i:\s*\(utc\))?(?:\s+SPAN\s+ago)?(?i:\s+(?:on|at|since|is|was|time|date|of))?[\s:='"(\[]*)TIME"#,
        ),
        start: of(
            r#"(?:(?i:\bbefore(?:\s+the\s+nbf(?:\s*\(not before\))?(?:\s*time)?)?|\bprior\s+to|\bvalid[\s_]*from|\bnot[\s_-]*before|\bnbf|\biat|\bissued\s+at)(?i:\s*\(utc\))?[\s:='"(\[]*)TIME"#,
        ),
        compared: of(
            r"(?i)(?P<way>late|early|expired)\W{1,3}(?P<left>1\d{9})\s*[<>]=?\s*(?P<right>1\d{9})\b",
        ),
        late: of(r"(?i:expired)\s+(?:(?i:by|for|since)\s+)?(?:about\s+)?(?P<span>SPAN)"),
        early: of(
            r"(?i:early\s+by|before\s+its\s+time\s+by|used\s+before\s+issued\s+by|not\s+valid\s+(?:yet\s+)?for|valid\s+in)\s+(?:another\s+)?(?P<span>SPAN)",
        ),
        difference: of(r"(?i:difference\s+of)\s+(?P<span>SPAN)"),
    }
});

/// Reads a time; without a zone only where `utc` says which one it is.
pub(super) fn instant(text: &str, utc: bool) -> Option<At> {
    use jiff::civil::DateTime;
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        let number: f64 = text.parse().ok()?;
        let secs = if number >= 1e11 { number / 1e3 } else { number };
        return Some(At::from_secs_f64(secs));
    }
    let of = |nanos: i128| i64::try_from(nanos).ok().map(At);
    let unified = text.replacen(',', ".", usize::from(!text.starts_with(char::is_alphabetic)));
    let bare = unified.trim_end_matches(" UTC").trim_end_matches(" GMT");
    let zoneless = bare
        .trim_end_matches('Z')
        .trim_end_matches(" +0000")
        .trim_end_matches("+0000")
        .trim_end_matches("+00:00")
        .trim_end();
    // `2026-11-20T10:32:15+01:00` and `... +0100`.
    let offset_at = bare.len().checked_sub(6).filter(|_| bare.len() > 19);
    if zoneless.len() == bare.len() && offset_at.is_some() {
        let stamp: Option<jiff::Timestamp> =
            bare.replacen(' ', "T", 1).replace(' ', "").parse().ok();
        if let Some(stamp) = stamp {
            return of(stamp.as_nanosecond());
        }
    }
    if let Ok(stamp) = jiff::fmt::rfc2822::parse(text) {
        return of(stamp.timestamp().as_nanosecond());
    }
    let told = utc || zoneless.len() != text.len();
    for format in [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%d_%H:%M:%S%.f",
        "%Y%m%dT%H%M%S",
        "%m/%d/%Y %I:%M:%S %p",
        "%m/%d/%Y %H:%M:%S",
        "%a %b %d %H:%M:%S UTC %Y",
        "%a %b %d %H:%M:%S GMT %Y",
    ] {
        if told && let Ok(time) = DateTime::strptime(format, zoneless) {
            let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            return of(zoned.timestamp().as_nanosecond());
        }
    }
    None
}

/// Reads a span as milliseconds.
fn millis(text: &str) -> Option<i64> {
    let mut total = 0.0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let number: f64 = number.parse().ok()?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let unit = unit.to_ascii_lowercase();
        total += number
            * match unit.as_str() {
                "ms" | "millis" => 1.0,
                u if u.starts_with("milli") => 1.0,
                u if u.starts_with('s') => 1e3,
                u if u.starts_with('m') => 6e4,
                u if u.starts_with('h') => 3.6e6,
                u if u.starts_with('d') => 8.64e7,
                _ => return None,
            };
        rest = after.trim_start();
    }
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    (total.is_finite()).then_some(total.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T10:32:15Z.
    const T: i64 = 1_795_170_735;

    fn now(text: &str) -> Option<i64> {
        read(text).now.map(|at| at.0 / 1_000_000_000)
    }

    #[test]
    fn the_clock_of_the_server_is_read_in_every_form() {
        for text in [
            "Signature expired: 20261120T101715Z is now earlier than 20261120T102715Z (20261120T103215Z - 5 min.)",
            "Signature not yet current: 20261120T111715Z is still later than 20261120T103715Z (20261120T103215Z + 5 min.)",
            "JWT expired at 2026-11-20T10:30:00Z. Current time: 2026-11-20T10:32:15Z, a difference of 135000 milliseconds.",
            "oidc: current time 2026-11-20 10:32:15 +0000 UTC before the nbf (not before) time: 2026-11-20 10:40:00 +0000 UTC",
            "Server time: Fri, 20 Nov 2026 10:32:15 GMT",
            "IDX10223: Lifetime validation failed. The token is expired. ValidTo (UTC): '11/20/2026 10:30:00', Current time (UTC): '11/20/2026 10:32:15'.",
            "IDX10222: The token is not yet valid. ValidFrom (UTC): '11/20/2026 10:40:00 AM', Current time (UTC): '11/20/2026 10:32:15 AM'.",
            "AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-11-20T10:32:15.1234567Z, assertion valid from 2026-11-20T09:00:00Z, expiry time of assertion 2026-11-20T10:00:00Z.",
            "Token used too late, 1795170735 > 1795170000",
            "Token used too early, 1795170735 < 1795170800. Check that your computer's clock is set correctly.",
            "Token expired, 1795170000 < 1795170735",
            "timestamp is too old, the current time is 2026-11-20T11:32:15+01:00",
            "the server time is 1795170735123",
            "Signature expired, request.timestamp:1795170000, server.timestamp:1795170735",
            "签名已过期，服务器时间：1795170735，请求时间：1795170000",
            "时间戳过期，当前时间为 2026-11-20T10:32:15Z",
        ] {
            assert_eq!(now(text), Some(T), "{text}");
        }
    }

    #[test]
    fn other_times_are_not_the_servers() {
        for text in [
            "Jwt expired at 2026-11-20T10:32:15Z",
            "your session expired on 2026-11-20T10:32:15Z, please log in",
            "try again after 2026-11-20T10:32:15Z",
            "order 1795170735 is not valid now",
            "token is expired by 1m3s",
            "Signature expired, request.timestamp:1795170735",
            "签名已过期，请求时间：1795170735",
        ] {
            assert_eq!(now(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_no_clock() {
        assert_eq!(now("Current time: 2026-11-20 10:32:15"), None);
        assert_eq!(now("Current time: 2026-11-20 10:32:15 UTC"), Some(T));
    }

    #[test]
    fn the_end_of_the_token_as_the_server_saw_it_is_read() {
        for text in [
            "Jwt expired at 2026-11-20T10:32:15Z",
            "The token expired at '11/20/2026 10:32:15'",
            "JWT expired 135000 milliseconds ago at 2026-11-20T10:32:15.000Z. Current time: 2026-11-20T10:34:30.000Z. Allowed clock skew: 0 milliseconds.",
            "The Token has expired on 2026-11-20T10:32:15Z.",
            "oidc: token is expired (Token Expiry: 2026-11-20 10:32:15 +0000 UTC)",
            "Lifetime validation failed. ValidTo (UTC): '11/20/2026 10:32:15', Current time (UTC): '11/20/2026 10:35:00'.",
            "Token used too late, 1795170900 > 1795170735",
            "Token expired, 1795170735 < 1795170900",
        ] {
            let told = read(text).told;
            assert_eq!(told.exp, Some(At::from_secs(T)), "{text}");
        }
        let request = "Signature expired: 20261120T103215Z is now earlier than 20261120T103500Z (20261120T105000Z - 15 min.)";
        assert_eq!(read(request).told, Told::default());
    }

    #[test]
    fn the_start_of_the_token_as_the_server_saw_it_is_read() {
        for text in [
            "JWT must not be accepted before 2026-11-20T10:32:15Z. Current time: 2026-11-20T10:30:00Z",
            "Jwt used before 2026-11-20T10:32:15Z",
            "The token is not valid before '11/20/2026 10:32:15'",
            "Cannot handle token with iat prior to 2026-11-20T10:32:15+0000",
            "The Token can't be used before 2026-11-20T10:32:15Z.",
            "JWT early by 135000 milliseconds before 2026-11-20T10:32:15Z. Current time: 2026-11-20T10:30:00Z",
            "Token used too early, 1795170600 < 1795170735",
        ] {
            assert_eq!(read(text).told.start, Some(At::from_secs(T)), "{text}");
        }
    }

    #[test]
    fn spans_are_read_in_every_unit() {
        for (text, late) in [
            ("token is expired by 1m3s", Some(63_000)),
            ("token is expired by 1h2m3.5s", Some(3_723_500)),
            ("token is expired by 350ms", Some(350)),
            ("JWT expired 1234 milliseconds ago at 2026-11-20T10:32:15Z", Some(1_234)),
            ("expired 5 minutes ago", Some(300_000)),
            (
                "JWT expired at 2026-11-20T10:30:00Z. Current time: 2026-11-20T10:32:15Z, a difference of 135000 milliseconds.",
                Some(135_000),
            ),
            ("token expires in 5 minutes", None),
            ("token is expired", None),
        ] {
            assert_eq!(read(text).told.late_ms, late, "{text}");
        }
        assert_eq!(read("JWT early by 1200 milliseconds before").told.early_ms, Some(1_200));
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_it(text in "(expired|Current time: |by |[0-9]{1,14}|[:TZ+ ./-]|[a-zµ中]){0,24}") {
            let _ = read(&text);
            let _ = (millis(&text), instant(&text, true));
        }
    }
}
