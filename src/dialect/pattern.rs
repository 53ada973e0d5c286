//! Regular expressions that are compiled when a text first needs them, and for texts of ASCII alone apart.
//!
//! Nearly all texts are of ASCII. What a pattern finds in such a one does not depend on the letters of other
//! scripts, but to compile all of these into `\s`, `\d` and `.` took ten times as long as the rest of it: a third
//! of the time in which the program starts.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder, bytes};

/// Bytes of the table that each worker may fill: only refusals come here.
const TABLE: usize = 1 << 18;

/// How letters of other scripts are written that are ASCII in another case (`ſ` and the Kelvin sign), or may be.
const FOLDED: [&str; 5] = ["\u{17F}", "\u{212A}", r"\x{", r"\u", r"\U"];

/// A regular expression, in any case of the letters.
#[derive(Debug)]
pub(super) struct Pattern {
    text: String,
    /// What it is on texts of ASCII, where that is not the same.
    in_ascii: Option<String>,
    any: OnceLock<Option<Regex>>,
    ascii: OnceLock<Option<bytes::Regex>>,
}

/// What the groups of a pattern caught.
#[derive(Debug)]
pub(super) enum Caught<'t> {
    Any(regex::Captures<'t>),
    Ascii(&'t str, bytes::Captures<'t>),
}

impl<'t> Caught<'t> {
    /// Returns what a group caught, by its name.
    pub(super) fn name(&self, name: &str) -> Option<&'t str> {
        match self {
            Self::Any(captures) => captures.name(name).map(|found| found.as_str()),
            Self::Ascii(text, captures) => text.get(captures.name(name)?.range()),
        }
    }
}

impl Pattern {
    pub(super) fn of(text: impl Into<String>) -> Self {
        let (any, ascii) = (OnceLock::new(), OnceLock::new());
        Self { text: text.into(), in_ascii: None, any, ascii }
    }

    /// Takes a pattern in whose classes some letters are no ASCII: there these mean nothing for texts that are.
    pub(super) fn with_others(text: impl Into<String>, others: &[char]) -> Self {
        let text = text.into();
        Self { in_ascii: Some(text.replace(others, "")), ..Self::of(text) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns what its groups catch in a text; `None` where it does not match, or is no regular expression.
    pub(super) fn captures<'t>(&self, text: &'t str) -> Option<Caught<'t>> {
        if text.is_ascii()
            && let Some(regex) = self.ascii.get_or_init(|| self.compile_in_ascii())
        {
            return Some(Caught::Ascii(text, regex.captures(text.as_bytes())?));
        }
        let regex = self.any.get_or_init(|| self.compile().ok()).as_ref()?;
        Some(Caught::Any(regex.captures(text)?))
    }

    /// Compiles it for all texts.
    pub(super) fn compile(&self) -> Result<Regex, regex::Error> {
        RegexBuilder::new(&self.text).case_insensitive(true).dfa_size_limit(TABLE).build()
    }

    /// Compiles it for those of ASCII; `None` where it might find something else in them.
    fn compile_in_ascii(&self) -> Option<bytes::Regex> {
        let text = self.in_ascii.as_ref().unwrap_or(&self.text);
        if FOLDED.iter().any(|letter| text.contains(letter)) {
            return None;
        }
        let mut builder = bytes::RegexBuilder::new(text);
        builder.unicode(false).case_insensitive(true).dfa_size_limit(TABLE).build().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces of which patterns are made.
    const PIECES: [&str; 30] = [
        "a",
        "K",
        "s",
        "é",
        "ſ",
        "\u{212A}",
        r"\x{17F}",
        r"\u212A",
        r"\x41",
        r"\xE9",
        " ",
        ".",
        "^",
        "$",
        r"\b",
        r"\B",
        r"\d",
        r"\D",
        r"\s",
        r"\W",
        r"\w+",
        "[^a]",
        "[a-s]",
        "[^é]",
        "(?-i:K)",
        "(?P<x>a|k)",
        "(?:",
        ")",
        "*?",
        "|",
    ];

    fn spans(caught: Option<Caught<'_>>) -> Option<[Option<String>; 2]> {
        caught.map(|caught| ["whole", "x"].map(|name| caught.name(name).map(str::to_owned)))
    }

    proptest! {
        #[test]
        fn a_text_of_ascii_is_read_as_any_other(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..9),
            texts in prop::collection::vec("[akKsS1 .\\n_\\x0b\\x1f]{0,9}", 20),
        ) {
            let pattern = Pattern::of(format!("(?P<whole>{})", pieces.concat()));
            let Ok(regex) = pattern.compile() else { return Ok(()) };
            for text in &texts {
                let wanted = spans(regex.captures(text).map(Caught::Any));
                prop_assert_eq!(spans(pattern.captures(text)), wanted, "{:?} in {:?}", pattern.text, text);
            }
        }
    }

    #[test]
    fn letters_that_are_no_ascii_change_nothing_for_texts_that_are() {
        let pattern = Pattern::with_others(r#"(?P<whole>["“](?P<x>[^"”]+)["”])"#, &['“', '”']);
        for text in [r#"a "b" c"#, "“b”", r#""b”"#, "none"] {
            let wanted = spans(pattern.compile().unwrap().captures(text).map(Caught::Any));
            assert_eq!(spans(pattern.captures(text)), wanted, "{text}");
        }
        assert!(pattern.compile_in_ascii().is_some());
    }

    #[test]
    fn a_pattern_that_is_none_finds_nothing() {
        assert!(Pattern::of("(a").captures("a").is_none());
    }
}
