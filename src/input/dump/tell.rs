//! Tells a dump from other text by its beginning.

use super::line::{self, Line, bare};
use super::message::Start;

/// Lines that are looked at.
const SAMPLE: usize = 2000;

/// Returns whether text holds conversations: at least one start line where one can stand, with what
/// belongs to it.
///
/// `is_record` tells a line of a request log. A log in which somebody's dump is quoted stays a log.
pub(in crate::input) fn is_dump(text: &str, is_record: impl Fn(&str) -> bool) -> bool {
    let lines: Vec<_> = text.lines().take(SAMPLE).map(bare).collect();
    let mut marks = 0;
    for (line, next) in lines.iter().zip(lines.iter().skip(1).map(Some).chain([None])) {
        let next = next.map_or("", |next| &**next);
        marks += usize::from(is_mark(line, next));
    }
    marks > 0 && lines.iter().filter(|line| is_record(line)).take(marks + 1).count() <= marks
}

fn is_mark(line: &str, next: &str) -> bool {
    match line::read(line) {
        Line::Sent(text) | Line::Got(text) => Start::of(text).is_some(),
        Line::Section(section) => section.head,
        Line::Fence(_, begins) => begins,
        Line::Plain(_) => Start::of(line.trim()).is_some() && is_field(next),
        _ => false,
    }
}

/// Returns whether a line is a field: no message goes without, and a line alone is somebody's list.
fn is_field(line: &str) -> bool {
    let Some((name, _)) = line.split_once(':') else { return false };
    let name = name.trim();
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> bool {
        is_dump(text, |line| line.starts_with("192.0.2."))
    }

    #[test]
    fn conversations_of_every_printer_are_told() {
        for text in [
            "*   Trying 192.0.2.1:80...\n> GET / HTTP/1.1\r\n",
            "It says:\n\n    > GET / HTTP/1.1\n    > Host: a\n",
            "< HTTP/2 401 \n< date: x\n",
            "02:29:33.311055 => Send header, 378 bytes (0x17a)\n0000: GET / HTTP/1.1\n",
            "---request begin---\nGET / HTTP/1.1\n",
            "HTTP request sent, awaiting response... \n  HTTP/1.1 401 Unauthorized\n  Date: x\n",
            "GET / HTTP/1.1\nHost: a\n",
            "### one\nPOST /token HTTP/1.1\nhost: a\n\na=b",
            "> GET / HTTP/1.1\n> Host: a\n>\n> HTTP/1.1 401 Unauthorized\n",
        ] {
            assert!(told(text), "{text}");
        }
    }

    #[test]
    fn logs_and_prose_that_hold_such_words_are_none() {
        for text in [
            "192.0.2.1 - - [x] \"GET / HTTP/1.1\" 401 0\n192.0.2.2 - - \"GET / HTTP/1.1\" 200 1\n",
            "2026-01-01 DEBUG > GET / HTTP/1.1\n",
            "We sent GET / HTTP/1.1 and got HTTP/1.1 401.\n",
            "GET / HTTP/1.1\nGET /a HTTP/1.1\n",
            "GET /a 401 0.2 ms - 12\n",
            "",
        ] {
            assert!(!told(text), "{text}");
        }
    }

    #[test]
    fn a_log_in_which_a_dump_is_quoted_stays_a_log() {
        let log = "192.0.2.1 - - \"GET / HTTP/1.1\" 401 0\n".repeat(5);
        assert!(!told(&format!("{log}> GET / HTTP/1.1\n> Host: a\n{log}")));
    }
}
