//! Text of a capture as Markdown that stays text: no link, mention, reference, tag, table cell or emphasis.
//!
//! Backslashes and entities do not do: what GitHub makes of `@name`, `#12`, `a/b#3`, commit hashes and
//! addresses it looks for in the finished text. In code it looks for nothing. So a word is either plain
//! (letters, or a number) or code; there is no third.

use crate::render::text::escape;

/// Longest code, in characters; an endpoint is cut in its middle.
const LONGEST: usize = 200;

/// Writes a value as code, on one line.
pub(super) fn code(value: &str) -> String {
    let value = escape(value);
    let value = shorten(&value);
    if value.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let longest = value.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if value.starts_with(['`', ' ']) || value.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{value}{pad}{fence}")
}

/// Writes a sentence: what stands in backticks is code, and so is every word that could mean something.
pub(super) fn prose(text: &str) -> String {
    let text = escape(text);
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd number of backticks is not ours to guess at.
    if pieces.len().is_multiple_of(2) {
        return words(&text);
    }
    let mut out = String::new();
    for (i, piece) in pieces.into_iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        if i % 2 == 1 {
            // Two codes in a row would grow together.
            let gap = if out.ends_with('`') { " " } else { "" };
            out = out + gap + &code(piece);
        } else {
            out += &words(piece);
        }
    }
    out
}

/// Makes any text fit a cell of a table.
pub(super) fn cell(markdown: &str) -> String {
    markdown.replace('|', "\\|")
}

/// Writes lines as a block of code that none of them can end.
pub(super) fn fenced(lines: &str) -> String {
    let longest = lines.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}text\n{}\n{fence}\n", lines.trim_matches('\n'))
}

fn shorten(value: &str) -> String {
    let length = value.chars().count();
    if length <= LONGEST {
        return value.to_owned();
    }
    let half = LONGEST / 2;
    let head = value.chars().take(half);
    head.chain(['…']).chain(value.chars().skip(length - half)).collect()
}

fn words(text: &str) -> String {
    let mut out = String::new();
    for (i, piece) in text.split_inclusive(' ').enumerate() {
        let word = piece.trim_end_matches(' ');
        if !word.is_empty() {
            let core = word.trim_start_matches(OPENING).trim_end_matches(CLOSING);
            let (before, after) = word.split_once(core).unwrap_or(("", ""));
            // `1.` begins a list.
            let list = i == 0
                && core != word
                && !core.is_empty()
                && core.bytes().all(|b| b.is_ascii_digit());
            if list {
                out += &code(word);
            } else if core.is_empty() || is_plain(core) {
                out += word;
            } else {
                let gap = if before.is_empty() && out.ends_with('`') { " " } else { "" };
                out = out + gap + before + &code(core) + after;
            }
        }
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// What may stand before a word or behind it without meaning anything to Markdown.
const OPENING: [char; 4] = ['(', '"', '“', '‘'];
const CLOSING: [char; 10] = [')', '"', '”', '’', ',', '.', ';', ':', '?', '…'];

/// Whether a word is letters (`isn't`, `well-known`) or a number (`12.5`, `14:29:32`, `60%`).
fn is_plain(word: &str) -> bool {
    let letters = |word: &str| {
        word.split(['\'', '’', '-'])
            .all(|part| !part.is_empty() && part.chars().all(char::is_alphabetic))
    };
    let number = |word: &str| {
        let from = word.trim_start_matches(['-', '±']);
        from.starts_with(|c: char| c.is_ascii_digit())
            && from.chars().all(|c| c.is_ascii_digit() || ".,:%-TZ".contains(c))
    };
    // Seven hex digits could be a commit.
    let commit = word.len() >= 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
    (letters(word) || number(word) && !word.starts_with('-')) && !commit
        || matches!(word, "·" | "±" | "→")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_github_is_code() {
        for (text, markdown) in [
            ("see https://a.example/x.", "see `https://a.example/x`."),
            ("www.a.example, ask @octocat", "`www.a.example`, ask `@octocat`"),
            ("(#12) GH-12 a/b#3", "(`#12`) `GH-12` `a/b#3`"),
            ("deadbeef 1234567 a@b.example", "`deadbeef` `1234567` `a@b.example`"),
            ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
            ("*bold* _it_ ~~x~~ [a](b) ![i](u)", "`*bold*` `_it_` `~~x~~` `[a](b`) `![i](u`)"),
            ("a | b", "a `|` b"),
            ("a\nb\u{202e}c", "`a\\nb\\u{202e}c`"),
            ("1. first", "`1.` first"),
            ("- item", "`-` item"),
            ("# heading", "`#` heading"),
            ("&lt; \\ $x$ :tada:", "`&lt`; `\\` `$x$` `:tada`:"),
            ("<!-- x", "`<!--` x"),
        ] {
            assert_eq!(prose(text), markdown, "{text:?}");
        }
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        for text in [
            "93 of 1,284 requests failed, since 10:31:00, most (71) because it isn't well-known: 76.3%.",
            "from 2026-11-24T14:29:32.828Z to 14:30",
            "exp passed 75 s before (± 1 s)",
        ] {
            assert_eq!(prose(text), text);
        }
    }

    #[test]
    fn code_cannot_be_ended_from_within() {
        assert_eq!(prose("rename `a` to (`b|c`), then"), "rename `a` to (`b|c`), then");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code(" a"), "`  a `");
        assert_eq!(code(""), "(empty)");
        assert_eq!(prose("a stray ` here"), "a stray `` ` `` here");
        assert_eq!(cell(&code("a|b")), "`a\\|b`");
        assert_eq!(fenced("a\n```\nb\n"), "````text\na\n```\nb\n````\n");
        assert_eq!(code(&"x".repeat(9999)).chars().count(), 203);
    }
}
