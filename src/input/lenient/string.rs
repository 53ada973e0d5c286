//! Strings with every escape that programs write, and quotes that they forgot to escape.

use memchr::memchr2;

use super::Reader;
use crate::input::skip::Repair;

/// Strings up to this length are searched byte by byte, which is faster than to start a search.
const SHORT_BYTES: usize = 32;

/// Blanks that are looked over to tell a closing quote from one inside the text.
const LOOK_AHEAD_BYTES: usize = 32;

impl Reader<'_> {
    /// Reads a string that starts at the quote here; `None` when its end is missing.
    pub(super) fn string(&mut self, quote: u8, depth: usize) -> Option<String> {
        self.at += 1;
        if quote == b'\'' {
            self.note(Repair::SingleQuotes);
        }
        if let Some(text) = self.short_string(quote, depth) {
            return Some(text);
        }
        let mut text = Vec::new();
        loop {
            let rest = self.rest();
            let Some(run) = memchr2(quote, b'\\', rest) else {
                self.at = self.bytes.len();
                return self.cut();
            };
            let plain = rest.get(..run).unwrap_or_default();
            text.extend_from_slice(plain);
            if plain.iter().any(|b| *b < 0x20) {
                self.note(Repair::RawControl);
            }
            self.at += run;
            if self.peek() == Some(b'\\') {
                self.at += 1;
                self.escape(&mut text)?;
            } else if depth > 0 && self.quote_is_text() {
                self.note(Repair::BareQuote);
                text.push(quote);
                self.at += 1;
            } else {
                self.at += 1;
                break;
            }
        }
        Some(String::from_utf8(text).unwrap_or_else(|e| {
            self.note(Repair::InvalidUtf8);
            String::from_utf8_lossy(e.as_bytes()).into_owned()
        }))
    }

    /// Reads a string that is short and needs no repair: nearly all names and most values.
    fn short_string(&mut self, quote: u8, depth: usize) -> Option<String> {
        let rest = self.rest();
        let end =
            rest.iter().take(SHORT_BYTES).position(|b| *b == quote || *b == b'\\' || *b < 0x20)?;
        (rest.get(end) == Some(&quote)).then_some(())?;
        let text = std::str::from_utf8(rest.get(..end)?).ok()?.to_owned();
        self.at += end;
        if depth > 0 && self.quote_is_text() {
            self.at -= end;
            return None;
        }
        self.at += 1;
        Some(text)
    }

    /// Whether the quote here is part of the text: `"user "bob" denied"`.
    ///
    /// After the quote that closes a string stands a comma, a colon, a bracket or the end, so on
    /// valid JSON this is never true. A letter right after it, or after blanks on the same line,
    /// goes on with a sentence; another quote rather says that a comma is missing.
    fn quote_is_text(&self) -> bool {
        let after = self.bytes.get(self.at + 1..).unwrap_or_default();
        match after.first() {
            Some(b' ') => after
                .iter()
                .take(LOOK_AHEAD_BYTES)
                .find(|b| **b != b' ')
                .is_some_and(u8::is_ascii_alphanumeric),
            Some(b) => b.is_ascii_alphanumeric(),
            None => false,
        }
    }

    /// Reads what follows a backslash; `None` when the input ends inside it.
    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let Some(kind) = self.peek() else { return self.cut() };
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' => text.push(kind),
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => self.unicode(text)?,
            b'x' => {
                self.note(Repair::OddEscape);
                match self.hex(2) {
                    // One byte: nginx writes each byte of UTF-8 by itself.
                    Some(byte) => text.extend(u8::try_from(byte)),
                    None => text.extend_from_slice(b"\\x"),
                }
            }
            b'\'' => {
                self.note(Repair::OddEscape);
                text.push(b'\'');
            }
            other => {
                self.note(Repair::OddEscape);
                text.extend_from_slice(&[b'\\', other]);
            }
        }
        Some(())
    }

    fn unicode(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let Some(unit) = self.hex(4) else {
            if self.rest().len() < 4 && memchr::memchr(b'"', self.rest()).is_none() {
                return self.cut();
            }
            self.note(Repair::OddEscape);
            push(text, char::REPLACEMENT_CHARACTER);
            return Some(());
        };
        let mut code = unit;
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            match self.hex(4) {
                Some(low) if (0xDC00..0xE000).contains(&low) => {
                    code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                }
                _ => self.at = back,
            }
        }
        let c = char::from_u32(code);
        if c.is_none() {
            self.note(Repair::LoneSurrogate);
        }
        push(text, c.unwrap_or(char::REPLACEMENT_CHARACTER));
        Some(())
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits)?;
        let value =
            text.iter().try_fold(0, |sum, b| Some(sum * 16 + char::from(*b).to_digit(16)?))?;
        self.at += digits;
        Some(value)
    }
}

fn push(text: &mut Vec<u8>, c: char) {
    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
