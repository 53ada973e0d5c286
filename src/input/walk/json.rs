//! Steps over the parts of a JSON text: the grammar below the walk over an entry.

use std::borrow::Cow;

use memchr::memchr;

use crate::input::scan::{container_end, skip_blanks, string_end};
use crate::model::Text;

/// Why a walk ended early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::input) enum Stop {
    /// The window ends inside the entry.
    More,
    /// Something that only the patient reading understands.
    Odd,
}

pub(in crate::input) type Walk<T> = Result<T, Stop>;

/// A place in a JSON text.
pub(in crate::input) struct Json<'a> {
    bytes: &'a [u8],
    /// Everything before is read.
    pub(in crate::input) at: usize,
}

impl<'a> Json<'a> {
    pub(in crate::input) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(in crate::input) fn skip_list(&mut self) -> Walk<()> {
        if self.peek()? == b'[' { self.skip_container() } else { Err(Stop::Odd) }
    }

    pub(in crate::input) fn skip_container(&mut self) -> Walk<()> {
        match self.peek()? {
            b'{' | b'[' => {
                self.at = container_end(self.bytes, self.at).ok_or(Stop::More)?;
                Ok(())
            }
            _ => Err(Stop::Odd),
        }
    }

    pub(in crate::input) fn skip_value(&mut self) -> Walk<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' | b'[' => self.skip_container(),
            _ => self.word().map(drop),
        }
    }

    /// Reads a string as text; invalid UTF-8 and broken escapes become U+FFFD.
    #[inline]
    pub(in crate::input) fn text(&mut self) -> Walk<Cow<'a, str>> {
        self.string().map(Self::text_of)
    }

    /// Returns the text of the inside of a string and of whether it may hold a backslash.
    #[inline]
    pub(super) fn text_of((raw, escaped): (&'a [u8], bool)) -> Cow<'a, str> {
        if escaped && memchr(b'\\', raw).is_some() {
            return unescaped(raw);
        }
        // Twice as fast as the lossy reading, which also takes what is valid apart.
        match std::str::from_utf8(raw) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(raw),
        }
    }

    /// Returns the bytes between two indices; none where the second does not come after the first.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a [u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Returns whether these bytes stand at an index.
    #[inline]
    pub(super) fn stands_at(&self, wanted: &[u8], at: usize) -> bool {
        self.bytes.get(at..at + wanted.len()) == Some(wanted)
    }

    /// Returns the string whose inside starts behind these bytes, as [`Self::string`] does, and the index of the
    /// quote at its end, if they stand at an index.
    #[inline]
    pub(super) fn string_behind(
        &self,
        lead: &[u8],
        at: usize,
    ) -> Option<((&'a [u8], bool), usize)> {
        if !self.stands_at(lead, at) {
            return None;
        }
        let from = at + lead.len();
        let (end, escaped) = string_end(self.bytes, from)?;
        Some(((self.slice(from, end), escaped), end))
    }

    /// Reads a string as text; `None` when it is empty.
    pub(in crate::input) fn filled_text(&mut self) -> Walk<Option<Cow<'a, str>>> {
        Ok(Some(self.text()?).filter(|text| !text.is_empty()))
    }

    /// Reads a string; returns its inside and whether that may hold a backslash.
    #[inline]
    pub(in crate::input) fn string(&mut self) -> Walk<(&'a [u8], bool)> {
        if self.peek()? != b'"' {
            return Err(Stop::Odd);
        }
        let from = self.at + 1;
        let (end, escaped) = string_end(self.bytes, from).ok_or(Stop::More)?;
        self.at = end + 1;
        Ok((self.bytes.get(from..end).unwrap_or_default(), escaped))
    }

    /// Reads a number as it stands.
    pub(in crate::input) fn number(&mut self) -> Walk<&'a str> {
        let word = self.word()?;
        match word.first() {
            Some(b'-' | b'0'..=b'9') => std::str::from_utf8(word).map_err(|_| Stop::Odd),
            _ => Err(Stop::Odd),
        }
    }

    /// Reads a number, `true`, `false` or `null` as it stands.
    pub(in crate::input) fn word(&mut self) -> Walk<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-' | b'+' | b'E'))
            .ok_or(Stop::More)?;
        let word = rest.get(..length).unwrap_or_default();
        let known = matches!(word.first(), Some(b'-' | b'0'..=b'9'))
            || matches!(word, b"true" | b"false" | b"null");
        if !known {
            return Err(Stop::Odd);
        }
        self.at += length;
        Ok(word)
    }

    /// Enters an object and returns its first name, or `None` when it is empty.
    #[inline]
    pub(in crate::input) fn open(&mut self) -> Walk<Option<&'a [u8]>> {
        self.expect(b'{')?;
        self.blanks();
        if self.peek()? == b'}' {
            self.at += 1;
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Returns the next name of an object, or `None` at its end.
    #[inline]
    pub(in crate::input) fn next(&mut self) -> Walk<Option<&'a [u8]>> {
        self.blanks();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.blanks();
                self.key().map(Some)
            }
            b'}' => {
                self.at += 1;
                Ok(None)
            }
            _ => Err(Stop::Odd),
        }
    }

    /// Reads a name and the colon; leaves the walker at the value.
    #[inline]
    pub(in crate::input) fn key(&mut self) -> Walk<&'a [u8]> {
        let (key, escaped) = self.string()?;
        if escaped && key.contains(&b'\\') {
            return Err(Stop::Odd);
        }
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        Ok(key)
    }

    /// Enters a list; returns whether it has an item.
    #[inline]
    pub(in crate::input) fn open_list(&mut self) -> Walk<bool> {
        self.expect(b'[')?;
        self.blanks();
        if self.peek()? == b']' {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    /// Goes to the next item of a list; returns whether there is one.
    #[inline]
    pub(in crate::input) fn next_item(&mut self) -> Walk<bool> {
        self.blanks();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.blanks();
                Ok(true)
            }
            b']' => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(Stop::Odd),
        }
    }

    #[inline]
    pub(in crate::input) fn expect(&mut self, byte: u8) -> Walk<()> {
        if self.peek()? != byte {
            return Err(Stop::Odd);
        }
        self.at += 1;
        Ok(())
    }

    #[inline]
    pub(in crate::input) fn peek(&self) -> Walk<u8> {
        self.bytes.get(self.at).copied().ok_or(Stop::More)
    }

    #[inline]
    pub(in crate::input) fn blanks(&mut self) {
        self.at = skip_blanks(self.bytes, self.at);
    }
}

/// Unescapes the inside of a string that holds a backslash.
fn unescaped<'a>(raw: &[u8]) -> Cow<'a, str> {
    Cow::Owned(Text::Escaped(raw).read().into_owned())
}
