//! Hides what has the shape of a secret: tokens, long runs, values of secret-bearing names.

use std::borrow::Cow;
use std::ops::Range;

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

/// Masks what has the shape of a secret; the text itself where nothing has.
pub(in crate::evidence) fn by_shape(text: &str) -> Cow<'_, str> {
    then(then(by_name(text), runs), by_scheme)
}

/// Applies a step that returns its text where it changes nothing.
pub(super) fn then(text: Cow<'_, str>, step: impl Fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => step(text),
        Cow::Owned(text) => match step(&text) {
            Cow::Owned(next) => Cow::Owned(next),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// Characters of tokens, keys, e-mail addresses and paths.
pub(super) fn in_run(c: char) -> bool {
    u8::try_from(c).is_ok_and(|b| kind(b) != Kind::Other)
}

/// What a byte is to a run.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    /// No part of one.
    Other,
    /// A small letter or a mark: a run of nothing else is no secret.
    Plain,
    /// A digit, a capital or `@`, without which nothing looks like a token, a key or an address.
    Telling,
}

const fn kind(b: u8) -> Kind {
    match b {
        b'a'..=b'z' | b'-' | b'_' | b'+' | b'/' | b'=' | b'.' | b'~' | b'%' | b'|' => Kind::Plain,
        b'0'..=b'9' | b'A'..=b'Z' | b'@' => Kind::Telling,
        _ => Kind::Other,
    }
}

/// Masks runs that look like a token, a key, random text, or name a person.
pub(super) fn runs(text: &str) -> Cow<'_, str> {
    let mut out = Patched::of(text);
    let (mut start, mut telling) = (0, false);
    for (at, b) in text.bytes().chain([b' ']).enumerate() {
        match kind(b) {
            Kind::Plain => {}
            Kind::Telling => telling = true,
            Kind::Other => {
                if telling
                    && at - start >= 6
                    && let Some(run) = text.get(start..at)
                    && let Some(masked) = mask_run(run)
                {
                    out.replace(start..at, &masked);
                }
                (start, telling) = (at + 1, false);
            }
        }
    }
    out.finish()
}

/// A text in which pieces are replaced, in their order; copied when the first one is.
struct Patched<'t> {
    text: &'t str,
    out: String,
    /// What stands before is in `out`.
    kept: usize,
}

impl<'t> Patched<'t> {
    const fn of(text: &'t str) -> Self {
        Self { text, out: String::new(), kept: 0 }
    }

    fn replace(&mut self, range: Range<usize>, by: &str) {
        self.out.push_str(self.text.get(self.kept..range.start).unwrap_or_default());
        self.out.push_str(by);
        self.kept = range.end;
    }

    fn finish(mut self) -> Cow<'t, str> {
        if self.kept == 0 {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(self.text.get(self.kept..).unwrap_or_default());
        Cow::Owned(self.out)
    }
}

/// Masks one run; `None` where it is no secret.
fn mask_run(run: &str) -> Option<String> {
    if run.contains('@') {
        let address = run.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if token::is_email(address) {
            let (before, after) = run.split_once(address).unwrap_or(("", ""));
            return Some(format!("{before}{}{after}", pseudonym(address)));
        }
    }
    // A JWT keeps its dots, a prefixed key its own marks; all else is looked at piece by piece.
    if let Some(at) = jwt_start(run) {
        return Some(format!("{}{MASK}", run.get(..at).unwrap_or_default()));
    }
    let known = |piece: &str| token::vendor_of(piece).is_some();
    if known(run) || known(run.trim_end_matches(['.', '/', '='])) {
        return Some(MASK.to_owned());
    }
    let parts = |c: char| matches!(c, '/' | '.' | '%' | '@' | '|' | '~');
    let secret = |piece: &str| {
        let piece = piece.trim_end_matches(parts);
        let value = piece.rsplit('=').find(|p| !p.is_empty()).unwrap_or(piece);
        known(value) || (piece.len() >= LONG_RUN && is_secret_run(piece))
    };
    if !run.split_inclusive(parts).any(secret) {
        return None;
    }
    let mut out = String::with_capacity(run.len());
    for piece in run.split_inclusive(parts) {
        let core = piece.trim_end_matches(parts);
        let tail = piece.get(core.len()..).unwrap_or_default();
        // Standard base64 holds slashes: what stands beside a secret piece and is no word goes too.
        let beside =
            core.len() >= 4 && core.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        out.push_str(if secret(piece) || beside { MASK } else { core });
        out.push_str(tail);
    }
    Some(out)
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
    let bytes = run.as_bytes();
    memchr::memchr_iter(b'J', bytes).filter_map(|end| end.checked_sub(2)).find(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        bytes.get(*at..).is_some_and(|tail| tail.starts_with(b"eyJ") && tail.len() >= WINDOW)
            && !before.is_some_and(u8::is_ascii_alphanumeric)
    })
}

/// Masks what follows a scheme word: `Bearer abc123`.
pub(super) fn by_scheme(text: &str) -> Cow<'_, str> {
    const SCHEMES: &[&str] = &["bearer", "basic", "dpop", "digest", "negotiate", "ntlm", "apikey"];
    let mut out = Patched::of(text);
    let (mut at, mut after_scheme) = (0, false);
    for word in text.split_inclusive(' ') {
        let start = at;
        at += word.len();
        let bare = word.trim_end_matches(' ');
        if bare.is_empty() {
            continue;
        }
        let inner = bare.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if after_scheme && is_value_word(inner) {
            out.replace(start..start + bare.len(), MASK);
        }
        after_scheme = SCHEMES.iter().any(|s| inner.eq_ignore_ascii_case(s));
    }
    out.finish()
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
pub(super) fn by_name(text: &str) -> Cow<'_, str> {
    let mut out = Patched::of(text);
    let mut from = 0;
    while let Some((before, sign, after)) = text.get(from..).and_then(at_sign) {
        let value_from = from + before.len() + 1;
        from = value_from;
        let secrecy = secrecy_before(before);
        if secrecy == Secrecy::Open {
            continue;
        }
        let (lead, value, quoted) = value_after(after, sign);
        if value.is_empty() || !hides(value, secrecy, sign, quoted) {
            continue;
        }
        let start = value_from + lead.len();
        from = start + value.len();
        out.replace(start..from, MASK);
    }
    out.finish()
}

/// Divides text at its first `=` or `:`.
fn at_sign(text: &str) -> Option<(&str, char, &str)> {
    let at = memchr::memchr2(b'=', b':', text.as_bytes())?;
    let sign = if text.as_bytes().get(at) == Some(&b':') { ':' } else { '=' };
    Some((text.get(..at)?, sign, text.get(at + 1..)?))
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
