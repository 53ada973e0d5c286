//! Resolves the escapes of JSON strings, in which bodies of bodies have one every few bytes.

use std::borrow::Cow;

/// Bytes that are looked at in words of eight: in a text full of escapes the next one is near.
const NEAR: usize = 32;

/// Unescapes the inside of a JSON string literal (RFC 8259, section 7); what is broken becomes U+FFFD.
pub(super) fn unescape(bytes: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', bytes).is_none() {
        // Twice as fast as the lossy reading, which also takes what is valid apart.
        return match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(bytes),
        };
    }
    let mut out = Copy::of(bytes.len());
    let mut rest = bytes;
    loop {
        let plain = out.until(rest, b'\\', b'\\');
        let tail = rest.get(plain..).unwrap_or_default();
        if tail.is_empty() {
            break;
        }
        rest = tail.get(2..).unwrap_or_default();
        match tail.get(1) {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'u') => rest = unescape_unit(rest, &mut out),
            Some(other) => out.push(*other),
            None => out.push_char(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(out.into_text())
}

/// A copy of a text that is made piece by piece, most of them short.
#[derive(Debug, Default)]
pub(crate) struct Copy {
    /// What was copied, and room behind it.
    bytes: Vec<u8>,
    length: usize,
}

impl Copy {
    /// Makes room for so many bytes.
    fn of(length: usize) -> Self {
        Self { bytes: vec![0; length + NEAR], length: 0 }
    }

    /// Appends what stands before the first of two bytes, or everything; returns how much that is.
    #[inline]
    pub(crate) fn until(&mut self, from: &[u8], one: u8, other: u8) -> usize {
        let mut at = 0;
        if let Some(room) = self.room() {
            // A word at once, and what was too much is overwritten: copies of any length are calls.
            for to in room.as_chunks_mut::<8>().0 {
                let Some(word) = from.get(at..).and_then(|rest| rest.first_chunk::<8>()) else {
                    break;
                };
                *to = *word;
                let hits = either(u64::from_le_bytes(*word), one, other);
                if hits != 0 {
                    at += hits.trailing_zeros() as usize / 8;
                    self.length += at;
                    return at;
                }
                at += 8;
            }
        }
        self.length += at;
        let rest = from.get(at..).unwrap_or_default();
        let count = memchr::memchr2(one, other, rest).unwrap_or(rest.len());
        self.append(rest.get(..count).unwrap_or_default());
        at + count
    }

    /// Appends a byte.
    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        if let Some([first, ..]) = self.room() {
            *first = byte;
            self.length += 1;
        }
    }

    /// Appends a character.
    pub(crate) fn push_char(&mut self, c: char) {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.push(byte),
            _ => self.append(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }

    /// Returns what was copied; what is no UTF-8 became U+FFFD.
    pub(crate) fn into_text(self) -> String {
        let Self { mut bytes, length } = self;
        bytes.truncate(length);
        String::from_utf8(bytes)
            .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if self.bytes.len() < end {
            self.bytes.truncate(self.length);
            self.bytes.extend_from_slice(bytes);
        } else if let Some(to) = self.bytes.get_mut(self.length..end) {
            to.copy_from_slice(bytes);
        }
        self.length = end;
    }

    /// Returns the room behind what was copied.
    #[inline]
    fn room(&mut self) -> Option<&mut [u8; NEAR]> {
        if self.bytes.len() < self.length + NEAR {
            self.bytes.resize(self.length * 2 + NEAR, 0);
        }
        self.bytes.get_mut(self.length..)?.first_chunk_mut()
    }
}

/// Marks, in the top bit of each byte, those that are one of two; exact up to the first mark.
#[inline]
fn either(word: u64, one: u8, other: u8) -> u64 {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let zeros = |w: u64| w.wrapping_sub(LOW) & !w & (LOW << 7);
    zeros(word ^ (LOW * u64::from(one))) | zeros(word ^ (LOW * u64::from(other)))
}

/// Reads `XXXX` (and the low half of a pair) after `\u`, pushes the character, returns what follows.
fn unescape_unit<'b>(after: &'b [u8], out: &mut Copy) -> &'b [u8] {
    let hex = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes.get(..4)?).ok()?;
        u32::from_str_radix(text, 16).ok()
    };
    let Some(unit) = hex(after) else {
        out.push_char(char::REPLACEMENT_CHARACTER);
        return after;
    };
    let rest = after.get(4..).unwrap_or_default();
    if (0xD800..0xDC00).contains(&unit)
        && rest.starts_with(b"\\u")
        && let Some(low) = rest.get(2..).and_then(hex)
        && (0xDC00..0xE000).contains(&low)
    {
        let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        out.push_char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        return rest.get(6..).unwrap_or_default();
    }
    out.push_char(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Text;

    /// The same a byte at a time.
    fn plainly(bytes: &[u8]) -> String {
        let (mut out, mut rest) = (Copy::default(), bytes);
        while let [first, tail @ ..] = rest {
            rest = tail;
            let [escape, tail @ ..] = tail else {
                match first {
                    b'\\' => out.push_char(char::REPLACEMENT_CHARACTER),
                    _ => out.push(*first),
                }
                continue;
            };
            if *first != b'\\' {
                out.push(*first);
                continue;
            }
            rest = tail;
            match escape {
                b'n' => out.push(b'\n'),
                b't' => out.push(b'\t'),
                b'r' => out.push(b'\r'),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'u' => rest = unescape_unit(rest, &mut out),
                other => out.push(*other),
            }
        }
        out.into_text()
    }

    proptest! {
        #[test]
        fn words_at_once_read_what_single_bytes_read(
            text in r#"([ -~é]{0,40}|(\\\\)*\\["/bnrtx]|\\u[0-9a-eD]{4}|\\){0,30}"#,
            end in 0_usize..9,
        ) {
            let bytes = text.as_bytes();
            let bytes = &bytes[..bytes.len().saturating_sub(end)];
            prop_assert_eq!(unescape(bytes), plainly(bytes));
            for (one, other) in [(b'"', b'\\'), (b'\'', b'\\'), (b'a', b'a')] {
                let mut out = Copy::default();
                out.append(b"before");
                let count = out.until(bytes, one, other);
                let first = bytes.iter().position(|b| *b == one || *b == other);
                prop_assert_eq!(count, first.unwrap_or(bytes.len()));
                prop_assert_eq!(&out.bytes[6..out.length], &bytes[..count]);
            }
        }
    }

    #[test]
    fn escapes_of_every_kind_are_resolved() {
        let read = |raw: &'static [u8]| Text::Escaped(raw).read().into_owned();
        assert_eq!(read(br#"a\n\t\"\\\/b"#), "a\n\t\"\\/b");
        assert_eq!(read(br"\u00e9\ud83d\ude00"), "é😀");
    }

    #[test]
    fn broken_escapes_become_replacement_characters_and_lose_nothing_else() {
        let read = |raw: &'static [u8]| Text::Escaped(raw).read().into_owned();
        assert_eq!(read(br"a\ud800b"), "a\u{fffd}b");
        assert_eq!(read(br"a\uZZb"), "a\u{fffd}ZZb");
        assert_eq!(read(b"a\\"), "a\u{fffd}");
        assert_eq!(read(b"a\xffb\\n"), "a\u{fffd}b\n");
    }
}
