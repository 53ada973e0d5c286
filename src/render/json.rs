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
    serde_json::to_writer_pretty(Careful(&mut *out), value)?;
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
    Ok(serde_json::to_writer(Careful(out), value)?)
}

/// Writes the explanation of a token as one indented JSON object with a line end.
///
/// # Errors
/// Only those of `out`.
pub fn token(told: &Explained, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(Careful(out), told)?;
    out.write_all(b"\n")
}

/// Escapes what JSON allows raw inside strings but a terminal should not see: DEL, C1 controls,
/// invisible and bidirectional characters.
///
/// Works on the finished text: outside of strings JSON is ASCII, and `serde_json` hands over whole
/// pieces of strings, so a character is never cut in two.
struct Careful<'a>(&'a mut dyn Write);

impl Write for Careful<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.iter().all(|b| *b < 0x7f) {
            return self.0.write(bytes);
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.0.write(bytes);
        };
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| *c > '~' && is_unsafe(*c)) {
            self.0.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(self.0, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_all(rest.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_steer_a_terminal_are_escaped() {
        let mut out = Vec::new();
        let hostile = "a\u{1b}[31m\u{9b}31m\u{202e}b\u{7f}\u{e0041}é";
        serde_json::to_writer(Careful(&mut out), hostile).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, r#""a\u001b[31m\u009b31m\u202eb\u007f\udb40\udc41é""#);
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
