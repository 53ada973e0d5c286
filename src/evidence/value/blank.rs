//! Blanks as senders write them, visible or not.

use std::borrow::Cow;

pub(in crate::evidence) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

/// Returns where the first blank stands.
pub(super) fn find_blank(text: &str) -> Option<usize> {
    if !text.is_ascii() {
        return text.find(is_blank);
    }
    let bytes = text.as_bytes();
    // A line break in a field is rare, a blank stands near its start.
    let end = memchr::memchr3(b' ', b'\t', b'\r', bytes);
    let before = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
    memchr::memchr(b'\n', before).or(end)
}

/// Returns whether text has white space of any kind.
pub(super) fn has_space(text: &str) -> bool {
    if !text.is_ascii() {
        return text.contains(char::is_whitespace);
    }
    // All bytes, so that many are looked at at once.
    text.bytes().fold(false, |met, b| met | matches!(b, b'\t'..=b'\r' | b' '))
}

/// No-break and zero-width blanks, the byte order mark and the soft hyphen.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202f}' | '\u{2060}' | '\u{feff}'
    )
}

pub(super) fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_blank)),
        Cow::Owned(text) => Cow::Owned(text.trim_matches(is_blank).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blanks_are_found_as_letter_by_letter(text in "[a-c]{0,3}[\\u{0}-\\u{21}\\u{85}\\u{a0}é]{0,2}[a-c \\t\\r\\n]{0,3}") {
            prop_assert_eq!(find_blank(&text), text.find(is_blank));
            prop_assert_eq!(has_space(&text), text.contains(char::is_whitespace));
        }
    }
}
