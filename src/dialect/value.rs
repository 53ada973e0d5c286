//! Values that messages name: what was expected, and times.

use std::sync::LazyLock;

use crate::model::At;

use super::pattern::Pattern;

static EXPECTED: LazyLock<Pattern> = LazyLock::new(|| {
    Pattern::with_others(
        r#"(?ix)
        (?: \bexpect(?:ed|ing|s)? (?: \s+ (?:issuer|audience|iss|aud|value|one\s+of|algorithm|type|claim|scope|to\s+be|is) )* \s* :? \s*
          | \b(?:must|should) \s+ be (?: \s+ (?:one\s+of|equal\s+to) )? \s* :? \s*
          | \brequire[sd]? \s+ (?:the\s+)? (?:scopes?|roles?|permissions?|audience|claim|algorithm) \s* :? \s*
          | \b(?:required|allowed|supported) (?: \s+ (?:scopes?|roles?|permissions?|audiences?|algorithms?) )? \s* :\s* )
        (?: ["'`“\[<] \s* (?P<quoted> [^"'`”\]>]{1,120} ) ["'`”\]>]
          | (?P<bare> [A-Za-z0-9][A-Za-z0-9:/._~@-]*[A-Za-z0-9/_] ) )"#,
        &['“', '”'],
    )
});

/// Takes the expected value out of `expected: X`, `Expected 'X', received 'Y'`, `must be X`, `requires scope "X"`.
pub(super) fn expected_in(text: &str) -> Option<String> {
    let lower_hit =
        ["xpect", "must be", "should be", "require", "allowed"].iter().any(|w| text.contains(w));
    if !lower_hit {
        return None;
    }
    let caught = EXPECTED.captures(text)?;
    if let Some(quoted) = caught.name("quoted") {
        return Some(quoted.trim_matches(['"', '\'', ' ']).to_owned());
    }
    let bare = caught.name("bare")?;
    // A bare word is a value only when no prose looks like it.
    let value = bare.contains(['/', ':', '.', '_']) || bare.chars().any(|c| c.is_ascii_digit());
    (value && bare.len() >= 3).then(|| bare.to_owned())
}

/// Reads a time in the forms that messages use: RFC 3339, ISO basic, HTTP date, epoch.
pub(super) fn time_in(text: &str) -> Option<At> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let secs = if number >= 1e11 { number / 1e3 } else { number };
        return (secs >= 1e9).then(|| At::from_secs_f64(secs));
    }
    let at = |stamp: jiff::Timestamp| i64::try_from(stamp.as_nanosecond()).ok().map(At);
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return at(stamp);
    }
    for format in [
        "%a, %d %b %Y %H:%M:%S GMT",
        "%Y%m%dT%H%M%SZ",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%m/%d/%Y %H:%M:%S",
    ] {
        let plain = text.trim_end_matches(" +0000").trim_end_matches(" UTC");
        if let Ok(time) = jiff::civil::DateTime::strptime(format, plain) {
            return at(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expected_values_are_found() {
        for (text, value) in [
            ("jwt audience invalid. expected: https://api.example.com", "https://api.example.com"),
            ("Invalid audience. Expected api-1, received web", "api-1"),
            (r#"expected issuer "https://a", got "b""#, "https://a"),
            ("Invalid token issuer. Expected 'http://a' but was 'b'", "http://a"),
            ("JWT iss claim has value https://a, must be https://b", "https://b"),
            (r#"Access to this resource requires scope "write"."#, "write"),
        ] {
            assert_eq!(expected_in(text).as_deref(), Some(value), "{text}");
        }
        for text in [
            "an authentication scheme was expected here",
            "The token must be refreshed",
            "login required",
        ] {
            assert_eq!(expected_in(text), None, "{text}");
        }
    }
}
