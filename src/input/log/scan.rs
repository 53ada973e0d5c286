//! A place in a line: the few steps of which all line formats are made.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::input::har_entry::without_port;
use crate::model::{Exchange, Header};

/// What is left of a line; each step takes something off its front or leaves it as it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a>(pub(super) &'a str);

impl<'a> Rest<'a> {
    /// Takes `prefix` off.
    pub(super) fn literal(&mut self, prefix: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(prefix)?;
        Some(())
    }

    /// Takes a word without blanks, and the blanks after it.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        let end = self.0.find(' ').unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        if word.is_empty() {
            return None;
        }
        self.0 = rest.trim_start_matches(' ');
        Some(word)
    }

    /// Takes what stands between `open` and the next `close`, and the blanks after it.
    pub(super) fn between(&mut self, open: char, close: char) -> Option<&'a str> {
        let inside = self.0.strip_prefix(open)?;
        let end = inside.find(close)?;
        let (text, rest) = inside.split_at(end);
        self.0 = rest.get(close.len_utf8()..)?.trim_start_matches(' ');
        Some(text)
    }

    /// Takes a text in double quotes in which a quote is escaped by a backslash, and the blanks after
    /// it; still escaped.
    pub(super) fn quoted(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix('"')?;
        let mut from = 0;
        loop {
            let at = from + inside.get(from..)?.find(['"', '\\'])?;
            if inside.as_bytes().get(at) == Some(&b'"') {
                self.0 = inside.get(at + 1..)?.trim_start_matches(' ');
                return inside.get(..at);
            }
            // The escaped character may be of several bytes.
            let escaped = inside.get(at + 1..)?.chars().next()?;
            from = at + 1 + escaped.len_utf8();
        }
    }
}

/// Resolves the escapes of web servers (`\"`, `\\`, `\x22`, `\n`, `\t`); bytes that are no UTF-8 become
/// U+FFFD.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match (first, tail.split_first()) {
            (b'\\', Some((b'x', digits))) if hex(digits).is_some() => {
                (hex(digits).unwrap_or(first), digits.get(2..).unwrap_or_default())
            }
            (b'\\', Some((b'n', after))) => (b'\n', after),
            (b'\\', Some((b't', after))) => (b'\t', after),
            (b'\\', Some((b'r', after))) => (b'\r', after),
            (b'\\', Some((other, after))) => (*other, after),
            _ => (first, tail),
        };
        out.push(byte);
        rest = after;
    }
    Cow::Owned(match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// Returns the byte that the first two hexadecimal digits mean.
fn hex(digits: &[u8]) -> Option<u8> {
    let pair = std::str::from_utf8(digits.get(..2)?).ok()?;
    pair.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok())?
}

/// Returns a value unless it is the dash or the nothing by which web servers mean that there was none.
pub(super) fn said(text: &str) -> Option<&str> {
    (!text.is_empty() && text != "-").then_some(text)
}

/// Takes `GET /path HTTP/1.1` apart: method and target; a target may hold blanks, and HTTP/0.9 has no
/// version. Without a version the target must be a path or a URL: other protocols have words too.
pub(super) fn request_line(line: &str) -> Option<(&str, &str)> {
    let (method, rest) = line.split_once(' ')?;
    let known = !method.is_empty()
        && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-' || b == b'_');
    let target = match rest.rsplit_once(' ') {
        Some((target, version)) if version.starts_with("HTTP/") => target.trim_end_matches(' '),
        _ if method.bytes().any(|b| b.is_ascii_lowercase()) => return None,
        _ if rest.starts_with(['/', '*']) || rest.contains("://") => rest,
        _ => return None,
    };
    (known && !target.is_empty()).then_some((method, target))
}

/// Reads a status, 100 to 999; `Some(None)` for the dash, 0 and 000 by which some writers mean that there was none.
#[expect(clippy::option_option, reason = "no status is another thing than no column of a status")]
pub(super) fn status(word: &str) -> Option<Option<u16>> {
    match word {
        "-" | "0" | "000" | "-1" => Some(None),
        _ if word.len() == 3 => word.parse().ok().filter(|n| (100..1000).contains(n)).map(Some),
        _ => None,
    }
}

/// Returns the first address of a column: a port, brackets, a scheme and further hops are stripped.
pub(in crate::input) fn address(text: &str) -> Option<Cow<'_, str>> {
    let first = text.split(',').next().unwrap_or(text).trim();
    let first = first.split_once("://").map_or(first, |(_, rest)| rest);
    // A dual socket shows IPv4 clients as `::ffff:192.0.2.7`.
    let (inner, bracket) = first.strip_prefix('[').map_or((first, ""), |inner| (inner, "["));
    let mapped = inner.strip_prefix("::ffff:").filter(|rest| rest.contains('.'));
    let bare = match (mapped, bracket) {
        (Some(rest), "[") => without_port(Cow::Borrowed(rest.split(']').next()?)),
        (Some(rest), _) => without_port(Cow::Borrowed(rest)),
        _ => without_port(Cow::Borrowed(first)),
    };
    bare.split('%').next()?.parse::<IpAddr>().is_ok().then_some(bare)
}

/// Returns the node that a column names, its scheme and port stripped; `None` for a dash.
pub(super) fn node(text: &str) -> Option<Cow<'_, str>> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    said(bare).map(|bare| without_port(Cow::Borrowed(bare)))
}

/// Whether a word is a number as logs write counts and times: digits, a point, a sign before them.
pub(super) fn is_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a word is a count or the dash that stands for none.
pub(super) fn is_count(word: &str) -> bool {
    word == "-" || is_number(word)
}

/// Makes a field of a message.
pub(super) fn field<'a>(name: &'a str, value: impl Into<Cow<'a, str>>) -> Header<'a> {
    Header { name: Cow::Borrowed(name), value: value.into() }
}

/// Adds a reason unless the column says that there is none.
pub(super) fn reason<'a>(exchange: &mut Exchange<'a>, name: &'a str, text: &'a str) {
    if let Some(text) = said(text) {
        exchange.reasons.push((Cow::Borrowed(name), Cow::Borrowed(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_web_servers_are_resolved() {
        assert_eq!(unescape(r#"Bearer \x22a\x22 \"b\" \\c"#), r#"Bearer "a" "b" \c"#);
        assert_eq!(unescape(r"\xC3\xA9 \xFF"), "é \u{fffd}");
        assert_eq!(unescape(r"\xZZ\"), "xZZ\\");
    }

    #[test]
    fn blanks_before_the_version_are_no_part_of_the_target() {
        assert_eq!(request_line("GET /me  HTTP/2.0"), Some(("GET", "/me")));
        assert_eq!(request_line("GET /a b HTTP/1.1"), Some(("GET", "/a b")));
        assert_eq!(request_line("GET  HTTP/1.1"), None);
    }

    #[test]
    fn a_quoted_text_ends_at_the_first_quote_that_is_not_escaped() {
        let mut rest = Rest(r#""a \" b\\" next"#);
        assert_eq!(rest.quoted(), Some(r#"a \" b\\"#));
        assert_eq!(rest.0, "next");
        assert_eq!(Rest("\"open").quoted(), None);
        assert_eq!(Rest("\"open\\").quoted(), None);
    }

    #[test]
    fn an_address_loses_port_brackets_and_further_hops() {
        for (text, bare) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:443", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("tcp://192.0.2.7:80", "192.0.2.7"),
            ("192.0.2.7, 10.0.0.1", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:47414", "192.0.2.7"),
        ] {
            assert_eq!(address(text).as_deref(), Some(bare), "{text}");
        }
        assert_eq!(address("unix:1"), None);
        assert_eq!(address("-"), None);
    }

    #[test]
    fn a_request_line_may_have_blanks_in_its_target_and_no_version() {
        assert_eq!(request_line("GET /a b HTTP/1.1"), Some(("GET", "/a b")));
        assert_eq!(request_line("GET /a"), Some(("GET", "/a")));
        assert_eq!(
            request_line("CONNECT a.example:443 HTTP/1.1"),
            Some(("CONNECT", "a.example:443"))
        );
        assert_eq!(request_line("HELO a.example"), None);
        assert_eq!(request_line("\u{16}\u{3}"), None);
    }
}
