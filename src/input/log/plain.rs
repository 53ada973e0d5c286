//! The plainest lines of the combined log format, read without a detour.
//!
//! Nearly all lines of a web server's log are of this form, and no other format takes them: the formats
//! that stand before it want another beginning than an IPv4 address. What is read here is what
//! [`super::read`] makes of the line; whatever looks odd is left to it.

use std::net::Ipv4Addr;

use memchr::{memchr, memchr_iter, memrchr};

use super::clf::COMBINED;
use crate::input::clock::parse_time;
use crate::model::{AccessLine, Position, Time};

/// Bytes of `23/Nov/2026:02:29:33 +0000`.
const STAMP: usize = 26;

/// The time that was read last: neighbours share it. It changes the speed of reading, never its result.
#[derive(Clone, Debug, Default)]
pub(in crate::input) struct Recent(Option<([u8; STAMP], Time)>);

impl Recent {
    fn time(&mut self, stamp: &[u8]) -> Option<Time> {
        if let Some((known, time)) = &self.0
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
        self.0 = Some((stamp.try_into().ok()?, time));
        Some(time)
    }
}

/// Reads a plain line; `None` for all others, whatever they are.
pub(in crate::input) fn read<'a>(
    line: &'a [u8],
    position: Position,
    recent: &mut Recent,
) -> Option<AccessLine<'a>> {
    if !line.first()?.is_ascii_digit() || memchr(b'\\', line).is_some() {
        return None;
    }
    // ASCII alone: every index is a border of characters.
    let text = std::str::from_utf8(line).ok().filter(|text| text.is_ascii())?;
    let mut quotes = memchr_iter(b'"', line);
    let [open, close] = [quotes.next()?, quotes.next()?];
    let [referer, referer_end, agent, agent_end] =
        [quotes.next()?, quotes.next()?, quotes.next()?, quotes.next()?];
    let between = (text.get(referer_end + 1..agent)?, text.get(agent_end + 1..)?);
    if between != (" ", "") || quotes.next().is_some() {
        return None;
    }
    let (client_ip, user, time) = who(text.get(..open)?, recent)?;
    let (method, target) = request(text.get(open + 1..close)?)?;
    let status = status(line.get(close + 1..referer)?)?;
    let referer = text.get(referer + 1..referer_end)?;
    if referer != "-" && !referer.starts_with("http") {
        return None;
    }
    let agent = text.get(agent + 1..agent_end)?;
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

/// `192.0.2.7 - user [23/Nov/2026:02:29:33 +0000] `.
fn who<'a>(text: &'a str, recent: &mut Recent) -> Option<(&'a str, &'a str, Time)> {
    let stamped = text.strip_suffix("] ")?;
    let (who, stamp) = stamped.split_at_checked(stamped.len().checked_sub(STAMP)?)?;
    let who = who.strip_suffix(" [")?;
    let blank = memchr(b' ', who.as_bytes())?;
    let (client, rest) = who.split_at_checked(blank)?;
    client.parse::<Ipv4Addr>().ok()?;
    let user = rest.strip_prefix(" - ")?;
    let plain = !user.is_empty() && user.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    Some((client, user, recent.time(stamp.as_bytes()).filter(|_| plain)?))
}

/// `GET /path HTTP/1.1`.
fn request(text: &str) -> Option<(&str, &str)> {
    let (method, rest) = text.split_at_checked(memchr(b' ', text.as_bytes())?)?;
    let rest = rest.get(1..)?;
    let (target, version) = rest.split_at_checked(memrchr(b' ', rest.as_bytes())?)?;
    let plain = version.starts_with(" HTTP/")
        && !method.is_empty()
        && method.bytes().all(|b| b.is_ascii_uppercase())
        && !target.is_empty()
        && target.bytes().all(|b| b.is_ascii_graphic());
    plain.then_some((method, target))
}

/// ` 200 512 `, with a dash for the number of bytes.
fn status(text: &[u8]) -> Option<u16> {
    let &[b' ', a @ b'1'..=b'9', b, c, b' ', ref size @ .., b' '] = text else { return None };
    let sized = !size.is_empty() && size.iter().all(u8::is_ascii_digit) || size == b"-";
    let digits = [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0')));
    let [a, b, c] = digits;
    (sized && b < 10 && c < 10).then_some(a * 100 + b * 10 + c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Found, Setting, read as in_order};
    use super::*;

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
            if let Some(plain) = read(line.as_bytes(), Position::default(), &mut recent) {
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
        let line = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000] "GET /me?x=1 HTTP/1.1" 401 25 "-" "curl/8.5.0""#;
        assert!(read(line));
        assert!(!read(&line.replace("curl", "c\\x22url")));
        assert!(!read(&line.replace("ann", "ann b")));
        assert!(!read(&line.replace("/me", "/mé")));
        assert!(!read(&format!("{line} 0.003")));
    }
}
