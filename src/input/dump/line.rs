//! What one line of a dump is, whoever printed it, with what a chat or a shell put before it taken off.

use std::borrow::Cow;

use crate::input::clock::parse_time;
use crate::model::Time;

/// Levels of mail quoting that are taken off.
const QUOTES: usize = 4;

/// Which way a message went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// From the client.
    Sent,
    /// To the client.
    Got,
}

/// What a section of a curl trace holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Section {
    /// Which way; `None` for bytes that are no HTTP (TLS records).
    pub(super) way: Option<Way>,
    /// Whether it is of the head of a message.
    pub(super) head: bool,
    /// Bytes in it.
    pub(super) size: usize,
}

/// A line by its form.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line<'a> {
    /// `> Accept: */*` (curl, Insomnia).
    Sent(&'a str),
    /// `< HTTP/1.1 401 Unauthorized`.
    Got(&'a str),
    /// `* Connected to ...`, `== Info: Connected to ...`.
    Info(&'a str),
    /// `{ [25 bytes data]`.
    Counted,
    /// `| {"error":"x"}`: a body as Insomnia prints it.
    Body(&'a str),
    /// `=> Send header, 378 bytes (0x17a)`.
    Section(Section),
    /// `---request begin---` and its kin: which way, and whether it begins.
    Fence(Way, bool),
    /// `--2026-11-23 02:29:33--  http://host/path`: wget turns to a URL.
    Turn(Option<Time>, &'a str),
    /// Anything else.
    Plain(&'a str),
}

/// Takes the colours of a terminal off.
pub(super) fn bare(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| ('@'..='~').contains(&c)).map_or(after.len(), |end| end + 1);
        rest = after.get(end..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Tells what a line is, without its line break.
pub(super) fn read(line: &str) -> Line<'_> {
    let text = unquoted(line);
    let known = marked(text).or_else(|| marked(unstamped(text)));
    known.or_else(|| marked(unstamped(after_meter(text)?))).unwrap_or(Line::Plain(line))
}

fn marked(text: &str) -> Option<Line<'_>> {
    let inner = |mark: &str| {
        let rest = text.strip_prefix(mark)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
    };
    match text.as_bytes().first()? {
        b'>' => inner(">").map(Line::Sent),
        b'<' if text.starts_with("<= ") => section(text).map(Line::Section),
        b'<' => inner("<").map(Line::Got),
        b'*' => text.strip_prefix("* ").map(Line::Info),
        b'|' => text.strip_prefix("| ").map(Line::Body),
        b'=' => match text.strip_prefix("== Info: ") {
            Some(info) => Some(Line::Info(info)),
            None => section(text).map(Line::Section),
        },
        b'{' | b'}' => {
            let counted = text.get(1..)?.strip_prefix(" [")?;
            counted.contains(" bytes data]").then_some(Line::Counted)
        }
        b'-' => match text.trim_end() {
            "---request begin---" => Some(Line::Fence(Way::Sent, true)),
            "---request end---" => Some(Line::Fence(Way::Sent, false)),
            "---response begin---" => Some(Line::Fence(Way::Got, true)),
            "---response end---" => Some(Line::Fence(Way::Got, false)),
            text => {
                let (stamp, url) = text.strip_prefix("--")?.split_once("--")?;
                let time = parse_time(stamp)?;
                let url = url.trim_start();
                url.contains("://").then_some(Line::Turn(Some(time), url))
            }
        },
        _ => None,
    }
}

/// Takes mail quoting and indentation off what is marked all the same: `> > GET`, `    < HTTP/1.1 401`.
fn unquoted(line: &str) -> &str {
    let mut text = line.trim_start_matches([' ', '\t']);
    for _ in 0..QUOTES {
        let Some(rest) = text.strip_prefix("> ") else { break };
        let again = rest.trim_start();
        let is_marked = matches!(again, ">" | "<")
            || ["> ", "< ", "* ", "{ [", "} [", "=> ", "<= ", "== Info:", "---re"]
                .iter()
                .any(|mark| again.starts_with(mark));
        if !is_marked {
            break;
        }
        text = again;
    }
    text
}

/// Takes off `02:29:33.311055 ` (--trace-time) and `[0-0] ` (--trace-ids).
fn unstamped(text: &str) -> &str {
    let mut text = text;
    for _ in 0..2 {
        let Some((word, rest)) = text.split_once(' ') else { break };
        let digits = |word: &str, other: &[u8]| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || other.contains(&b))
        };
        let is_time = word.len() >= 8 && word.as_bytes().get(2) == Some(&b':');
        let ids = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
        if !(is_time && digits(word, b":.") || ids.is_some_and(|ids| digits(ids, b"-x"))) {
            break;
        }
        text = rest;
    }
    text
}

/// Returns what follows a progress meter that did not end its line.
fn after_meter(text: &str) -> Option<&str> {
    let at = text.rfind(":--").or_else(|| text.rfind("% Total"))?;
    let rest = text.get(at + 3..)?.trim_start_matches(['-', ' ', ':', '.', 'k', 'M', 'G']);
    Some(rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | 'k' | 'M')))
}

/// `=> Send header, 378 bytes (0x17a)`, `<= Recv SSL data, 5 bytes (0x5)`.
fn section(text: &str) -> Option<Section> {
    let (way, rest) = match text.split_once(' ')? {
        ("=>", rest) => (Way::Sent, rest.strip_prefix("Send ")?),
        ("<=", rest) => (Way::Got, rest.strip_prefix("Recv ")?),
        _ => return None,
    };
    let (what, size) = rest.split_once(", ")?;
    let size = size.split_once(" bytes")?.0.parse().ok()?;
    let head = what == "header";
    Some(Section { way: (head || what == "data").then_some(way), head, size })
}

/// Returns the method and target of `GET /path HTTP/1.1`.
pub(super) fn request_line(text: &str) -> Option<(&str, &str)> {
    let (method, rest) = text.split_once(' ')?;
    let (target, version) = rest.trim_end().rsplit_once(' ')?;
    let number = version.strip_prefix("HTTP/")?;
    let target = target.trim();
    let known = (1..=24).contains(&method.len())
        && method.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
        && is_version(number)
        && !target.is_empty();
    known.then_some((method, target))
}

/// Returns the status and reason of `HTTP/1.1 401 Unauthorized`.
pub(super) fn status_line(text: &str) -> Option<(u16, &str)> {
    let (number, rest) = text.strip_prefix("HTTP/")?.split_once(' ')?;
    let rest = rest.trim_start();
    let status = rest.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()))?;
    let reason = rest.get(3..)?;
    let known = is_version(number) && (reason.is_empty() || reason.starts_with(' '));
    known.then_some((status.parse().ok().filter(|code| *code >= 100)?, reason.trim()))
}

fn is_version(number: &str) -> bool {
    matches!(number, "1.1" | "1.0" | "2" | "3" | "2.0" | "3.0" | "0.9")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curls_marks_are_known_with_and_without_times_and_ids() {
        for line in [
            "> GET / HTTP/1.1",
            "    > GET / HTTP/1.1",
            "12:00:01.000001 > GET / HTTP/1.1",
            "12:00:01.000001 [0-0] > GET / HTTP/1.1",
            "[12-x] > GET / HTTP/1.1",
            "> > GET / HTTP/1.1",
        ] {
            assert_eq!(read(line), Line::Sent("GET / HTTP/1.1"), "{line}");
        }
        assert_eq!(read("> < HTTP/2 401 "), Line::Got("HTTP/2 401 "));
        assert_eq!(read("<"), Line::Got(""));
        assert_eq!(read("{ [25 bytes data]"), Line::Counted);
        assert_eq!(read("== Info: Connected"), Line::Info("Connected"));
    }

    #[test]
    fn what_only_looks_like_a_mark_is_plain() {
        for line in ["<html>", ">>> x = 1", "{ [1, 2] }", "*bold*", "-- a comment", "|", "12:00 x"]
        {
            assert_eq!(read(line), Line::Plain(line));
        }
    }

    #[test]
    fn a_line_that_a_progress_meter_began_is_known() {
        let line = "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 192.0.2.1:80...";
        assert_eq!(read(line), Line::Info("  Trying 192.0.2.1:80..."));
    }

    #[test]
    fn sections_of_a_trace_say_their_size() {
        let of = |text| match read(text) {
            Line::Section(section) => Some((section.way, section.head, section.size)),
            _ => None,
        };
        assert_eq!(of("=> Send header, 378 bytes (0x17a)"), Some((Some(Way::Sent), true, 378)));
        assert_eq!(
            of("02:29:33.319706 <= Recv data, 25 bytes (0x19)"),
            Some((Some(Way::Got), false, 25))
        );
        assert_eq!(of("=> Send SSL data, 5 bytes (0x5)"), Some((None, false, 5)));
        assert_eq!(of("=> the header, of bytes"), None);
    }

    #[test]
    fn wget_turns_to_a_url_at_a_local_time() {
        let Line::Turn(time, url) = read("--2026-11-23 02:29:33--  http://api.example/a") else {
            panic!("no turn")
        };
        assert_eq!(url, "http://api.example/a");
        assert!(time.is_some_and(|time| time.zone_assumed));
    }

    #[test]
    fn start_lines_are_whole_lines() {
        assert_eq!(request_line("GET /a?b=c HTTP/1.1"), Some(("GET", "/a?b=c")));
        assert_eq!(status_line("HTTP/2 401 "), Some((401, "")));
        assert_eq!(status_line("HTTP/1.1 407 Proxy Authentication Required").unwrap().0, 407);
        for text in ["GET /a", "get / HTTP/1.1", "GET / HTTP/1.1 200", "HTTP/1.1 4010", "HTTP 401"]
        {
            assert!(request_line(text).is_none() && status_line(text).is_none(), "{text}");
        }
    }

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(bare("\u{1b}[1mServer\u{1b}[0m: x"), "Server: x");
        assert_eq!(bare("\u{1b}[1"), "");
    }
}
