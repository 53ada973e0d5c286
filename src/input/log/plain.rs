//! The plainest lines of the combined log format, read without a detour.
//!
//! Nearly all lines of a web server's log are of this form, and no other format takes them: the formats
//! that stand before it want another beginning than an IPv4 address. What is read here is what
//! [`super::read`] makes of the line; whatever looks odd is left to it.

use super::clf::COMBINED;
use super::sixteen::{digits, equal, quoted_end, word_end};
use super::wide::Vectors;
use crate::input::clock::parse_time;
use crate::model::{AccessLine, Time};

/// Bytes of `23/Nov/2026:02:29:33 +0000`.
const STAMP: usize = 26;

/// What stands before those bytes.
const BEFORE_STAMP: &[u8; 2] = b" [";

/// What stands behind them.
const BEHIND_STAMP: &[u8; 3] = b"] \"";

/// Longest end of a line that is compared with that of the next one.
const LONGEST_TAIL: usize = 512;

/// Longest IPv4 address and the blank behind it.
const LONGEST_ADDRESS: usize = 16;

/// What was read last: neighbours share their time, and often their user agent. It changes the speed of
/// reading, never its result.
#[derive(Clone, Debug, Default)]
pub(in crate::input) struct Recent {
    time: Option<Known>,
    tail: Tail,
    vectors: Vectors,
}

/// A time and how it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// All from the blank before it to the quote behind it, and a zero byte.
    pub(super) written: [u8; FRAMED + 1],
    /// The time.
    pub(super) time: Time,
}

/// Bytes of a time, with what stands around it.
pub(super) const FRAMED: usize = BEFORE_STAMP.len() + STAMP + BEHIND_STAMP.len();

impl Known {
    fn of(stamp: &[u8; STAMP], time: Time) -> Self {
        let mut written = [0; FRAMED + 1];
        let text = BEFORE_STAMP.iter().chain(stamp).chain(BEHIND_STAMP);
        written.iter_mut().zip(text).for_each(|(slot, byte)| *slot = *byte);
        Self { written, time }
    }

    fn stamp(&self) -> Option<&[u8; STAMP]> {
        self.written.get(BEFORE_STAMP.len()..)?.first_chunk()
    }
}

/// What followed the link of a plain line, with the end of the line.
#[derive(Clone, Debug, Default)]
struct Tail {
    text: Vec<u8>,
    /// Bytes of the end of the line.
    end: usize,
}

/// What may end a line beside a line break.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::input) enum Last {
    /// Nothing: what follows the bytes is not known.
    Unknown,
    /// The end of the bytes.
    Whole,
}

impl Recent {
    #[inline]
    fn time(&mut self, stamp: &[u8; STAMP]) -> Option<Time> {
        if let Some(known) = &self.time
            && known.stamp() == Some(stamp)
        {
            return Some(known.time);
        }
        self.new_time(stamp)
    }

    #[cold]
    fn new_time(&mut self, stamp: &[u8; STAMP]) -> Option<Time> {
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
        self.time = Some(Known::of(stamp, time));
        Some(time)
    }

    /// Returns the user agent in ` "user agent"` with which a line ends, and how many bytes that takes
    /// with the end of the line.
    fn agent<'a>(&mut self, rest: &'a [u8], last: Last) -> Option<(&'a [u8], usize)> {
        let Tail { text, end } = &self.tail;
        if *end > 0 && rest.starts_with(text) {
            let agent = rest.get(2..text.len() - end - 1)?;
            return Some((agent, text.len()));
        }
        self.new_agent(rest, last)
    }

    fn new_agent<'a>(&mut self, rest: &'a [u8], last: Last) -> Option<(&'a [u8], usize)> {
        let inside = behind(rest, b" \"")?;
        let (agent, behind_agent) = inside.split_at_checked(quoted_end(inside)?)?;
        let behind = behind(behind_agent, b"\"")?;
        let end = match behind {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [] if last == Last::Whole => 0,
            _ => return None,
        };
        let length = rest.len() - behind.len() + end;
        let is_kept = end > 0 && length <= LONGEST_TAIL;
        self.tail.end = if is_kept { end } else { 0 };
        self.tail.text.clear();
        self.tail
            .text
            .extend_from_slice(rest.get(..length).filter(|_| is_kept).unwrap_or_default());
        Some((agent, length))
    }
}

/// Hands over the plain line that comes first, as [`read`] reads it, and returns how many bytes it takes;
/// `None` where that has to be asked.
#[inline]
pub(in crate::input) fn quick<'a>(
    bytes: &'a [u8],
    number: u64,
    recent: &Recent,
    take: impl FnOnce(&AccessLine<'a>),
) -> Option<usize> {
    recent.vectors.read(bytes, number, recent.time.as_ref()?, take)
}

/// Reads the plain line that comes first; `None` for all others, whatever they are, and where its end is
/// not known. Returns how many bytes it takes with its end, too.
///
/// It goes from left to right and looks for one end at a time: the fields are short, and what ends one
/// is known. All is printable ASCII; the end, which neighbours share, is looked through once.
#[inline]
pub(in crate::input) fn read<'a>(
    bytes: &'a [u8],
    last: Last,
    number: u64,
    recent: &mut Recent,
) -> Option<(AccessLine<'a>, usize)> {
    let (client_ip, rest) = bytes.split_at_checked(address(bytes.first_chunk()?)?)?;
    let rest = behind(rest, b" - ")?;
    let (user, rest) = rest.split_at_checked(word_end(rest, b':').filter(|end| *end > 0)?)?;
    let (stamp, rest) = behind(rest, BEFORE_STAMP)?.split_first_chunk()?;
    let request = request(behind(rest, BEHIND_STAMP)?)?;
    let (status, rest) = status(request.rest)?;
    let (referer, rest) = rest.split_at_checked(quoted_end(rest)?)?;
    if !(referer == b"-" || behind(referer, b"http").is_some()) {
        return None;
    }
    let before = bytes.len() - rest.len() + 1;
    let (agent, length) = recent.agent(behind(rest, b"\"")?, last)?;
    let time = recent.time(stamp)?;
    let format = COMBINED.name;
    let line = AccessLine {
        number,
        time,
        format,
        client_ip,
        user,
        request: request.text,
        method: request.method,
        target: request.target,
        status,
        referer,
        agent,
    };
    Some((line, before + length))
}

/// Returns the length of the IPv4 address that a line starts with and a blank ends, as
/// [`Ipv4Addr`](std::net::Ipv4Addr) has it: no number over 255, none with a zero in front.
///
/// Without a branch on how long a number is: that differs from line to line.
#[inline]
fn address(line: &[u8; LONGEST_ADDRESS]) -> Option<usize> {
    let length = equal(line, b' ').trailing_zeros();
    let inside = 1_u32.checked_shl(length)?.wrapping_sub(1);
    let dots = equal(line, b'.') & inside;
    let (first, rest) = (dots.trailing_zeros(), dots & dots.wrapping_sub(1));
    let (second, last) = (rest.trailing_zeros(), rest & rest.wrapping_sub(1));
    let third = last.trailing_zeros();
    let is_odd = last & last.wrapping_sub(1) != 0 || (dots | digits(line)) & inside != inside;
    if last == 0 || is_odd {
        return None;
    }
    let text = u128::from_le_bytes(*line);
    #[expect(clippy::cast_possible_truncation, reason = "each half holds two of the numbers")]
    let (front, back) = (text as u64, (text >> (8 * (second + 1))) as u64);
    // A number of so many digits that the next one lies beyond its half is too large.
    let fits = is_octet(front, first)
        & is_octet(front.wrapping_shr(8 * (first + 1)), second - first - 1)
        & is_octet(back, third - second - 1)
        & is_octet(back.wrapping_shr(8 * (third - second)), length - third - 1);
    fits.then_some(length as usize)
}

/// Returns whether a text begins with so many digits that are a number up to 255 as it is written.
#[inline]
fn is_octet(text: u64, digits: u32) -> bool {
    if digits.wrapping_sub(1) > 2 {
        return false;
    }
    // In three bytes, with zeros before it.
    let number = (text & 0x0F_0F0F) << (8 * (3 - digits));
    let number = (number & 0xFF) * 100 + (number >> 8 & 0xFF) * 10 + (number >> 16 & 0xFF);
    let least = 0x64_0A_00_u64 >> (8 * (digits - 1)) & 0xFF;
    number >= least && number <= 255
}

/// Returns what follows the letters with which a text begins.
#[inline]
fn behind<'a, const N: usize>(text: &'a [u8], lead: &[u8; N]) -> Option<&'a [u8]> {
    let (begin, rest) = text.split_first_chunk()?;
    (begin == lead).then_some(rest)
}

/// The beginning of a request line.
struct Request<'a> {
    /// Method and target with a blank between them.
    text: &'a [u8],
    method: &'a [u8],
    target: &'a [u8],
    /// What follows the quote behind the version.
    rest: &'a [u8],
}

/// Splits `GET /path HTTP/1.1" `.
#[inline]
fn request(text: &[u8]) -> Option<Request<'_>> {
    let (method, behind_method) = text.split_at_checked(method(text)?)?;
    let (_, target) = behind_method.split_first()?;
    let (target, rest) = target.split_at_checked(word_end(target, b'"').filter(|end| *end > 0)?)?;
    let text = text.get(..method.len() + 1 + target.len())?;
    let version = behind(rest, b" HTTP/")?;
    // `1.1`, `2.0`: all others are rare.
    let rest = if let [b'0'..=b'9', b'.', b'0'..=b'9', b'"', rest @ ..] = version {
        rest
    } else {
        let end = word_end(version, b'"')?;
        behind(version.get(end..)?, b"\"")?
    };
    Some(Request { text, method, target, rest })
}

/// Returns the length of the capital letters that a text starts with and a blank ends.
#[inline]
fn method(text: &[u8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOP: u64 = EACH << 7;
    let Some(word) = text.first_chunk().map(|word| u64::from_le_bytes(*word)) else {
        return long_method(text);
    };
    let blank = word ^ (EACH * 0x20);
    let blank = blank.wrapping_sub(EACH) & !blank & TOP;
    if blank == 0 {
        return long_method(text);
    }
    // Exact up to the first byte that is no capital letter.
    let capitals =
        word.wrapping_add(EACH * (0x80 - 0x41)) & !word.wrapping_add(EACH * (0x80 - 0x5B)) & !word;
    let others = !capitals & TOP;
    let end = others.trailing_zeros();
    (end == blank.trailing_zeros() && end > 7).then_some(end as usize / 8)
}

#[cold]
fn long_method(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|b| !b.is_ascii_uppercase()).filter(|end| *end > 0)?;
    (*text.get(end)? == b' ').then_some(end)
}

/// Splits ` 200 512 "`, with a dash for the number of bytes.
#[inline]
fn status(text: &[u8]) -> Option<(u16, &[u8])> {
    let &[b' ', a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', b' ', ref rest @ ..] = text
    else {
        return None;
    };
    let number = u16::from(a) * 100 + u16::from(b) * 10 + u16::from(c) - u16::from(b'0') * 111;
    let size = match rest.first_chunk() {
        _ if behind(rest, b"- ").is_some() => 1,
        Some(chunk) => (!digits(chunk)).trailing_zeros() as usize,
        None => rest.iter().position(|b| !b.is_ascii_digit())?,
    };
    let size = if size < 16 { size } else { rest.iter().position(|b| !b.is_ascii_digit())? };
    let rest = behind(rest.get(size..)?, b" \"")?;
    (size > 0).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Found, Setting, read as in_order, wide};
    use super::*;
    use crate::model::{Exchange, Position};

    const USUAL: &str = r#"192.0.2.7 - ann [23/Nov/2026:02:29:33 +0000] "GET /me?x=1 HTTP/1.1" 401 25 "-" "curl/8.5.0""#;

    /// What lines are made of: a part each, and what makes them another line.
    const PARTS: [&[&str]; 12] = [
        &["192.0.2.7", "10.0.0.1", "1.2.3.4", "192.0.2.7:80", "256.1.1.1", "::1", "a.example"],
        &[" - ", " ", " x ", " -  "],
        &["-", "ann", "ann b", "a:", "7805c9d1c606c27d898f98f6c4d2e631", "[x", ""],
        &[
            " [23/Nov/2026:02:29:33 +0000] ",
            " [23/Nov/2026:02:29:33 +0100] ",
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
        &[
            "\"-\"",
            "\"curl/8.5.0\"",
            "\"curl/9.5.0\"",
            "\"\"",
            "\"a\" \"b\"",
            "\"a\"b\"",
            "\"a\" 12",
            "\"a\tb\"",
        ],
    ];

    /// All of an exchange but where it stands.
    fn shown(exchange: &Exchange<'_>) -> String {
        format!("{:?}", Exchange { position: Position::default(), ..exchange.clone() })
    }

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
            let whole = |line: &str, recent: &mut Recent| {
                let found = read(line.as_bytes(), Last::Whole, 1, recent);
                found.map(|(plain, _)| shown(&plain.exchange()))
            };
            let found = whole(&line, &mut Recent::default());
            let expected = match in_order(&line, &mut Setting::default()) {
                Some(Found::Exchange(found)) => Some(shown(&found)),
                _ => None,
            };
            prop_assert!(found.is_none() || found == expected, "{} {:?}", line, expected);
            // Whatever stands behind it, and whatever stood before it.
            for end in ["\n", "\r\n"] {
                let mut recent = Recent::default();
                for before in ["", USUAL, &line] {
                    if !before.is_empty() {
                        let before = format!("{before}{end}");
                        let _ = read(before.as_bytes(), Last::Unknown, 1, &mut recent);
                        let _ = whole(before.trim_end(), &mut recent);
                    }
                    let text = format!("{line}{end}{USUAL}\n");
                    let next = read(text.as_bytes(), Last::Unknown, 1, &mut recent);
                    let taken = next.map(|(plain, taken)| (shown(&plain.exchange()), taken));
                    prop_assert_eq!(taken, found.clone().map(|found| (found, line.len() + end.len())));
                    prop_assert_eq!(whole(&line, &mut recent), found.clone());
                    taken_wide(format!("{line}{end}{}", others()).as_bytes(), &recent);
                }
            }
        }

        #[test]
        fn an_address_is_what_the_standard_library_takes_for_one(
            text in "([0-9]{1,4}\\.){2,4}[0-9]{1,3} ?[a1. ]{0,9}|([0-9]{1,11}\\.){2,4}[0-9]{0,4} ",
        ) {
            let text = format!("{text}               ");
            let expected = text.split(' ').next().filter(|word| word.parse::<std::net::Ipv4Addr>().is_ok());
            let found = text.as_bytes().first_chunk().and_then(address);
            prop_assert_eq!(found, expected.map(str::len), "{}", text);
        }

        #[test]
        fn a_method_is_capital_letters_up_to_a_blank(text in "[A-Z@\\[a `é]{0,9} ?[A-Z ]{0,4}") {
            let expected = long_method(text.as_bytes());
            prop_assert_eq!(method(text.as_bytes()), expected, "{}", text);
        }
    }

    /// Returns how many of the bytes of a text that wide vectors take, where the processor has them, and
    /// checks that they make of it what the patient reading makes.
    fn taken_wide(text: &[u8], recent: &Recent) -> Option<usize> {
        let mut found = None;
        let taken = quick(text, 7, recent, |line| found = Some(*line));
        if let Some(taken) = taken {
            let patient = read(text, Last::Unknown, 7, &mut recent.clone());
            let shown = String::from_utf8_lossy(text);
            assert_eq!(patient, found.map(|line| (line, taken)), "{shown}");
        }
        taken
    }

    /// What follows a line: others, as far as wide vectors look.
    fn others() -> String {
        format!("{USUAL}\n").repeat(wide::SPAN / USUAL.len() + 1)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6000))]
        #[test]
        fn wide_vectors_take_plain_lines_for_what_they_are(
            ip in "(25[0-6]|2[0-9]{2}|1[0-9]{2}|[0-9]{1,2}|0[0-9]|[0-9]{4})(\\.(25[0-9]|[0-9]{1,3})){2,4}",
            usual_ip in any::<bool>(),
            user in "-?|[a-z.]{1,12}|[a-z:]{1,3}|[a-z]{30,34}",
            zone in prop::sample::select(vec!["+0000", "+0100"]),
            request in "(GET|POST|[A-Z]{0,9}|[A-Z]{28,36}) (/[a-z0-9/?=.:]{0,70})? HTTP/[0-9]\\.[0-9]",
            answer in "(0[0-9]{2}|[1-9][0-9]{2}) (-|[0-9]{1,6}|[0-9]{12,19})",
            referer in "-|https?://[a-z./]{0,60}",
            agent in "[ -!#-\\[\\]-~]{0,90}",
            end in "\r?\n",
            odd in prop::option::of((any::<prop::sample::Index>(), prop::sample::select(
                b" \"\\:.-059/\n\r\t\x7f\x80@AZ[`aHh]".to_vec(),
            ))),
        ) {
            let ip = if usual_ip { "203.0.113.7" } else { &ip };
            let mut line = format!(
                "{ip} - {user} [23/Nov/2026:02:29:33 {zone}] \"{request}\" {answer} \"{referer}\" \"{agent}\"{end}"
            ).into_bytes();
            let length = line.len();
            if let Some((at, byte)) = &odd {
                *at.get_mut(&mut line) = *byte;
            }
            line.extend_from_slice(others().as_bytes());
            for before in [USUAL.to_owned(), USUAL.replace("+0000", "+0100")] {
                let mut recent = Recent::default();
                prop_assert!(read(before.as_bytes(), Last::Whole, 1, &mut recent).is_some());
                let taken = taken_wide(&line, &recent);
                let is_usual = usual_ip && odd.is_none() && (1..30).contains(&user.len()) && !user.contains(':') && answer.len() < 12 && !answer.starts_with('0')
                    && before.contains(zone) && (1..28).contains(&request.find(" /").unwrap_or_default());
                if is_usual && Vectors::default().are_there() {
                    prop_assert_eq!(taken, Some(length), "{}", String::from_utf8_lossy(&line));
                }
            }
        }

        #[test]
        fn wide_vectors_take_the_same_addresses(
            text in "([0-9]{1,4}\\.){2,4}[0-9]{1,3} ?[a1. ]{0,9}|((25[0-9]|2[0-9]{2}|[0-9]{1,3})\\.){3}(25[0-9]|[0-9]{1,4}) ",
        ) {
            let mut recent = Recent::default();
            prop_assert!(read(USUAL.as_bytes(), Last::Whole, 1, &mut recent).is_some());
            let line = format!("{text}{}\n{}", &USUAL["192.0.2.7 ".len()..], others());
            let found = taken_wide(line.as_bytes(), &recent);
            let is_plain = read(line.as_bytes(), Last::Unknown, 1, &mut recent).is_some();
            prop_assert_eq!(found.is_some(), is_plain && Vectors::default().are_there(), "{}", line);
        }
    }

    #[test]
    fn a_time_is_read_again_whatever_byte_of_it_changes() {
        let second = |text: &str, recent: &mut Recent| {
            let mut time = None;
            let taken = quick(text.as_bytes(), 1, recent, |line| time = Some(line.time));
            if taken.is_none() {
                time = read(text.as_bytes(), Last::Whole, 1, recent).map(|(line, _)| line.time);
            }
            time.unwrap().at.0 / 1_000_000_000
        };
        let others = others();
        let mut recent = Recent::default();
        let line =
            |written: &str| format!("{}\n", USUAL.replace("23/Nov/2026:02:29:33 +0000", written));
        let first = second(USUAL, &mut recent);
        let table = [
            ("23/Nov/2026:02:29:33 +0001", -60),
            ("23/Nov/2026:02:29:33 +0010", -600),
            ("23/Nov/2026:02:29:33 +0100", -3_600),
            ("23/Nov/2026:02:29:33 +1000", -36_000),
            ("23/Nov/2026:02:29:33 -0100", 3_600),
            ("23/Nov/2026:02:29:34 +0000", 1),
            ("23/Nov/2026:02:39:33 +0000", 600),
            ("23/Nov/2026:12:29:33 +0000", 36_000),
            ("24/Nov/2026:02:29:33 +0000", 86_400),
            ("13/Nov/2026:02:29:33 +0000", -864_000),
            ("23/Dec/2026:02:29:33 +0000", 30 * 86_400),
            ("23/Nov/2027:02:29:33 +0000", 365 * 86_400),
        ];
        // Each between two lines of the usual time, patient reading and wide vectors alike.
        for (written, later) in table {
            let other = line(written);
            for text in [&other, &format!("{other}{others}")] {
                for _ in 0..2 {
                    assert_eq!(second(text, &mut recent) - first, later, "{written}");
                }
                assert_eq!(second(&others, &mut recent), first);
            }
        }
    }

    #[test]
    fn a_line_whose_end_is_not_known_is_not_read() {
        let mut recent = Recent::default();
        for end in ["", "\r"] {
            let text = format!("{USUAL}{end}");
            assert_eq!(read(text.as_bytes(), Last::Unknown, 1, &mut recent), None);
            // Nor behind lines that end in the same words.
            let before = format!("{USUAL}\r\n");
            assert!(read(before.as_bytes(), Last::Unknown, 1, &mut recent).is_some());
            assert_eq!(read(text.as_bytes(), Last::Unknown, 1, &mut recent), None);
        }
        assert!(read(USUAL.as_bytes(), Last::Whole, 1, &mut recent).is_some());
        assert_eq!(read(format!("{USUAL}\r").as_bytes(), Last::Whole, 1, &mut recent), None);
    }

    #[test]
    fn a_usual_line_is_plain_and_an_odd_one_is_not() {
        let read =
            |line: &str| read(line.as_bytes(), Last::Whole, 1, &mut Recent::default()).is_some();
        assert!(read(USUAL));
        assert!(!read(&USUAL.replace("curl", "c\\x22url")));
        assert!(!read(&USUAL.replace("ann", "ann b")));
        assert!(!read(&USUAL.replace("/me", "/mé")));
        assert!(!read(&format!("{USUAL} 0.003")));
    }
}
