//! The shape of one word: what kind of value it is, if any.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::words::{CODES, LETTERS, NAMED, OWNERS, PHRASES, SHORT_UNITS, UNITS, VERSIONS, is_in};

pub(super) const NUMBER: &str = "<n>";
pub(super) const ID: &str = "<id>";
pub(super) const TIME: &str = "<time>";
pub(super) const ADDRESS: &str = "<address>";
pub(super) const URL: &str = "<url>";
pub(super) const PATH: &str = "<path>";
pub(super) const VALUE: &str = "<value>";
pub(super) const USER: &str = "<user>";

/// What stands around a word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    /// Nothing stands before it.
    pub(super) first: bool,
    /// The word before it, without marks.
    pub(super) before: &'a str,
    /// The word after it, without marks.
    pub(super) after: &'a str,
}

/// Returns what a word is a value of; `None` where it stays, or is several words without a blank.
pub(super) fn of(word: &str, around: Around<'_>) -> Option<&'static str> {
    if word.contains("***") {
        return None;
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        let named = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphabetic());
        return (named && !rest.is_empty()).then_some(URL);
    }
    if is_pseudonym(word) {
        return Some(USER);
    }
    if is_path(word) {
        return Some(PATH);
    }
    if let Some(kind) = address(word) {
        return Some(kind);
    }
    if !word.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if is_in(around.before, CODES) && word.len() <= 10 {
        return None;
    }
    if is_time(word) {
        return Some(TIME);
    }
    if is_number(word) {
        return number(word, around);
    }
    if is_measure(word) {
        return Some(NUMBER);
    }
    if is_fixed(word) {
        return None;
    }
    is_id(word).then_some(ID)
}

/// Returns whether a word with digits is a name or a code that never varies.
pub(super) fn is_fixed(word: &str) -> bool {
    is_named(word) || is_code(word)
}

/// Returns whether a text of one word is an id and no code.
pub(super) fn is_plain_id(word: &str) -> bool {
    is_uuid(word) || word.len() >= 24 && is_hex(word)
}

/// A stand-in for a person: `sub:` and 8 hex digits.
fn is_pseudonym(word: &str) -> bool {
    word.strip_prefix("sub:").is_some_and(|rest| rest.len() == 8 && is_hex_digits(rest))
}

fn is_path(word: &str) -> bool {
    let unix = word.strip_prefix('/').is_some_and(|rest| {
        rest.len() > 1 && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    });
    let mut chars = word.chars();
    let drive =
        chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.as_str().starts_with(":\\");
    unix || drive
}

fn address(word: &str) -> Option<&'static str> {
    let host =
        word.rsplit_once(':').filter(|(_, port)| is_digits(port)).map_or(word, |(host, _)| host);
    let v4 = host.parse::<Ipv4Addr>().is_ok();
    let v6 = word.contains("::") || word.matches(':').count() == 7;
    (v4 || v6 && word.parse::<Ipv6Addr>().is_ok()).then_some(ADDRESS)
}

/// Dates, times of the day, and both: `2026-11-24T16:32:03Z`, `24/Nov/2026:16:32:03`, `16:32`.
fn is_time(word: &str) -> bool {
    let word = word.trim_start_matches('+');
    let (digits, marks) = (count(word, |b| b.is_ascii_digit()), count(word, |b| b == b':'));
    let dashes = count(word, |b| b == b'-');
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    let plain = word.bytes().all(|b| b.is_ascii_alphanumeric() || b":-+./".contains(&b));
    let zone = matches!(letters.as_str(), "" | "T" | "Z" | "TZ" | "t" | "z");
    let date = dashes == 2 && digits >= 8 && word.split('-').take(2).all(is_digits);
    let clock = (1..=2).contains(&marks)
        && word.split(':').all(|part| {
            !part.is_empty() && part.bytes().take(1).all(|b| b.is_ascii_digit()) && part.len() <= 13
        })
        && word.split(':').next().is_some_and(|hour| hour.len() <= 2);
    let log = word.split('/').nth(1).is_some_and(|m| is_in(m, super::words::MONTHS));
    let slashes = count(word, |b| b == b'/') == 2
        && word.split('/').all(|p| is_digits(p) && matches!(p.len(), 1 | 2 | 4))
        && digits >= 6;
    let iso = zone && date_and_time(word);
    plain && (iso || zone && (date || clock) || log || slashes)
}

fn date_and_time(word: &str) -> bool {
    let Some((date, time)) = word.split_once(['T', 't']) else { return false };
    date.split('-').count() == 3
        && date.split('-').all(is_digits)
        && time.bytes().take(2).all(|b| b.is_ascii_digit())
        && time.contains(':')
}

/// `75`, `-3`, `1,234.5`, `12%`.
pub(super) fn is_number(word: &str) -> bool {
    let bare = word.strip_prefix(['+', '-']).unwrap_or(word);
    let bare = bare.strip_suffix('%').unwrap_or(bare);
    bare.starts_with(|c: char| c.is_ascii_digit())
        && bare.ends_with(|c: char| c.is_ascii_digit())
        && bare.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'_'))
}

fn number(word: &str, around: Around<'_>) -> Option<&'static str> {
    let counted = UNITS.iter().any(|(one, many)| {
        around.after.eq_ignore_ascii_case(one) || around.after.eq_ignore_ascii_case(many)
    }) || is_in(around.after, SHORT_UNITS);
    if counted {
        return Some(NUMBER);
    }
    let status = word.len() == 3 && matches!(word.as_bytes().first(), Some(b'1'..=b'5'));
    if is_in(around.before, VERSIONS) && word.len() <= 5
        || status && (around.first || PHRASES.contains(&around.after))
    {
        return None;
    }
    Some(if is_in(around.before, OWNERS) { ID } else { NUMBER })
}

/// A number with its unit, several of them, or a hexadecimal number: `1m3s`, `12ms`, `16KB`, `0x1f`. A
/// number of 32 bits in hexadecimal digits is the code of an error in Windows.
fn is_measure(word: &str) -> bool {
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        let code = hex.len() == 8 && hex.starts_with(['8', 'C', 'c']);
        return !code && !hex.is_empty() && is_hex_digits(hex);
    }
    let mut rest = word.strip_prefix(['+', '-']).unwrap_or(word);
    while !rest.is_empty() {
        let unit = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if unit.len() == rest.len() {
            return false;
        }
        let end = unit.find(|c: char| !c.is_alphabetic()).unwrap_or(unit.len());
        let (unit, next) = unit.split_at(end);
        let known = matches!(unit, "µs") || is_in(unit, SHORT_UNITS);
        if !(known || UNITS.iter().any(|(one, many)| is_in(unit, &[*one, *many]))) {
            return false;
        }
        rest = next;
    }
    true
}

/// Algorithms, encodings and protocols: `RS256`, `A256CBC-HS512`, `base64url`, `OAuth2.0`, `x509`.
fn is_named(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let runs = || lower.split(|c: char| !c.is_ascii_lowercase()).filter(|run| !run.is_empty());
    let digits = count(word, |b| b.is_ascii_digit());
    let any = runs().any(|run| NAMED.contains(&run));
    let letters = any || word.len() <= 7 && digits <= 5;
    let all = runs().all(|run| NAMED.contains(&run) || letters && LETTERS.contains(&run));
    runs().next().is_some() && (all && digits <= 9 || any && digits <= 4)
}

/// A code of capitals and digits, or a word with one digit: `AH01617`, `ORA-28000`, `step3`.
fn is_code(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let number = word.get(letters..).unwrap_or_default().trim_start_matches(['-', '_']);
    let code = (2..=8).contains(&letters) && is_digits(number) && number.len() <= 7;
    let one = count(word, |b| b.is_ascii_digit()) == 1
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
        && word.len() >= 4;
    code || one
}

/// Letters and digits with marks that stand inside of ids.
fn is_id(word: &str) -> bool {
    let letters = word.bytes().any(|b| b.is_ascii_alphabetic());
    let digits = count(word, |b| b.is_ascii_digit());
    let joined =
        word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'));
    let dotted = word.contains('.');
    joined && word.len() >= 3 && (letters || word.contains(['-', '_'])) && (!dotted || digits >= 4)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn is_hex(text: &str) -> bool {
    is_hex_digits(text) && text.bytes().any(|b| b.is_ascii_digit())
}

fn is_hex_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn count(text: &str, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().filter(|b| is(*b)).count()
}
