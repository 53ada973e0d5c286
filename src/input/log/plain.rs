//! The plainest lines of the combined log format, read without a detour.
//!
//! Nearly all lines of a web server's log are of this form, and no other format takes them: the formats
//! that stand before it want another beginning than an IPv4 address. What is read here is what
//! [`super::read`] makes of the line; whatever looks odd is left to it.

use memchr::{memchr, memchr2};

use super::clf::COMBINED;
use crate::input::clock::parse_time;
use crate::model::{AccessLine, Position, Time};

/// Bytes of `23/Nov/2026:02:29:33 +0000`.
const STAMP: usize = 26;

/// Longest end of a line that is compared with that of the next one.
const LONGEST_TAIL: usize = 512;

/// What was read last: neighbours share their time, and often their user agent. It changes the speed of
/// reading, never its result.
#[derive(Clone, Debug, Default)]
pub(in crate::input) struct Recent {
    time: Option<([u8; STAMP], Time)>,
    /// What followed the link of a plain line.
    tail: Vec<u8>,
}

impl Recent {
    fn time(&mut self, stamp: &[u8]) -> Option<Time> {
        if let Some((known, time)) = &self.time
            && known == stamp
        {
            return Some(*time);
        }
        let shaped = stamp.iter().enumerate().all(|(at, b)| match at {
            2 | 6 => *b == b'/',
            11 | 14 | 17 => *b == b':',
            20 => *b == b' ',
            21 => matches!(b, b'+' | b'-'),
            3..=5 => b.is_ascii_alphabetic(),
            _ => b.is_ascii_digit(),
        });
        let text = std::str::from_utf8(stamp).ok().filter(|_| shaped)?;
        let time = parse_time(text)?;
        self.time = Some((stamp.try_into().ok()?, time));
        Some(time)
    }

    /// Returns the user agent in ` "user agent"`, the end of a line.
    fn agent<'a>(&mut self, tail: &'a [u8]) -> Option<&'a [u8]> {
        let agent = tail.strip_prefix(b" \"")?.strip_suffix(b"\"")?;
        if self.tail != tail {
            (is_bare(agent) && memchr(b'"', agent).is_none()).then_some(())?;
            self.tail.clear();
            if tail.len() <= LONGEST_TAIL {
                self.tail.extend_from_slice(tail);
            }
        }
        Some(agent)
    }
}

/// Reads a plain line; `None` for all others, whatever they are.
///
/// It goes from left to right and looks for one end at a time: the fields are short, and what ends one
/// is known. All is printable ASCII; the end, which neighbours share, is looked through once.
pub(in crate::input) fn read<'a>(
    line: &'a [u8],
    position: Position,
    recent: &mut Recent,
) -> Option<AccessLine<'a>> {
    let client = address(line)?;
    let open = client + memchr(b'"', line.get(client..)?)? + 1;
    let (method, target, rest) = request(line.get(open..)?)?;
    let (status, rest) = status(rest)?;
    let (referer, tail) = rest.split_at_checked(memchr(b'"', rest)?)?;
    let agent = recent.agent(tail.get(1..)?)?;
    let before = line.get(..line.len().checked_sub(tail.len())?)?;
    let link = referer == b"-" || referer.starts_with(b"http");
    // As one text: short ones cost as much each.
    let text = std::str::from_utf8(before).ok().filter(|_| link && is_bare(before))?;
    let (head, request) = text.split_at_checked(open)?;
    let (client_ip, rest) = head.split_at_checked(client)?;
    let (user, rest) = user(rest.strip_prefix(" - ")?)?;
    let stamp = rest.strip_prefix(" [")?.strip_suffix("] \"")?;
    let time = recent.time(stamp.as_bytes())?;
    let method = request.get(..method.len())?;
    let target = request.get(method.len() + 1..)?.get(..target.len())?;
    let format = COMBINED.name;
    Some(AccessLine {
        position,
        time,
        format,
        client_ip,
        user,
        method,
        target,
        status,
        referer,
        agent,
    })
}

/// Returns whether all bytes are printable ASCII and none is a backslash; no branch, so that the
/// compiler compares in vectors.
fn is_bare(line: &[u8]) -> bool {
    let odd = |b: &u8| u8::from(b.wrapping_sub(b' ') > b'~' - b' ') | u8::from(*b == b'\\');
    line.iter().fold(0, |any, b| any | odd(b)) == 0
}

/// Returns the length of the IPv4 address that a line starts with and a blank ends, as
/// [`Ipv4Addr`](std::net::Ipv4Addr) has it: no number over 255, none with a zero in front.
fn address(line: &[u8]) -> Option<usize> {
    let mut at = 0;
    for end in *b"... " {
        at += number(line.get(at..)?)?;
        (*line.get(at)? == end).then_some(())?;
        at += 1;
    }
    at.checked_sub(1)
}

/// Returns the length of the number up to 255 that a text starts with.
fn number(text: &[u8]) -> Option<usize> {
    let digit = |at| text.get(at).map(|b: &u8| b.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    match (digit(0)?, digit(1), digit(2)) {
        (_, None, _) => Some(1),
        (1..=9, Some(_), None) => Some(2),
        (1, Some(_), Some(_)) | (2, Some(0..=4), Some(_)) | (2, Some(5), Some(0..=5)) => Some(3),
        _ => None,
    }
}

/// Splits `user [`: a word that is no other format's.
fn user(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().position(|b| matches!(b, b' ' | b':' | b'"'))?;
    let (user, rest) = text.split_at_checked(end)?;
    (end > 0 && rest.starts_with(' ')).then_some((user, rest))
}

/// Splits `GET /path HTTP/1.1" ` into method, target and what follows the quote.
fn request(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let end = text.iter().position(|b| !b.is_ascii_uppercase()).filter(|end| *end > 0)?;
    let (method, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(b" ")?;
    let (target, rest) = rest.split_at_checked(memchr2(b' ', b'"', rest)?)?;
    let version = rest.strip_prefix(b" HTTP/")?;
    // `1.1`, `2.0`: all others are rare.
    let rest = if let [b'0'..=b'9', b'.', b'0'..=b'9', b'"', rest @ ..] = version {
        rest
    } else {
        let end = version.iter().position(|b| matches!(b, b' ' | b'"'))?;
        version.get(end..)?.strip_prefix(b"\"")?
    };
    (!target.is_empty()).then_some((method, target, rest))
}

/// Splits ` 200 512 "`, with a dash for the number of bytes.
fn status(text: &[u8]) -> Option<(u16, &[u8])> {
    let &[b' ', a @ b'1'..=b'9', b, c, b' ', ref rest @ ..] = text else { return None };
    let [a, b, c] = [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0')));
    let digits = rest.iter().position(|b| !b.is_ascii_digit())?;
    let size = if digits == 0 && rest.starts_with(b"-") { 1 } else { digits };
    let rest = rest.get(size..)?.strip_prefix(b" \"")?;
    (size > 0 && b < 10 && c < 10).then_some((a * 100 + b * 10 + c, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Found, Setting, read as in_order};
    use super::*;

    const USUAL: &str = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000] "GET /me?x=1 HTTP/1.1" 401 25 "-" "curl/8.5.0""#;

    /// What lines are made of: a part each, and what makes them another line.
    const PARTS: [&[&str]; 12] = [
        &["192.0.2.7", "10.0.0.1", "1.2.3.4", "192.0.2.7:80", "256.1.1.1", "::1", "a.example"],
        &[" - ", " ", " x ", " -  "],
        &["-", "ann", "ann b", "a:", "7805c9d1c606c27d898f98f6c4d2e631", "[x", ""],
        &[
            " [23/Nov/2026:02:29:33 +0000] ",
            " [23/Nov/2026:02:29:33 +0000]",
            " [29/Feb/2026:02:29:33 +0000] ",
            " ",
        ],
        &["\"GET ", "\"POST ", "\"get ", "\"", "\"-"],
        &["/a", "/a b", "*", "/type=LOGIN", "http://a.example/x", "", "/a\u{1}", "/é"],
        &[" HTTP/1.1\"", " HTTP/2.0\"", "\"", " FTP\""],
        &[" 200 ", " 401 ", " 099 ", " - ", " 20 ", "  200 ", " 2x0 "],
        &["512 ", "- ", "", "51x ", "512  "],
        &["\"-\"", "\"https://a.example/\"", "\"Bearer abcdefghijklmnop\"", "\"\"", "\"a\\\"b\""],
        &[" ", "", "  "],
        &["\"-\"", "\"curl/8.5.0\"", "\"\"", "\"a\" \"b\"", "\"a\"b\"", "\"a\" 12", "\"a\tb\""],
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn a_plain_line_is_what_the_formats_in_order_make_of_it(
            picks in prop::array::uniform12(0usize..64), straight in prop::array::uniform12(0u8..6),
        ) {
            // Mostly the first two words of each part, which make plain lines.
            let pick = |at: usize| {
                let words = PARTS[at];
                words[if straight[at] > 0 { picks[at] % 2 } else { picks[at] } % words.len()]
            };
            let line: String = (0..PARTS.len()).map(pick).collect();
            let mut recent = Recent::default();
            let found = read(line.as_bytes(), Position::default(), &mut recent);
            let mut other = Recent::default();
            prop_assert!(read(USUAL.as_bytes(), Position::default(), &mut other).is_some());
            prop_assert_eq!(read(line.as_bytes(), Position::default(), &mut other), found);
            if let Some(plain) = found {
                let Some(Found::Exchange(found)) = in_order(&line, &mut Setting::default()) else {
                    panic!("no format takes {line}");
                };
                prop_assert_eq!(format!("{found:?}"), format!("{:?}", plain.exchange()));
                let again = read(line.as_bytes(), Position::default(), &mut recent);
                prop_assert_eq!(again, Some(plain));
            }
        }
    }

    #[test]
    fn a_usual_line_is_plain_and_an_odd_one_is_not() {
        let read = |line: &str| {
            read(line.as_bytes(), Position::default(), &mut Recent::default()).is_some()
        };
        assert!(read(USUAL));
        assert!(!read(&USUAL.replace("curl", "c\\x22url")));
        assert!(!read(&USUAL.replace("ann", "ann b")));
        assert!(!read(&USUAL.replace("/me", "/mé")));
        assert!(!read(&format!("{USUAL} 0.003")));
    }
}
