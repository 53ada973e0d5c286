//! Words that stand in place of a credential: placeholders, masks, cuts.

use std::ops::RangeInclusive;

/// Words that programs write where a value was never filled in.
const UNFILLED: &[&str] = &[
    "undefined",
    "null",
    "none",
    "nil",
    "nan",
    "false",
    "[object object]",
    "[object promise]",
    "[object undefined]",
    "(null)",
    "<nil>",
    "token",
    "jwt",
    "bearer",
    "string",
    "xxx",
    "todo",
    "tbd",
    "changeme",
    "change_me",
    "replace_me",
    "replaceme",
    "replace-me",
    "your_token",
    "yourtoken",
    "access_token",
    "accesstoken",
    "access-token",
    "api_key",
    "apikey",
    "api-key",
    "auth_token",
    "id_token",
    "my_token",
    "mytoken",
    "token_here",
    "insert_token_here",
    "jwt_token",
    "undefined undefined",
    "{}",
    "{token}",
    "[token]",
    "...token...",
];

/// What recorders and sanitizers write in place of a value.
const MASKS: &[&str] = &[
    "redacted",
    "filtered",
    "masked",
    "removed",
    "hidden",
    "sanitized",
    "sanitised",
    "obfuscated",
    "scrubbed",
    "censored",
    "stripped",
    "omitted",
    "anonymized",
    "anonymised",
    "suppressed",
    "sensitive",
    "confidential",
];

/// Bytes of a longer text are no word, so neither placeholder nor mask but for one made of stars.
pub(super) const LONGEST_WORD: usize = 64;

/// Characters that they have.
const LENGTHS: RangeInclusive<usize> = 6..=12;

/// Returns whether text is a stand-in for a value that was never filled in.
///
/// `test` is none: it is a real token on many a test server.
pub(super) fn is_placeholder(text: &str) -> bool {
    if text.len() > LONGEST_WORD || text.is_empty() {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    if UNFILLED.contains(&lower.as_str()) {
        return true;
    }
    is_template(text) || is_instruction(&lower)
}

/// `{{token}}`, `${TOKEN}`, `$TOKEN`, `<token>`, `%TOKEN%`, `#{token}`, `<%= token %>`, `:token`.
fn is_template(text: &str) -> bool {
    template(text).is_some()
}

/// Returns the name inside a template, with the marks around it.
fn template(text: &str) -> Option<(&'static str, &str, &'static str)> {
    const PAIRS: &[(&str, &str)] = &[
        ("{{", "}}"),
        ("${{", "}}"),
        ("${", "}"),
        ("$(", ")"),
        ("#{", "}"),
        ("<%=", "%>"),
        ("<", ">"),
        ("%(", ")s"),
        ("{", "}"),
        ("__", "__"),
        ("@@", "@@"),
    ];
    // A secret that a person made up may begin so too (`$ecret1`): the name of a variable has no digit, or it
    // is written in capitals.
    const BARE: &[(&str, &str)] = &[("$", ""), (":", ""), ("%", "%")];
    let is_bare = |name: &str| {
        is_variable(name)
            && name.len() >= 3
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !(name.bytes().any(|b| b.is_ascii_digit())
                && name.bytes().any(|b| b.is_ascii_lowercase()))
    };
    let inside = |&(open, close): &(&'static str, &'static str)| {
        Some((open, text.strip_prefix(open)?.strip_suffix(close)?, close))
    };
    let mut marked = PAIRS.iter().filter_map(inside).filter(|(_, name, _)| is_variable(name));
    let mut bare = BARE.iter().filter_map(inside).filter(|(_, name, _)| is_bare(name));
    marked.next().or_else(|| bare.next())
}

/// Returns a placeholder as it may be shown: a name inside a template only where it is one of a credential, as
/// somebody's secret may have that form.
pub(super) fn shown_placeholder(text: &str) -> String {
    const NAMES: &[&str] = &[
        "token",
        "key",
        "jwt",
        "secret",
        "auth",
        "bearer",
        "access",
        "api",
        "password",
        "credential",
        "session",
        "cookie",
        "user",
        "value",
        "here",
    ];
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(32).collect();
    let Some((open, name, close)) = template(text) else { return short(text) };
    let lower = name.to_ascii_lowercase();
    let is_name =
        !lower.bytes().any(|b| b.is_ascii_digit()) && NAMES.iter().any(|part| lower.contains(part));
    if is_name || UNFILLED.contains(&text.to_ascii_lowercase().as_str()) {
        short(text)
    } else {
        format!("{open}…{close}")
    }
}

/// A name as a program or a person writes it, not a value.
fn is_variable(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty()
        && name.len() <= 48
        && name.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b' ' | b':' | b'[' | b']')
        })
        && !crate::token::is_random(name)
}

/// Returns what a program wrote in place of a password that it had to fill in, without the name inside.
///
/// A person may choose any word as a password, `$ecret1` or `changeme`: only what nobody would choose is none.
pub(super) fn unfilled_password(text: &str) -> Option<&'static str> {
    const LITERALS: [&str; 4] = ["undefined", "null", "[object Object]", "(null)"];
    const TEMPLATES: [(&str, &str, &str); 5] = [
        ("{{", "}}", "{{…}}"),
        ("${", "}", "${…}"),
        ("#{", "}", "#{…}"),
        ("<%=", "%>", "<%=…%>"),
        ("%(", ")s", "%(…)s"),
    ];
    let is_inside = |open: &str, close: &str| {
        text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_variable)
    };
    LITERALS.into_iter().find(|literal| *literal == text).or_else(|| {
        let found = TEMPLATES.into_iter().find(|(open, close, _)| is_inside(open, close));
        found.map(|(.., shown)| shown)
    })
}

/// `YOUR_TOKEN`, `your-token-here`, `paste token here`, `insert-api-key`.
fn is_instruction(lower: &str) -> bool {
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    let verb = |word: &str| {
        matches!(
            word,
            "your" | "insert" | "paste" | "replace" | "enter" | "put" | "example" | "add"
        )
    };
    let noun = |word: &str| {
        ["token", "key", "jwt", "secret", "here", "value", "password", "credential"]
            .iter()
            .any(|n| word.contains(n))
    };
    lower.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'.'))
        && !lower.bytes().any(|b| b.is_ascii_digit())
        && words.next().is_some_and(verb)
        && words.any(noun)
}

/// Returns the mask that stands in place of a value, as a word; `None` when the text is no mask.
///
/// Shapes: `REDACTED`, `[Redacted]`, `["REDACTED"]`, `[]`, `***`, `<redacted>`,
/// `[authorization redacted]`, `xxxxx`, and values whose middle is starred out.
pub(super) fn mask_word(text: &str) -> Option<String> {
    let text = text.trim();
    if text == "[]" {
        return Some("[]".to_owned());
    }
    let has_mark = !text.is_ascii() || text.contains('*');
    if has_mark && ["***", "•••", "███"].iter().any(|stars| text.contains(stars)) {
        return Some("***".to_owned());
    }
    if text.len() > LONGEST_WORD {
        return None;
    }
    let word = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if word.is_empty() {
        let starred = text.chars().all(|c| matches!(c, '*' | '•' | '█' | '[' | ']' | '<' | '>'));
        return (starred && text.chars().any(|c| matches!(c, '*' | '•' | '█')))
            .then(|| "***".to_owned());
    }
    let words = word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    if words.clone().count() <= 5
        && let Some(found) = words
            .filter(|w| LENGTHS.contains(&w.len()))
            .find(|w| MASKS.iter().any(|m| w.eq_ignore_ascii_case(m)))
    {
        return Some(found.to_owned());
    }
    let crossed = word.len() >= 4 && word.bytes().all(|b| matches!(b, b'x' | b'X'));
    crossed.then(|| "xxxx".to_owned())
}

/// Returns what is left of a value that a recorder cut: the part before `...`, `…`, `[truncated]`.
pub(super) fn cut_by_recorder(text: &str) -> Option<&str> {
    const ENDS: &[&str] = &["[...]", "[…]", "<...>", "(...)", "...", "…", "[snip]", "<snip>"];
    let text = text.trim_end();
    if let Some(left) = ENDS.iter().find_map(|end| text.strip_suffix(end)) {
        return Some(left.trim_end_matches('.'));
    }
    if let Some(at) = at_truncated(text) {
        let left = text.get(..at)?;
        return Some(left.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
    }
    let is_cut = |at: &usize| text.as_bytes().get(*at..).is_some_and(|t| t.starts_with(b"..."));
    let dots = memchr::memchr_iter(b'.', text.as_bytes()).find(is_cut);
    let ellipsis = || if text.is_ascii() { None } else { text.find('…') };
    dots.or_else(ellipsis).and_then(|at| text.get(..at))
}

/// Returns where the word `truncated` first stands, if that is near the end.
fn at_truncated(text: &str) -> Option<usize> {
    const WORD: &[u8] = b"truncated";
    let is_word =
        |part: &[u8]| part.get(..WORD.len()).is_some_and(|p| p.eq_ignore_ascii_case(WORD));
    let found = |bytes: &[u8]| {
        memchr::memchr2_iter(b't', b'T', bytes).find(|at| bytes.get(*at..).is_some_and(is_word))
    };
    let tail = text.len().saturating_sub(NEAR_END);
    found(text.as_bytes().get(tail..)?)?;
    found(text.as_bytes()).filter(|at| *at >= tail)
}

/// Characters at the end of a text in which a recorder says that it cut it.
const NEAR_END: usize = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`cut_by_recorder`] says, by a copy in small letters.
    fn cut_slowly(text: &str) -> Option<&str> {
        const ENDS: &[&str] = &["[...]", "[…]", "<...>", "(...)", "...", "…", "[snip]", "<snip>"];
        let text = text.trim_end();
        if let Some(left) = ENDS.iter().find_map(|end| text.strip_suffix(end)) {
            return Some(left.trim_end_matches('.'));
        }
        let lower = text.to_ascii_lowercase();
        if let Some(at) = lower.find("truncated")
            && text.len() - at <= 40
        {
            let left = text.get(..at)?;
            return Some(left.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()));
        }
        text.find("...").or_else(|| text.find('…')).and_then(|at| text.get(..at))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]
        #[test]
        fn a_cut_is_found_as_in_a_copy_in_small_letters(
            parts in prop::collection::vec(
                "([a-z.]{0,24}|[tT]runcate[dD]|\\.{2,4}|…|é| |\\[snip\\])",
                0..6,
            ),
        ) {
            let text = parts.concat();
            prop_assert_eq!(cut_by_recorder(&text), cut_slowly(&text));
        }
    }

    #[test]
    fn masks_have_the_lengths_by_which_other_words_are_passed_over() {
        assert!(MASKS.iter().all(|mask| LENGTHS.contains(&mask.len())));
    }

    #[test]
    fn what_was_never_filled_in_is_a_placeholder() {
        let unfilled = [
            "undefined",
            "null",
            "None",
            "nil",
            "NaN",
            "[object Object]",
            "{{token}}",
            "{{ token }}",
            "${TOKEN}",
            "$TOKEN",
            "<token>",
            "<your token>",
            "%TOKEN%",
            "$accessToken",
            "$TOKEN2",
            ":token",
            "REPLACE_ME",
            "YOUR_TOKEN",
            "your-token-here",
            "xxx",
            "token",
            "<%= token %>",
            "__API_KEY__",
            "YOUR_API_KEY",
        ];
        for text in unfilled {
            assert!(is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn a_value_is_no_placeholder() {
        for text in [
            "test",
            "abc123",
            "nullable",
            "$2a$10$abc",
            "yourself",
            "tokenizer",
            "hunter2",
            "$ecret1",
            "%Tr0ub4dor%",
            "$1a",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn the_name_in_a_template_is_shown_where_it_is_one_of_a_credential() {
        for (text, shown) in [
            ("{{accessToken}}", "{{accessToken}}"),
            ("$API_KEY", "$API_KEY"),
            ("<correct-horse>", "<…>"),
            ("{{key9}}", "{{…}}"),
            (":colonFirst", ":…"),
            ("<nil>", "<nil>"),
            ("YOUR_TOKEN", "YOUR_TOKEN"),
            ("undefined", "undefined"),
        ] {
            assert!(is_placeholder(text), "{text}");
            assert_eq!(shown_placeholder(text), shown);
        }
    }

    #[test]
    fn only_what_nobody_chooses_is_no_password() {
        assert_eq!(unfilled_password("{{ user.password }}"), Some("{{…}}"));
        assert_eq!(unfilled_password("[object Object]"), Some("[object Object]"));
        for text in ["$ecret", "%PASSWORD%", "<password>", "{{a}}b", "changeme", "NULL", ""] {
            assert_eq!(unfilled_password(text), None, "{text}");
        }
    }

    #[test]
    fn masks_of_known_tools_are_recognised() {
        let masks = [
            "REDACTED",
            "[Redacted]",
            "[\"REDACTED\"]",
            "[]",
            "***",
            "[FILTERED]",
            "<redacted>",
            "[authorization redacted]",
            "obfuscated",
            "xxxxx",
            "ey***ab",
            "*****",
            "_REDACTED_",
            "[REDACTED_JWT]",
        ];
        for text in masks {
            assert!(mask_word(text).is_some(), "{text}");
        }
        for text in ["xxx", "", "abc", "redactedness", "--"] {
            assert_eq!(mask_word(text), None, "{text}");
        }
    }

    #[test]
    fn a_cut_leaves_what_stands_before_it() {
        assert_eq!(cut_by_recorder("eyJhbGciOi..."), Some("eyJhbGciOi"));
        assert_eq!(cut_by_recorder("eyJhbGciOi…"), Some("eyJhbGciOi"));
        assert_eq!(cut_by_recorder("eyJhbGciOi [truncated 120 bytes]"), Some("eyJhbGciOi"));
        assert_eq!(cut_by_recorder("eyJhbGciOi...Xyz9"), Some("eyJhbGciOi"));
        assert_eq!(cut_by_recorder("a.b.c"), None);
    }
}
