//! The report as JSON, and one exchange as a line of JSON.
//!
//! Field names and order are those of [`Report`] and [`Line`], which are the contract's own structs.
//! Characters that a terminal could act on, or that reorder text, leave as `\uXXXX`.

use std::io::{self, Write};

use serde::Serialize;

use super::text::is_unsafe;
use super::{LineFormat, Render};
use crate::model::{Explained, Line, Report};

/// The whole report as one indented JSON object with a line end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Render for Json {
    fn render(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        pretty(report, out)
    }
}

/// Writes a value indented, with a line end.
pub(super) fn pretty(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Careful::write(out, |to| serde_json::to_writer_pretty(to, value))?;
    out.write_all(b"\n")
}

/// JSON Lines: an exchange a line, and nothing before them.
pub const LINES: LineFormat = LineFormat { head: |_| Ok(()), line };

/// Writes one exchange as one line of JSON.
///
/// # Errors
/// Only those of `out`.
pub fn line(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    write(line, out)?;
    out.write_all(b"\n")
}

/// Writes a value without blanks.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    Careful::write(out, |to| serde_json::to_writer(to, value))
}

/// Writes the explanation of a token as one indented JSON object with a line end.
///
/// # Errors
/// Only those of `out`.
pub fn token(told: &Explained, out: &mut dyn Write) -> io::Result<()> {
    pretty(told, out)
}

/// Bytes that are held back and looked through together: a report is written in pieces of a few.
const HELD: usize = 8 << 10;

/// Escapes what JSON allows raw inside strings but a terminal should not see: DEL, C1 controls,
/// invisible and bidirectional characters.
///
/// Works on the finished text: outside of strings JSON is ASCII, and `serde_json` hands over whole
/// pieces of strings, so a character is never cut in two.
struct Careful<'a> {
    out: &'a mut dyn Write,
    held: Vec<u8>,
}

impl<'a> Careful<'a> {
    /// Hands over all that is written in `give`.
    fn write(
        out: &'a mut dyn Write,
        give: impl FnOnce(&mut Self) -> serde_json::Result<()>,
    ) -> io::Result<()> {
        let mut careful = Self { out, held: Vec::new() };
        give(&mut careful)?;
        careful.hand_over()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        pass(&self.held, self.out)?;
        self.held.clear();
        Ok(())
    }
}

impl Write for Careful<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.held.len() + bytes.len() > HELD {
            self.hand_over()?;
        }
        if bytes.len() > HELD {
            pass(bytes, self.out)?;
        } else {
            self.held.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.out.flush()
    }
}

/// Writes whole characters, some of them escaped.
fn pass(bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    if bytes.iter().fold(0, |highest, byte| highest.max(*byte)) < 0x7f {
        return out.write_all(bytes);
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.write_all(bytes);
    };
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| *c > '~' && is_unsafe(*c)) {
        out.write_all(&rest.as_bytes()[..at])?;
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}")?;
        }
        rest = &rest[at + c.len_utf8()..];
    }
    out.write_all(rest.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_steer_a_terminal_are_escaped() {
        let mut out = Vec::new();
        let hostile = "a\u{1b}[31m\u{9b}31m\u{202e}b\u{7f}\u{e0041}é";
        write(&hostile, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, r#""a\u001b[31m\u009b31m\u202eb\u007f\udb40\udc41é""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }

    #[test]
    fn a_long_text_is_escaped_wherever_it_is_cut() {
        for (length, odd) in
            (HELD - 40..HELD + 8).flat_map(|n| [(n, "é"), (n, "\u{202e}"), (n, "\u{e0041}")])
        {
            let long = "a".repeat(length);
            let texts = [long.as_str(), odd, "b", odd, &long];
            let mut out = Vec::new();
            pretty(&texts, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(!text.contains(is_unsafe_but_a_line_end), "{length}");
            assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), texts);
        }
    }

    fn is_unsafe_but_a_line_end(c: char) -> bool {
        c != '\n' && is_unsafe(c)
    }
}
