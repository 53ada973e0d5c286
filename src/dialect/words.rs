//! Brings texts and identifiers to one form: lower case words, one blank between, clauses apart.
//!
//! `TOKEN_EXPIRED`, `tokenExpired`, `token-expired` and `The token has expired` become the same
//! words; "isn't", "cannot" and "unable to" become `not`; what is quoted and no name becomes `~`.

use std::borrow::Cow;

/// Characters of a text that are read: the reason stands at its begin.
const LONGEST: usize = 700;

/// Mixed case words that are one word.
const ONE_WORD: &[&str] = &[
    "oauth", "oauth2", "dpop", "openid", "jwts", "jwks", "idp", "graphql", "webauthn", "ids",
    "ips", "urls", "apis", "nosql", "github", "gitlab",
];

/// Words without weight. What stays decides meaning: `not`, `no`, `or`, `in`, `only`, `before`.
const STOP: &[&str] = &[
    "a",
    "an",
    "the",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "being",
    "this",
    "that",
    "these",
    "those",
    "your",
    "you",
    "yours",
    "of",
    "to",
    "by",
    "for",
    "please",
    "does",
    "do",
    "did",
    "has",
    "had",
    "currently",
    "it",
    "its",
    "and",
    "we",
    "our",
    "i",
    "my",
    "on",
    "as",
    "from",
    "so",
    "just",
    "also",
    "very",
    "could",
    // "is not able to" is "cannot".
    "able",
    "would",
    "can",
    "may",
    "any",
    "which",
    "if",
    "when",
    "err",
    "errors",
    "der",
    "die",
    "das",
    "ist",
    "le",
    "la",
    "les",
    "el",
    "est",
    "es",
    "de",
    "du",
    "und",
    "et",
    "y",
];

/// Words that deny what follows.
const NEGATIONS: &[&str] = &[
    "isnt", "arent", "wasnt", "werent", "cannot", "cant", "couldnt", "doesnt", "dont", "didnt",
    "hasnt", "havent", "wont", "wouldnt", "mustnt", "shouldnt", "never", "unable", "nicht", "pas",
    "neither", "nor",
];

/// The shapes of both.
const SHAPES: Shapes = Shapes::of(STOP).and(NEGATIONS);

/// Lengths and first letters of words: that a word is not among them mostly shows in these.
struct Shapes([u32; 16]);

impl Shapes {
    const fn of(words: &[&str]) -> Self {
        Self([0; 16]).and(words)
    }

    const fn and(self, words: &[&str]) -> Self {
        let Self(mut letters) = self;
        let mut at = 0;
        while at < words.len() {
            let word = words[at].as_bytes();
            letters[word.len()] |= 1 << (word[0] - b'a');
            at += 1;
        }
        Self(letters)
    }

    fn may_hold(&self, word: &str) -> bool {
        let first = word.bytes().next().and_then(|first| first.checked_sub(b'a'));
        let letters = self.0.get(word.len()).copied().unwrap_or(0);
        first.is_some_and(|first| first < 26 && letters >> first & 1 == 1)
    }
}

/// Returns the words of `text`, clauses divided by ` | `, with a blank at both ends.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST) + 8);
    out.push(' ');
    let text = text.get(..floor(text, LONGEST)).unwrap_or(text);
    if text.bytes().all(|b| b.is_ascii_lowercase() || b == b' ') {
        add_plain(text, &mut out);
    } else {
        add_text(text, &mut out);
    }
    out
}

/// Adds small letters and blanks: no values, frames, marks or seams are among them.
fn add_plain(text: &str, out: &mut String) {
    for word in text.split(' ') {
        match run_together(word) {
            Some(words) => words.iter().for_each(|word| add_word(word, out)),
            None => add_word(word, out),
        }
    }
}

/// Adds any text.
fn add_text(text: &str, out: &mut String) {
    let text: String = without_values(&without_frames(text));
    for raw in text.split_inclusive(|c: char| c.is_whitespace() || is_break(c)) {
        let chunk = raw.trim_end_matches(|c: char| c.is_whitespace() || is_break(c));
        add_chunk(chunk, out);
        let tail = raw.get(chunk.len()..).unwrap_or_default();
        if tail.contains(is_break)
            || tail.contains('\n')
            || chunk.ends_with([':', '.', '!', '?', ';'])
        {
            end_clause(out);
        }
    }
}

/// Takes places in sources out, which name classes and not what is wrong: `(SessionResource:112 < …)`.
fn without_frames(text: &str) -> Cow<'_, str> {
    let is_frame = |inner: &str| {
        inner.split(' ').next().and_then(|word| word.split_once(':')).is_some_and(|(file, line)| {
            file.starts_with(|c: char| c.is_ascii_alphabetic())
                && file.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !line.is_empty()
                && line.bytes().all(|b| b.is_ascii_digit())
        })
    };
    let mut out = Cow::Borrowed(text);
    while let Some((open, close)) = out.match_indices(" (").find_map(|(at, _)| {
        let inner = out.get(at + 2..)?;
        let end = inner.find(')')?;
        is_frame(inner.get(..end)?).then_some((at, at + 2 + end))
    }) {
        let (before, after) = (out.get(..open), out.get(close + 1..));
        out = Cow::Owned(format!("{} {}", before.unwrap_or_default(), after.unwrap_or_default()));
    }
    out
}

const fn is_break(c: char) -> bool {
    matches!(c, '。' | '，' | '：' | '；' | '！' | '？' | '、' | '|')
}

fn end_clause(out: &mut String) {
    if !out.ends_with("| ") && out.len() > 1 {
        out.push_str("| ");
    }
}

/// Adds one blank-free chunk: split at punctuation, at changes of case and of script.
fn add_chunk(chunk: &str, out: &mut String) {
    let mut word = String::new();
    let mut last = ' ';
    let mut chars = chunk.chars().peekable();
    if let Some(words) = run_together(chunk) {
        for word in &words {
            add_word(word, out);
        }
        return;
    }
    let bare = chunk.trim_matches(|c: char| !c.is_alphanumeric());
    let known = ONE_WORD.iter().any(|w| bare.eq_ignore_ascii_case(w));
    while let Some(c) = chars.next() {
        let c = if c == '’' { '\'' } else { c };
        if c == '\'' && last.is_alphanumeric() && chars.peek().is_some_and(|n| n.is_alphabetic()) {
            // "isn't" reads as one word; of "key's" the s is dropped with the mark.
            if chars.peek() == Some(&'s') {
                chars.next();
            }
            continue;
        }
        if !(c.is_alphanumeric() || c == '~') {
            take_word(&mut word, out);
            last = ' ';
            continue;
        }
        let next_lower = chars.peek().is_some_and(|n| n.is_lowercase());
        let seam = (last.is_lowercase() && c.is_uppercase())
            || (last.is_uppercase() && c.is_uppercase() && next_lower)
            || (last.is_ascii_digit() && c.is_uppercase() && next_lower && word.len() > 2)
            || (!last.is_ascii() && last.is_alphanumeric()) && c.is_ascii() && !latin(last)
            || (last.is_ascii_alphanumeric() && !c.is_ascii() && !latin(c));
        if seam && !known {
            take_word(&mut word, out);
        }
        word.extend(c.to_lowercase());
        last = c;
    }
    take_word(&mut word, out);
}

/// Words that codes run together: `invalidtoken`, `sessionexpired`, `useraccountlocked`.
const PIECES: &[&str] = &[
    "access",
    "account",
    "apikey",
    "auth",
    "authentication",
    "authorization",
    "authorized",
    "bad",
    "credentials",
    "denied",
    "disabled",
    "expired",
    "failed",
    "invalid",
    "key",
    "locked",
    "login",
    "missing",
    "no",
    "not",
    "password",
    "permission",
    "required",
    "revoked",
    "session",
    "signature",
    "token",
    "unknown",
    "user",
    "username",
    "wrong",
];

/// Divides a code in one case that is nothing but such words; `None` for all else.
fn run_together(chunk: &str) -> Option<Vec<String>> {
    let code = chunk.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let one_case = |test: fn(&u8) -> bool| code.as_bytes().iter().all(test);
    if !(7..=28).contains(&code.len())
        || !(one_case(u8::is_ascii_lowercase) || one_case(u8::is_ascii_uppercase))
    {
        return None;
    }
    divide(&code.to_ascii_lowercase()).filter(|words| words.len() > 1)
}

/// Divides a text into pieces without a rest; at most 14, as each has two letters.
fn divide(code: &str) -> Option<Vec<String>> {
    if code.is_empty() {
        return Some(Vec::new());
    }
    let first = code.bytes().next();
    PIECES.iter().filter(|piece| piece.bytes().next() == first).find_map(|piece| {
        // The rest first: nearly no code begins with a piece.
        let rest = divide(code.strip_prefix(piece)?)?;
        let mut words = vec![(*piece).to_owned()];
        words.extend(rest);
        Some(words)
    })
}

/// Returns whether a letter belongs to a script with blanks between words.
const fn latin(c: char) -> bool {
    (c as u32) < 0x0600
}

fn take_word(word: &mut String, out: &mut String) {
    add_word(word, out);
    word.clear();
}

fn add_word(word: &str, out: &mut String) {
    match word {
        "" => {}
        w if SHAPES.may_hold(w) && NEGATIONS.contains(&w) => out.push_str("not "),
        w if SHAPES.may_hold(w) && STOP.contains(&w) => {}
        // Halves of mixed case names.
        "auth" | "auth2" if out.ends_with(" o ") => {
            out.truncate(out.len() - 2);
            out.push_str("oauth ");
        }
        "po" | "pop" if out.ends_with(" d ") => {
            out.truncate(out.len() - 2);
            out.push_str("dpop ");
        }
        "p" if out.ends_with(" dpop ") => {}
        w => {
            out.push_str(w);
            out.push(' ');
        }
    }
}

/// Puts `~` for URLs, addresses, tokens and for quoted texts that are no names.
fn without_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if matches!(first, '"' | '\'' | '`' | '“')
            && out.chars().last().is_none_or(|c| !c.is_alphanumeric())
            && let Some(inner) = rest.get(first.len_utf8()..)
            && let Some(end) = inner.find(if first == '“' { '”' } else { first })
            && end <= 200
        {
            let quoted = inner.get(..end).unwrap_or_default();
            let name = !quoted.is_empty()
                && quoted.len() <= 28
                && quoted
                    .chars()
                    .all(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-' | ' ' | '.'))
                && !quoted.contains("://");
            // A fault in quotes is somebody else's word, unless the text leads up to it.
            let leads = matches!(out.trim_end().chars().last(), None | Some(':' | '=' | ',' | '('));
            let name = name && (leads || !is_sentence(quoted));
            out.push(' ');
            out.push_str(if name { quoted } else { "~" });
            out.push(' ');
            let closing = if first == '“' { '”'.len_utf8() } else { first.len_utf8() };
            rest = inner.get(end + closing..).unwrap_or_default();
            continue;
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len()).max(first.len_utf8());
        let word_end = if first.is_whitespace() {
            first.len_utf8()
        } else {
            rest.char_indices()
                .skip(1)
                .find(|(i, c)| *i >= end || matches!(c, '"' | '`' | '“'))
                .map_or(end, |(i, _)| i)
        };
        let word = rest.get(..word_end).unwrap_or(rest);
        let is_value = word.contains("://")
            || word.contains("eyJ")
            || (word.contains('@') && word.contains('.'))
            || is_path(word);
        if is_value {
            out.push_str(" ~ ");
        } else if is_address(word) && out.trim_end().ends_with("from") {
            // Where it comes from is what is spoken of; elsewhere an address is a detail.
            out.push_str(" ip ");
        } else {
            out.push_str(word);
        }
        rest = rest.get(word_end.max(1)..).unwrap_or_default();
    }
    out
}

/// Returns whether a quoted text says that something is wrong, rather than names it: `session expired`.
fn is_sentence(text: &str) -> bool {
    let faults =
        ["expired", "invalid", "unauthorized", "denied", "failed", "forbidden", "malformed"];
    let lower = text.to_ascii_lowercase();
    faults.iter().any(|f| lower.split([' ', '-', '_', '.']).any(|w| w == *f))
}

/// Returns whether a word is an IPv4 or IPv6 address, marks around it aside.
fn is_address(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != ':');
    bare.len() > 6 && bare.parse::<std::net::IpAddr>().is_ok()
}

/// Returns whether a word is a path or the name of a file: `/help/unauthorized`, `invalid_token.md`.
fn is_path(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let bare = bare.split(':').next().unwrap_or_default();
    if bare.len() > 2 && bare.starts_with('/') {
        return true;
    }
    bare.rsplit_once('.').is_some_and(|(name, kind)| {
        !name.is_empty()
            && [
                "md", "log", "html", "htm", "css", "js", "ts", "tsx", "jsx", "py", "go", "rs",
                "rb", "java", "php", "json", "yaml", "yml", "toml", "txt", "png", "pdf", "csv",
                "cs",
            ]
            .contains(&kind)
    })
}

/// Returns the largest boundary of a character at or below `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Returns whether a text is an identifier, no prose: `token_expired`, `E0000011`, `auth/id-token-revoked`.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 96
        && text.chars().all(|c| {
            c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '#' | '$')
        })
        && text.chars().any(|c| c.is_ascii_alphanumeric())
}

/// Returns a text with one blank between its words and none around them.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let mut blank = true;
    let is_line = text.bytes().all(|b| {
        let after_blank = std::mem::replace(&mut blank, b == b' ');
        b.is_ascii_graphic() || (blank && !after_blank)
    });
    // Most texts are such a line already.
    if is_line && !blank {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Cuts a text for a statement: one line, at most 160 characters.
pub(super) fn shown(text: &str) -> String {
    let line = one_line(text);
    if line.len() <= 160 || line.chars().count() <= 160 {
        return line.into_owned();
    }
    line.chars().take(159).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shape_of_no_word_is_missed() {
        for word in STOP.iter().chain(NEGATIONS) {
            assert!(SHAPES.may_hold(word), "{word}");
        }
        assert!(
            !["quite-a-long-word-of-a-text", "é", "", "Is", "{}", "xyz"]
                .iter()
                .any(|word| SHAPES.may_hold(word))
        );
    }

    proptest! {
        #[test]
        fn plain_words_are_read_as_any_text_is(
            text in "( |[a-z]{1,4}|token|expired|not|cannot|the|o auth|d po p|invalidtoken|nosuchuser|eyj){0,12}"
        ) {
            let (mut plain, mut any) = (String::from(" "), String::from(" "));
            add_plain(&text, &mut plain);
            add_text(&text, &mut any);
            prop_assert_eq!(plain, any);
        }
    }

    #[test]
    fn identifiers_of_every_style_become_the_same_words() {
        for text in [
            "TOKEN_EXPIRED",
            "tokenExpired",
            "token-expired",
            "TokenExpired",
            "token.expired",
            "The token has expired",
        ] {
            assert_eq!(normalise(text).trim(), "token expired", "{text}");
        }
        assert_eq!(normalise("JWTExpired").trim(), "jwt expired");
        assert_eq!(
            normalise("ERR_JWS_SIGNATURE_VERIFICATION_FAILED").trim(),
            "jws signature verification failed"
        );
        assert_eq!(normalise("OAuth2AccessToken").trim(), "oauth access token");
        assert_eq!(normalise("DPoP proof").trim(), "dpop proof");
    }

    #[test]
    fn words_that_a_code_runs_together_are_told_apart_and_other_words_stay_whole() {
        for (text, wanted) in [
            ("invalidtoken", "invalid token"),
            ("SESSIONEXPIRED", "session expired"),
            ("wrongpassword", "wrong password"),
            ("notoken", "no token"),
            ("notauthorized", "not authorized"),
            // Words of their own.
            ("notable", "notable"),
            ("keyboard", "keyboard"),
            ("password", "password"),
            ("tokenizer", "tokenizer"),
        ] {
            assert_eq!(normalise(text).trim(), wanted, "{text}");
        }
    }

    #[test]
    fn a_place_in_a_source_is_no_word_of_the_reason() {
        let frames = "Account is disabled (SessionResource:112 < *:92 < ...)";
        assert_eq!(normalise(frames).trim(), "account disabled");
        let glued = "NullPointerException at TokenService.count(TokenService.java:33)";
        assert_eq!(normalise(glued).trim(), "null pointer exception at ~");
        assert_eq!(normalise("token (exp: 12) expired").trim(), "token exp | 12 expired");
    }

    #[test]
    fn every_negation_reads_alike() {
        for text in [
            "token isn't valid",
            "Token is not valid",
            "token wasn’t valid",
            "token cannot be valid",
        ] {
            assert_eq!(normalise(text).trim(), "token not valid", "{text}");
        }
    }

    #[test]
    fn clauses_are_apart_and_values_are_no_words() {
        assert_eq!(
            normalise("jwt audience invalid. expected: https://expired.example.com").trim(),
            "jwt audience invalid | expected | ~"
        );
        assert_eq!(normalise("token已过期，请重新登录").trim(), "token 已过期 | 请重新登录");
        assert_eq!(normalise("Missing 'iss' claim").trim(), "missing iss claim");
    }

    proptest! {
        #[test]
        fn a_line_has_one_blank_between_its_words(text in "[ab \\t\\n\u{a0}\u{0}é]{0,8}") {
            let words: Vec<&str> = text.split_whitespace().collect();
            prop_assert_eq!(&*one_line(&text), words.join(" "));
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(shown(&"é".repeat(300)).chars().count(), 160);
        assert!(normalise(&"过".repeat(900)).len() > 100);
    }
}
