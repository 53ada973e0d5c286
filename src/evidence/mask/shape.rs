//! Hides what has the shape of a secret: tokens, long runs, values of secret-bearing names.

use crate::model::pseudonym;
use crate::token;

use super::super::names::{Secrecy, secrecy};
use super::{LONG_RUN, MASK, WINDOW};

/// Returns whether text has anything that masking by shape could touch.
pub(super) fn could_hold(text: &str) -> bool {
    let mut run = 0;
    for b in text.bytes() {
        match b {
            b'=' | b':' | b'@' => return true,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'+' | b'/' | b'.' => run += 1,
            _ => run = 0,
        }
        if run >= WINDOW {
            return true;
        }
    }
    let has = |word: &str| {
        text.as_bytes().windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
    };
    has("bearer ") || has("basic ") || has("token ")
}

pub(super) fn by_shape(text: &str) -> String {
    let named = by_name(text);
    by_scheme(&runs(&named))
}

/// Characters of tokens, keys, e-mail addresses and paths.
pub(super) fn in_run(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '-' | '_' | '+' | '/' | '=' | '.' | '~' | '%' | '@' | '|')
}

/// Masks runs that look like a token, a key, random text, or name a person.
pub(super) fn runs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(in_run) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !in_run(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        if run.len() < 6 {
            out.push_str(run);
        } else {
            mask_run(run, &mut out);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

pub(super) fn mask_run(run: &str, out: &mut String) {
    if run.contains('@') {
        let address = run.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if token::is_email(address) {
            let (before, after) = run.split_once(address).unwrap_or(("", ""));
            out.push_str(before);
            out.push_str(&pseudonym(address));
            out.push_str(after);
            return;
        }
    }
    // A JWT keeps its dots, a prefixed key its own marks; all else is looked at piece by piece.
    if let Some(at) = jwt_start(run) {
        let (before, _) = run.split_at(at);
        out.push_str(before);
        out.push_str(MASK);
        return;
    }
    let known = |piece: &str| token::vendor_of(piece).is_some();
    if known(run) || known(run.trim_end_matches(['.', '/', '='])) {
        out.push_str(MASK);
        return;
    }
    let parts = |c: char| matches!(c, '/' | '.' | '%' | '@' | '|' | '~');
    let pieces: Vec<&str> = run.split_inclusive(parts).collect();
    let secret = |piece: &str| {
        let piece = piece.trim_end_matches(parts);
        let value = piece.rsplit('=').find(|p| !p.is_empty()).unwrap_or(piece);
        known(value) || (piece.len() >= LONG_RUN && is_secret_run(piece))
    };
    let any = pieces.iter().any(|p| secret(p));
    for piece in pieces {
        let core = piece.trim_end_matches(parts);
        let tail = piece.get(core.len()..).unwrap_or_default();
        // Standard base64 holds slashes: what stands beside a secret piece and is no word goes too.
        let beside = any
            && core.len() >= 4
            && core.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if secret(piece) || beside {
            out.push_str(MASK);
        } else {
            out.push_str(core);
        }
        out.push_str(tail);
    }
}

/// A random run, unless it is a name that ends in a UUID.
pub(super) fn is_secret_run(piece: &str) -> bool {
    let named = piece.len() > 36
        && piece.get(piece.len() - 36..).is_some_and(token::is_uuid)
        && !token::is_random(piece.get(..piece.len() - 36).unwrap_or_default());
    !named && token::is_random(piece)
}

/// Returns where a JWT begins in a run, cut ones included.
pub(super) fn jwt_start(run: &str) -> Option<usize> {
    run.match_indices("eyJ").map(|(at, _)| at).find(|at| {
        let before = run.get(..*at).and_then(|b| b.chars().next_back());
        let tail = run.get(*at..).unwrap_or_default();
        tail.len() >= WINDOW && !before.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// Masks what follows a scheme word: `Bearer abc123`.
pub(super) fn by_scheme(text: &str) -> String {
    const SCHEMES: &[&str] = &["bearer", "basic", "dpop", "digest", "negotiate", "ntlm", "apikey"];
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        let inner = bare.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if bare.is_empty() {
            out.push_str(word);
            continue;
        }
        if after_scheme && is_value_word(inner) {
            out.push_str(MASK);
            out.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        after_scheme = SCHEMES.iter().any(|s| inner.eq_ignore_ascii_case(s));
    }
    out
}

/// Told from a word of a sentence by a digit, or a capital inside.
pub(super) fn is_value_word(word: &str) -> bool {
    word.len() >= 6
        && !word.contains('=')
        && word.chars().all(in_run)
        && (word.bytes().any(|b| b.is_ascii_digit())
            || word.bytes().skip(1).any(|b| b.is_ascii_uppercase())
                && word.bytes().any(|b| b.is_ascii_lowercase()))
}

/// Masks values of secret-bearing names: `k=v`, `"k":"v"`, `k: v`.
pub(super) fn by_name(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, from) = rest.split_at(at);
        let sign = from.chars().next().unwrap_or('=');
        let after = from.get(1..).unwrap_or_default();
        out.push_str(before);
        out.push(sign);
        rest = after;
        let secrecy = secrecy_before(before);
        if secrecy == Secrecy::Open {
            continue;
        }
        let (lead, value, quoted) = value_after(after, sign);
        if value.is_empty() || !hides(value, secrecy, sign, quoted) {
            continue;
        }
        out.push_str(lead);
        out.push_str(MASK);
        rest = after.get(lead.len() + value.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Tells the secrecy of the name that ends where `=` or `:` stands.
pub(super) fn secrecy_before(before: &str) -> Secrecy {
    let name = before.trim_end_matches([' ', '"', '\'', '\\']);
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let start = name
        .char_indices()
        .rev()
        .find(|(_, c)| !in_name(*c))
        .map_or(0, |(at, c)| at + c.len_utf8());
    secrecy(name.get(start..).unwrap_or_default())
}

/// Returns the blanks and quote before a value, the value, and whether it is quoted.
pub(super) fn value_after(after: &str, sign: char) -> (&str, &str, bool) {
    let blank = |c: char| c == ' ' && sign == ':';
    let start = after.len() - after.trim_start_matches(blank).len();
    let body = after.get(start..).unwrap_or_default();
    let unescaped = body.trim_start_matches('\\');
    let slashes = body.len() - unescaped.len();
    if let Some(quote) = unescaped.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let lead = start + slashes + 1;
        let inner = after.get(lead..).unwrap_or_default();
        let end = inner.find(quote).unwrap_or(inner.len());
        let value = inner.get(..end).unwrap_or_default();
        let value = value.trim_end_matches('\\');
        return (after.get(..lead).unwrap_or_default(), value, true);
    }
    let stop = |c: char| {
        c.is_whitespace() || matches!(c, '&' | ';' | ',' | '"' | '\'' | '<' | '>' | ')' | '}' | ']')
    };
    let end = body.find(stop).unwrap_or(body.len());
    (after.get(..start).unwrap_or_default(), body.get(..end).unwrap_or_default(), false)
}

/// Decides for one named value; prose after a colon (`password: required`) stays readable.
pub(super) fn hides(value: &str, secrecy: Secrecy, sign: char, quoted: bool) -> bool {
    if value == MASK {
        return false;
    }
    let sentence = value.split(' ').filter(|w| !w.is_empty()).count() >= 3;
    let plain_word = value.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    match secrecy {
        Secrecy::Always if quoted => !sentence,
        Secrecy::Always => sign == '=' || !plain_word,
        Secrecy::InUrls => {
            let digit = value.bytes().any(|b| b.is_ascii_digit());
            value.len() >= 8 && digit && !sentence && !value.starts_with("http")
        }
        Secrecy::Open => false,
    }
}
